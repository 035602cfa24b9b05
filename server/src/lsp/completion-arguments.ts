import { CompletionItemKind } from 'vscode-languageserver';
import type { CallExpr } from '../../../grammar/ast.ts';
import type { AnyNode } from '../../../grammar/walk.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Callee } from '../semantics/model.ts';
import type { Type } from '../semantics/types.ts';
import { plainItem, type Item } from './completion-items.ts';

/** A parameter of a call as the text can name it. */
interface Param {
  readonly name: string;
  readonly type: Type | undefined;
  /** It has to be named. */
  readonly labelled: boolean;
}

/** The labels that an argument can begin with: those of parameters that have none yet. */
export function labelItems(
  snapshot: Snapshot,
  path: readonly AnyNode[],
  offset: number,
  said: string,
): readonly Item[] {
  const call = /[(,]$/u.test(said) ? callAt(path, offset) : undefined;
  const params = call ? paramsOf(snapshot, call) : [];
  const before = (call?.args ?? []).filter(({ value, label }) => (label ?? value).span.end < offset);
  const taken = new Set(before.map(({ label }, index) => label?.text ?? params[index]?.name));
  return params
    .filter(({ name }) => !taken.has(name))
    .map(({ name, labelled }) => ({
      ...plainItem(`${name}:`, CompletionItemKind.Field, labelled ? 'local' : 'keyword', 'argument'),
      insertText: `${name}: `,
      filterText: name,
    }));
}

/** The type that is wanted at `offset`: of what is assigned to, compared with, passed to or returned. */
export function wantedAt(snapshot: Snapshot, path: readonly AnyNode[], offset: number): Type | undefined {
  const { types, names } = snapshot.model;
  for (const node of path.toReversed()) {
    if (node.kind === 'assign' && offset > node.target.span.end) return types.get(node.target);
    if (node.kind === 'binary' && offset > node.left.span.end) return types.get(node.left);
    if (node.kind === 'call') {
      const index = node.args.findLastIndex(({ value }) => value.span.start <= offset);
      const label = node.args[index]?.label?.text;
      const params = paramsOf(snapshot, node);
      return (label === undefined ? params[index] : params.find(({ name }) => name === label))?.type;
    }
    if (node.kind === 'return') {
      const fn = path.find((one) => one.kind === 'fn');
      const symbol = fn && names.get(fn.name);
      return symbol?.kind === 'fn' ? symbol.result : undefined;
    }
    if (node.kind === 'block') return undefined;
  }
  return undefined;
}

const callAt = (path: readonly AnyNode[], offset: number): CallExpr | undefined =>
  path.findLast((node): node is CallExpr => node.kind === 'call' && offset > node.callee.span.end);

function paramsOf({ model }: Snapshot, call: CallExpr): readonly Param[] {
  const callee = model.calls.get(call)?.callee;
  return callee === undefined ? [] : paramsOfCallee(callee, model);
}

function paramsOfCallee(callee: Callee, { names }: Snapshot['model']): readonly Param[] {
  switch (callee.kind) {
    case 'fn':
      return callee.decl.params.map(({ name }) => {
        const symbol = names.get(name);
        return { name: name.text, type: symbol?.kind === 'local' ? symbol.type : undefined, labelled: false };
      });
    case 'action':
      return callee.action.params;
    case 'kernel':
      return callee.call.params
        .filter(({ out }) => !out)
        .map(({ name, type }) => ({ name, type, labelled: false }));
    case 'builtin':
      return [];
  }
}
