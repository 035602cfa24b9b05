import { CompletionItemKind, InsertTextFormat } from 'vscode-languageserver';
import type { HookInfo } from '../semantics/kernel-view.ts';
import type { Model } from '../semantics/model.ts';
import { keyword, plainItem, type Item } from './completion-items.ts';

/** What can follow the `on` that a line begins with; undefined where it begins otherwise. */
export function hookItems(model: Model, before: string): readonly Item[] | undefined {
  if (/^\s*on\s+\w*$/u.test(before)) return families(model);
  const [, family, system] = /^\s*on\s+(tracepoint|pvsched|op)\s+(?:(\w+):)?\w*$/u.exec(before) ?? [];
  switch (family) {
    case 'tracepoint':
      return model.kernel
        .hooks(family)
        .filter((hook) => system === undefined || hook.system === system)
        .map((hook) => hookItem(hook, system === undefined ? `${hook.system}:${hook.name}` : hook.name));
    case 'pvsched':
    case 'op':
      return model.kernel.hooks(family).map((hook) => hookItem(hook, hook.name));
    default:
      return undefined;
  }
}

function families({ target }: Model): readonly Item[] {
  return [
    keyword('tracepoint', 'an event of the kernel'),
    ...(target === 'pvsched' ? [keyword('pvsched', 'a callback of the paravirt scheduling patch set')] : []),
    ...(target === 'sched_ext' ? [keyword('op', 'a sched_ext callback')] : []),
    keyword('init', 'once, before the policy takes effect'),
    keyword('exit', 'once, when it is unloaded'),
  ];
}

/** A hook with its parameters, and a body to fill. */
function hookItem(hook: HookInfo, label: string): Item {
  const params = hook.params.map(({ name }) => name).join(', ');
  return {
    ...plainItem(label, CompletionItemKind.Event, 'kernel', `(${params})`, hook.doc),
    insertText: `${label}(${params}) {\n\t$0\n}`,
    insertTextFormat: InsertTextFormat.Snippet,
  };
}
