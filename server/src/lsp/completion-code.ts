import { CompletionItemKind } from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { FUNCTIONS, NAMES } from '../semantics/builtins.ts';
import type { CallInfo } from '../semantics/kernel-view.ts';
import type { Model, Symbol } from '../semantics/model.ts';
import { show } from '../semantics/types.ts';
import { actionItems, actionsLeftOut } from './completion-actions.ts';
import { builtinItem, callItem, keyword, plainItem, snippet, type Item } from './completion-items.ts';
import { leftOut } from './left-out.ts';
import { contextAt, safeCalls } from './safe-calls.ts';
import { isGuest, localsAt } from './scope.ts';
import type { AnyNode } from '../../../grammar/walk.ts';

/** Names and statements that code at `offset` can use; `path` are the nodes around it, `before` the line so far. */
export function codeItems(
  snapshot: Snapshot,
  path: readonly AnyNode[],
  offset: number,
  before: string,
): readonly Item[] {
  const { model } = snapshot;
  const context = contextAt(snapshot, path);
  const word = /\w*$/u.exec(before)?.[0] ?? '';
  if (/\bdefer\s+\w*$/u.test(before))
    return [...actionItems(snapshot, context, true), ...actionsLeftOut(snapshot, word)];
  const guest = isGuest(path);
  const globals = guest ? model.globals.guest : model.globals.host;
  const ofHost = guest
    ? []
    : [...actionItems(snapshot, context, false), ...kernelItems(model, safeCalls(snapshot, context))];
  return [
    ...localItems(model, path, offset),
    ...[...globals].map(([name, symbol]) => ownItem(name, symbol)),
    ...languageItems(),
    ...ofHost,
    ...(guest ? [] : [...actionsLeftOut(snapshot, word), ...leftOut(snapshot, context, word)]),
    ...STATEMENTS,
  ];
}

const localItems = (model: Model, path: readonly AnyNode[], offset: number): readonly Item[] =>
  localsAt(path, offset)
    .filter((ident) => ident.text !== '')
    .map((ident) => {
      const symbol = model.names.get(ident);
      const detail = symbol?.kind === 'local' ? show(symbol.type) : '';
      return plainItem(ident.text, CompletionItemKind.Variable, 'local', detail);
    });

function ownItem(name: string, symbol: Symbol): Item {
  switch (symbol.kind) {
    case 'fn':
      return plainItem(name, CompletionItemKind.Function, 'own', 'fn', symbol.decl.doc);
    case 'const':
    case 'param':
      return plainItem(name, CompletionItemKind.Constant, 'own', show(symbol.type), symbol.decl.doc);
    case 'enum-member':
      return plainItem(name, CompletionItemKind.EnumMember, 'own', symbol.enum.name.text, symbol.decl.doc);
    default:
      return plainItem(name, CompletionItemKind.Variable, 'own', symbol.kind);
  }
}

const languageItems = (): readonly Item[] => [
  ...FUNCTIONS.filter(({ where }) => where !== 'invariant' && where !== 'expect').map(builtinItem),
  ...NAMES.filter(({ where }) => where !== 'expect').map(({ name, type, doc }) =>
    plainItem(name, CompletionItemKind.Constant, 'language', show(type), doc),
  ),
];

const kernelItems = ({ kernel }: Model, calls: readonly CallInfo[]): readonly Item[] => [
  ...calls.map(callItem),
  ...kernel
    .constants()
    .map(({ name, type, doc }) =>
      plainItem(name, CompletionItemKind.EnumMember, 'constant', show(type), doc),
    ),
];

const STATEMENTS: readonly Item[] = [
  snippet('if', 'if ${1:condition} {\n\t$0\n}', 'statement'),
  snippet('if let', 'if let ${1:v} = ${2:current_vcpu()} {\n\t$0\n}', 'where a value may be absent'),
  snippet('for', 'for ${1:i} in ${2:0..8} {\n\t$0\n}', 'a loop with a bound'),
  snippet('match', 'match ${1:value} {\n\t$0\n}', 'statement'),
  snippet('let', 'let ${1:name} = $0', 'a value'),
  snippet('var', 'var ${1:name} = $0', 'a variable'),
  snippet('log', 'log "$0"', 'writes to the trace'),
  keyword('defer', 'act after leaving the hook'),
  keyword('return', 'statement'),
  keyword('break', 'statement'),
  keyword('continue', 'statement'),
  keyword('true', 'bool'),
  keyword('false', 'bool'),
  keyword('none', 'the absent value'),
];
