import type { Span } from '../../server/src/diagnostics/diagnostic.ts';
import type { Expr } from './expressions.ts';
import type { Ident, Node } from './node.ts';
import type { ScenarioItem } from './scenario.ts';
import type { Block } from './statements.ts';
import type { TypeRef } from './types.ts';

interface DeclBase extends Node {
  /** Text of the `///` comment in front, markers removed, lines joined by '\n'. */
  readonly doc: string | undefined;
}

export type Decl =
  | ConstDecl
  | ParamDecl
  | EnumDecl
  | TableDecl
  | SharedDecl
  | StateDecl
  | CounterDecl
  | HistogramDecl
  | DsqDecl
  | FnDecl
  | HookDecl
  | EveryDecl
  | GuestDecl
  | InvariantDecl
  | ScenarioDecl
  | ErrorDecl;

/** `const NAME[: TYPE] = EXPR` */
export interface ConstDecl extends DeclBase {
  readonly kind: 'const';
  readonly name: Ident;
  readonly type: TypeRef | undefined;
  readonly value: Expr;
}

/** `param NAME: TYPE = EXPR [in LO..HI]`, or `tunable` with the same form. */
export interface ParamDecl extends DeclBase {
  readonly kind: 'param';
  readonly tunable: boolean;
  readonly name: Ident;
  readonly type: TypeRef;
  readonly value: Expr;
  readonly range: { readonly lo: Expr; readonly hi: Expr; readonly span: Span } | undefined;
}

/** `enum NAME { A, B = 3 }` (members are separated by commas or newlines) */
export interface EnumDecl extends DeclBase {
  readonly kind: 'enum';
  readonly name: Ident;
  readonly members: readonly EnumMember[];
}

export interface EnumMember extends DeclBase {
  readonly kind: 'enum-member';
  readonly name: Ident;
  readonly value: Expr | undefined;
}

/** `table NAME: vm -> TYPE = DEFAULT` */
export interface TableDecl extends DeclBase {
  readonly kind: 'table';
  readonly name: Ident;
  readonly key: TypeRef;
  readonly value: TypeRef;
  readonly fallback: Expr;
}

/** `shared hint { … }` (guest writes, host reads) or `shared feedback { … }` (host writes, guest reads) */
export interface SharedDecl extends DeclBase {
  readonly kind: 'shared';
  /** 'hint' or 'feedback'; anything else was reported by the parser. */
  readonly direction: Ident;
  readonly fields: readonly Field[];
}

/** `state vcpu|vm|task|cpu { … }`; without a scope word: global. */
export interface StateDecl extends DeclBase {
  readonly kind: 'state';
  readonly scope: Ident | undefined;
  readonly fields: readonly Field[];
}

export interface Field extends DeclBase {
  readonly kind: 'field';
  readonly name: Ident;
  readonly type: TypeRef;
}

/** `counter NAME [per vm|vcpu|cpu|task]` */
export interface CounterDecl extends DeclBase {
  readonly kind: 'counter';
  readonly name: Ident;
  readonly per: Ident | undefined;
}

/** `histogram NAME: TYPE [per …]` */
export interface HistogramDecl extends DeclBase {
  readonly kind: 'histogram';
  readonly name: Ident;
  readonly type: TypeRef;
  readonly per: Ident | undefined;
}

/** `dsq NAME [fifo|vtime]` */
export interface DsqDecl extends DeclBase {
  readonly kind: 'dsq';
  readonly name: Ident;
  readonly order: Ident | undefined;
}

/** `fn NAME(a: T, …) [-> T] { … }` */
export interface FnDecl extends DeclBase {
  readonly kind: 'fn';
  readonly name: Ident;
  readonly params: readonly Field[];
  readonly result: TypeRef | undefined;
  readonly body: Block;
}

/**
 * `on tracepoint SYS:NAME(args) { … }`, `on pvsched NAME(v) { … }`, `on op NAME(args) { … }`, `on init { … }`,
 * `on exit { … }`.
 */
export interface HookDecl extends DeclBase {
  readonly kind: 'hook';
  readonly hook: HookRef;
  readonly params: readonly Ident[];
  readonly body: Block;
}

export interface HookRef extends Node {
  readonly kind: 'hook-ref';
  /** `error`: the word after `on` is not one of these; it was reported by the parser. */
  readonly family: 'tracepoint' | 'pvsched' | 'op' | 'init' | 'exit' | 'error';
  /** The SYS of `tracepoint SYS:NAME`. */
  readonly system: Ident | undefined;
  /** NAME; undefined for `init` and `exit`. */
  readonly name: Ident | undefined;
}

/** `every DURATION { … }` */
export interface EveryDecl extends DeclBase {
  readonly kind: 'every';
  readonly period: Expr;
  readonly body: Block;
}

/** `guest { … }`: hooks, functions, state, constants that run in the guest. */
export interface GuestDecl extends DeclBase {
  readonly kind: 'guest';
  readonly decls: readonly Decl[];
}

/**
 * `invariant NAME[(v: vcpu)] { always EXPR … }`. With a parameter it is checked for every entity of that type.
 */
export interface InvariantDecl extends DeclBase {
  readonly kind: 'invariant';
  readonly name: Ident;
  readonly params: readonly Field[];
  readonly always: readonly Expr[];
}

/** `scenario NAME { … }` */
export interface ScenarioDecl extends DeclBase {
  readonly kind: 'scenario';
  readonly name: Ident;
  readonly items: readonly ScenarioItem[];
}

/** A stretch of text that is no declaration. */
export interface ErrorDecl extends DeclBase {
  readonly kind: 'error-decl';
}
