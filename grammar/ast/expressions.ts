import type { Span } from '../../server/src/diagnostics/diagnostic.ts';
import type { Ident, Node } from './node.ts';
import type { TypeRef } from './types.ts';

export type Expr =
  | IntExpr
  | DurationExpr
  | RatioExpr
  | BoolExpr
  | NoneExpr
  | StringExpr
  | NameExpr
  | MemberExpr
  | IndexExpr
  | CallExpr
  | UnaryExpr
  | BinaryExpr
  | CondExpr
  | CastExpr
  | RangeExpr
  | MetricExpr
  | ParenExpr
  | ErrorExpr;

/** `42`, `0xff`, `1_000` */
export interface IntExpr extends Node {
  readonly kind: 'int';
  readonly value: bigint;
}

/** `500us`; `value` in ns. A fraction of a nanosecond is an error of the parser. */
export interface DurationExpr extends Node {
  readonly kind: 'duration';
  readonly value: bigint;
}

/** `25%`, `0.3`; `value` in units of 1/1024, rounded to the nearest. */
export interface RatioExpr extends Node {
  readonly kind: 'ratio';
  readonly value: bigint;
}

export interface BoolExpr extends Node {
  readonly kind: 'bool';
  readonly value: boolean;
}

export interface NoneExpr extends Node {
  readonly kind: 'none';
}

/** `value` has its escapes (\n \t \" \\ \{) resolved. */
export interface StringExpr extends Node {
  readonly kind: 'string';
  readonly value: string;
}

export interface NameExpr extends Node {
  readonly kind: 'name';
  readonly name: Ident;
}

export interface MemberExpr extends Node {
  readonly kind: 'member';
  readonly object: Expr;
  readonly member: Ident;
}

export interface IndexExpr extends Node {
  readonly kind: 'index';
  readonly object: Expr;
  readonly index: Expr;
}

export interface CallExpr extends Node {
  readonly kind: 'call';
  /** A `name` (function, kfunc, action, built-in) or a `member` (method). */
  readonly callee: Expr;
  readonly args: readonly Arg[];
}

export interface Arg extends Node {
  readonly kind: 'arg';
  /** The `for` of `for: 500us`. */
  readonly label: Ident | undefined;
  readonly value: Expr;
}

export interface UnaryExpr extends Node {
  readonly kind: 'unary';
  readonly op: '-' | '!' | '~';
  readonly operand: Expr;
}

export type BinaryOp =
  | '*'
  | '/'
  | '%'
  | '+'
  | '-'
  | '<<'
  | '>>'
  | '&'
  | '^'
  | '|'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'has'
  | '&&'
  | '||';

export interface BinaryExpr extends Node {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  /** Where the operator itself stands. */
  readonly opSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
}

/** `c ? a : b` */
export interface CondExpr extends Node {
  readonly kind: 'cond';
  readonly condition: Expr;
  readonly then: Expr;
  readonly otherwise: Expr;
}

/** `e as T` */
export interface CastExpr extends Node {
  readonly kind: 'cast';
  readonly operand: Expr;
  readonly type: TypeRef;
}

/** `a..b` (b excluded in `for`, included in `param … in`, in patterns and in `cpus(…)`) */
export interface RangeExpr extends Node {
  readonly kind: 'range';
  readonly from: Expr;
  readonly to: Expr;
}

/** `wakeup_latency of rt`, inside a statistic of `expect` */
export interface MetricExpr extends Node {
  readonly kind: 'metric';
  readonly metric: Ident;
  readonly of: Ident;
}

export interface ParenExpr extends Node {
  readonly kind: 'paren';
  readonly inner: Expr;
}

export interface ErrorExpr extends Node {
  readonly kind: 'error';
}
