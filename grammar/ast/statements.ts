import type { Expr } from './expressions.ts';
import type { Ident, Node } from './node.ts';
import type { TypeRef } from './types.ts';

export interface Block extends Node {
  readonly kind: 'block';
  readonly stmts: readonly Stmt[];
}

export type Stmt =
  | LetStmt
  | AssignStmt
  | IfStmt
  | IfLetStmt
  | MatchStmt
  | ForStmt
  | BreakStmt
  | ContinueStmt
  | ReturnStmt
  | DeferStmt
  | LogStmt
  | ExprStmt
  | ErrorStmt;

/** `let x = e`, `var x: T = e`, `let (a, b) = e` */
export interface LetStmt extends Node {
  readonly kind: 'let';
  readonly mutable: boolean;
  /** One name, or several for a tuple. */
  readonly names: readonly Ident[];
  readonly type: TypeRef | undefined;
  readonly value: Expr;
}

export interface AssignStmt extends Node {
  readonly kind: 'assign';
  readonly op: '=' | '+=' | '-=' | '*=' | '/=' | '%=' | '|=' | '&=' | '^=' | '<<=' | '>>=';
  readonly target: Expr;
  readonly value: Expr;
}

export interface IfStmt extends Node {
  readonly kind: 'if';
  readonly condition: Expr;
  readonly then: Block;
  readonly otherwise: Block | IfStmt | IfLetStmt | undefined;
}

/** `if let NAME = EXPR { … } else { … }` */
export interface IfLetStmt extends Node {
  readonly kind: 'if-let';
  readonly name: Ident;
  readonly value: Expr;
  readonly then: Block;
  readonly otherwise: Block | IfStmt | IfLetStmt | undefined;
}

/** `match EXPR { PATTERN | PATTERN => STMT … }`; `_` matches everything. */
export interface MatchStmt extends Node {
  readonly kind: 'match';
  readonly subject: Expr;
  readonly arms: readonly MatchArm[];
}

export interface MatchArm extends Node {
  readonly kind: 'match-arm';
  readonly patterns: readonly Pattern[];
  /** An arm without braces is a block of one statement with the statement's span. */
  readonly body: Block;
}

/** A constant, a range of constants, or `_` (kind 'wildcard'). */
export type Pattern = Expr | WildcardPattern;

export interface WildcardPattern extends Node {
  readonly kind: 'wildcard';
}

/** `for NAME in EXPR [max N] { … }`; a count is a `range` expression. */
export interface ForStmt extends Node {
  readonly kind: 'for';
  readonly name: Ident;
  readonly iterable: Expr;
  readonly max: Expr | undefined;
  readonly body: Block;
}

export interface BreakStmt extends Node {
  readonly kind: 'break';
}

export interface ContinueStmt extends Node {
  readonly kind: 'continue';
}

export interface ReturnStmt extends Node {
  readonly kind: 'return';
  readonly value: Expr | undefined;
}

/** `defer CALL` */
export interface DeferStmt extends Node {
  readonly kind: 'defer';
  readonly call: Expr;
}

/** `log "text {expr} text"` */
export interface LogStmt extends Node {
  readonly kind: 'log';
  readonly parts: readonly (string | Expr)[];
}

export interface ExprStmt extends Node {
  readonly kind: 'expr-stmt';
  readonly expr: Expr;
}

export interface ErrorStmt extends Node {
  readonly kind: 'error-stmt';
}
