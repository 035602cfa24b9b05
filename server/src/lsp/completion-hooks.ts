import { CompletionItemKind, InsertTextFormat } from 'vscode-languageserver';
import type { HookFamily, HookInfo } from '../semantics/kernel-view.ts';
import type { Model } from '../semantics/model.ts';
import { show } from '../semantics/types.ts';
import { hookWords } from './completion-declarations.ts';
import { keyword, plainItem, type Item } from './completion-items.ts';

/**
 * What can follow in the head of a hook, of which `said` is there; undefined where it is none. `whole`: its parameters are
 * there already; `guest`: it is one of the guest.
 */
export function hookItems(
  model: Model,
  said: string,
  whole: boolean,
  guest: boolean,
): readonly Item[] | undefined {
  if (said === 'on') return families(model, guest);
  const [, family, system, name, params] =
    /^on (tracepoint|pvsched|op)(?: (\w+) :)?(?: (\w+) \((.*))?$/u.exec(said) ?? [];
  if (name !== undefined)
    return params?.includes(')') ? undefined : paramItems(model, family, name, params ?? '');
  switch (family) {
    case 'tracepoint':
      return model.kernel
        .hooks(family)
        .filter((hook) => system === undefined || hook.system === system)
        .map((hook) =>
          hookItem(hook, system === undefined ? `${hook.system}:${hook.name}` : hook.name, whole),
        );
    case 'pvsched':
    case 'op':
      return model.kernel.hooks(family).map((hook) => hookItem(hook, hook.name, whole));
    default:
      return undefined;
  }
}

/** The kernel's names of the parameters that are not written yet. */
function paramItems(
  { kernel }: Model,
  family: string | undefined,
  name: string,
  written: string,
): readonly Item[] {
  const hook = kernel.hook(family as HookFamily, name);
  const index = written.split(',').length - 1;
  return (hook?.params ?? [])
    .slice(index)
    .map((param) => plainItem(param.name, CompletionItemKind.Variable, 'local', show(param.type)));
}

const families = ({ target }: Model, guest: boolean): readonly Item[] => [
  ...hookWords(target, guest).map((word) => keyword(word, FAMILIES[word] ?? '')),
  keyword('init', 'once, before the policy takes effect'),
  keyword('exit', 'once, when it is unloaded'),
];

const FAMILIES: Readonly<Record<string, string>> = {
  tracepoint: 'an event of the kernel',
  pvsched: 'a callback of the paravirt scheduling patch set',
  op: 'a sched_ext callback',
};

/** A hook with its parameters, and a body to fill. */
function hookItem(hook: HookInfo, label: string, whole: boolean): Item {
  const params = hook.params.map(({ name }) => name).join(', ');
  const item = plainItem(label, CompletionItemKind.Event, 'kernel', `(${params})`, hook.doc);
  if (whole) return item;
  return {
    ...item,
    insertText: `${label}(${params}) {\n\t$0\n}`,
    insertTextFormat: InsertTextFormat.Snippet,
  };
}
