import { CompletionItemKind } from 'vscode-languageserver';
import type { AnyNode } from '../../../grammar/walk.ts';
import type { Snapshot } from '../pipeline.ts';
import { FUNCTIONS, NAMES, type Where } from '../semantics/builtins.ts';
import type { Model, Symbol } from '../semantics/model.ts';
import { show, type Type } from '../semantics/types.ts';
import { actionItems, actionsLeftOut } from './completion-actions.ts';
import { labelItems, wantedAt } from './completion-arguments.ts';
import { builtinItem, callItem, keyword, plainItem, snippet, type Item } from './completion-items.ts';
import { enumItems } from './completion-members.ts';
import { leftOut } from './left-out.ts';
import { contextAt, safeCalls } from './safe-calls.ts';
import { isGuest, localsAt } from './scope.ts';

/** What a statement can begin with; `path` are the nodes around `offset`. */
export function statementItems(
  snapshot: Snapshot,
  path: readonly AnyNode[],
  offset: number,
  word: string,
): readonly Item[] {
  const { model } = snapshot;
  const guest = isGuest(path);
  const context = contextAt(snapshot, path);
  return [
    ...localItems(model, path, offset),
    ...ownItems(model, guest),
    ...functions(model, guest),
    ...(guest ? [] : actionItems(snapshot, context, false)),
    ...(guest ? [] : safeCalls(snapshot, context).map(callItem)),
    ...(guest ? [] : [...actionsLeftOut(snapshot, word), ...leftOut(snapshot, context, word)]),
    ...(guest ? names(model, guest).filter(({ label }) => label === 'hint' || label === 'feedback') : []),
    ...STATEMENTS.filter(
      ({ label }) =>
        (label !== 'defer' || !guest) &&
        ((label !== 'break' && label !== 'continue') || path.some(({ kind }) => kind === 'for')),
    ),
  ];
}

/** What can go on a statement of which `said` is there: mostly a value. */
export function expressionItems(
  snapshot: Snapshot,
  path: readonly AnyNode[],
  offset: number,
  said: string,
  word: string,
): readonly Item[] {
  const { model } = snapshot;
  const guest = isGuest(path);
  const context = contextAt(snapshot, path);
  if (said === 'defer') return [...actionItems(snapshot, context, true), ...actionsLeftOut(snapshot, word)];
  return [
    ...fitting(snapshot, path, offset),
    ...labelItems(snapshot, path, offset, said),
    ...localItems(model, path, offset),
    ...ownItems(model, guest),
    ...functions(model, guest),
    ...names(model, guest),
    ...(guest ? [] : safeCalls(snapshot, context).map(callItem)),
    ...(guest ? [] : leftOut(snapshot, context, word)),
    ...constants(model),
    ...VALUES,
  ];
}

/** What a condition of an invariant can be made of. */
export const invariantItems = (
  { model }: Snapshot,
  path: readonly AnyNode[],
  offset: number,
): readonly Item[] => [
  ...localItems(model, path, offset),
  ...ownItems(model, false),
  ...FUNCTIONS.filter(({ where }) => where === 'invariant').map(builtinItem),
  ...functions(model, false),
  ...constants(model),
  ...VALUES,
];

/** What is known before a policy runs. */
export const constantItems = ({ model, file }: Snapshot): readonly Item[] => [
  ...[...model.globals.host].flatMap(([name, symbol]) =>
    symbol.kind === 'const' ? [ownItem(name, symbol)] : [],
  ),
  ...file.decls.flatMap((decl) => (decl.kind === 'enum' ? enumItems(decl, `${decl.name.text}.`) : [])),
  ...functions(model, false).filter(({ label }) => ARITHMETIC.has(label)),
  ...names(model, false).filter(({ detail }) => detail === 'sched_class'),
  ...constants(model),
  ...VALUES,
];

const ARITHMETIC: ReadonlySet<string> = new Set(['min', 'max', 'clamp', 'abs', 'cpus', 'ratio']);

/** What an arm of a `match` can begin with. */
export function patternItems(snapshot: Snapshot, path: readonly AnyNode[]): readonly Item[] {
  const match = path.findLast((node) => node.kind === 'match');
  const type = match && snapshot.model.types.get(match.subject);
  return [
    ...valuesOf(snapshot, type),
    ...constantItems(snapshot).filter(({ kind }) => kind === CompletionItemKind.Constant),
    snippet('_', '_ => $0', 'everything else'),
  ];
}

/** Values of the type that is wanted at `offset`, where it has names for them: in front of all else. */
function fitting(snapshot: Snapshot, path: readonly AnyNode[], offset: number): readonly Item[] {
  return valuesOf(snapshot, wantedAt(snapshot, path, offset)).map((item) => ({
    ...item,
    sortText: ` ${item.label}`,
  }));
}

function valuesOf({ file }: Snapshot, type: Type | undefined): readonly Item[] {
  if (type?.kind !== 'enum') return [];
  return file.decls.flatMap((decl) =>
    decl.kind === 'enum' && decl.name.text === type.name ? enumItems(decl, `${type.name}.`) : [],
  );
}

const ownItems = ({ globals }: Model, guest: boolean): readonly Item[] =>
  [...(guest ? globals.guest : globals.host)].map(([name, symbol]) => ownItem(name, symbol));

const localItems = (model: Model, path: readonly AnyNode[], offset: number): readonly Item[] =>
  localsAt(path, offset)
    .filter((ident) => ident.text !== '')
    .map((ident) => {
      const symbol = model.names.get(ident);
      const detail = symbol?.kind === 'local' ? show(symbol.type) : '';
      return plainItem(ident.text, CompletionItemKind.Variable, 'local', detail);
    });

/** An item for a name that the policy declares. */
export function ownItem(name: string, symbol: Symbol): Item {
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

const functions = (model: Model, guest: boolean): readonly Item[] =>
  FUNCTIONS.filter(({ where }) => isHere(where, model, guest)).map(builtinItem);

const names = (model: Model, guest: boolean): readonly Item[] =>
  NAMES.filter(({ where }) => isHere(where, model, guest)).map(({ name, type, doc }) =>
    plainItem(name, CompletionItemKind.Constant, 'language', show(type), doc),
  );

function isHere(where: Where, { target }: Model, guest: boolean): boolean {
  switch (where) {
    case 'both':
      return true;
    case 'host':
      return !guest;
    case 'guest':
      return guest;
    case 'sched_ext':
      return !guest && target === 'sched_ext';
    case 'invariant':
    case 'expect':
      return false;
  }
}

const constants = ({ kernel }: Model): readonly Item[] =>
  kernel
    .constants()
    .map(({ name, type, doc }) =>
      plainItem(name, CompletionItemKind.EnumMember, 'constant', show(type), doc),
    );

const VALUES: readonly Item[] = [
  keyword('true', 'bool'),
  keyword('false', 'bool'),
  keyword('none', 'the absent value'),
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
];
