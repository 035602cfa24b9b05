import type { Span } from '../server/src/diagnostics/diagnostic.ts';

/**
 * The tree of a policy. Plain data: every node has a `kind` and the span of its text. Parsing always yields a
 * `PolicyFile`; what could not be read is an `error` node, below which later stages stay silent.
 */
export interface Node {
  readonly kind: string;
  readonly span: Span;
}

/** A name where it is written. `text` is '' where the parser expected a name and found none. */
export interface Ident extends Node {
  readonly kind: 'ident';
  readonly text: string;
}

export interface PolicyFile extends Node {
  readonly kind: 'file';
  readonly header: Header | undefined;
  readonly decls: readonly Decl[];
}

/** `policy NAME for TARGET [requires kernel >= 6.12]` */
export interface Header extends Node {
  readonly kind: 'header';
  readonly doc: string | undefined;
  readonly name: Ident;
  readonly target: Ident;
  readonly requires: { readonly version: string; readonly span: Span } | undefined;
}

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

export type ScenarioItem = TraceItem | VmItem | AssumeItem | CompareItem | SetItem | ExpectItem;

/** `trace "PATH"` */
export interface TraceItem extends Node {
  readonly kind: 'trace';
  readonly path: StringExpr;
}

/** `vm NAME = comm "GLOB"`, `= pid N`, `= cgroup "GLOB"`; several, joined by `|`, add up. */
export interface VmItem extends Node {
  readonly kind: 'vm';
  readonly name: Ident;
  readonly selectors: readonly VmSelector[];
}

export interface VmSelector extends Node {
  readonly kind: 'vm-selector';
  readonly by: 'comm' | 'pid' | 'cgroup';
  readonly value: Expr;
}

/** `assume FIELD [= EXPR] on VM for DURATION after HOOK`, or `assume FIELD [= EXPR] on VM always` */
export interface AssumeItem extends Node {
  readonly kind: 'assume';
  readonly field: Ident;
  readonly value: Expr | undefined;
  readonly vm: Ident;
  readonly when:
    { readonly kind: 'after'; readonly duration: Expr; readonly hook: Ident } | { readonly kind: 'always' };
}

/** `compare eevdf, pinned, "other.pvpolicy"` */
export interface CompareItem extends Node {
  readonly kind: 'compare';
  readonly baselines: readonly (Ident | StringExpr)[];
}

/** `set PARAM = EXPR`, `set TABLE[KEY] = EXPR`: what the operator would have set when loading the policy. */
export interface SetItem extends Node {
  readonly kind: 'set';
  readonly param: Ident;
  /** The key of a table's entry; undefined for a param. */
  readonly key: Expr | undefined;
  readonly value: Expr;
}

/** `expect EXPR` */
export interface ExpectItem extends Node {
  readonly kind: 'expect';
  readonly condition: Expr;
}

export type TypeRef = NamedType | OptionalType | EwmaType | ListType | RingType | ErrorType;

export interface NamedType extends Node {
  readonly kind: 'named-type';
  readonly name: Ident;
}

/** `T?` */
export interface OptionalType extends Node {
  readonly kind: 'optional-type';
  readonly inner: TypeRef;
}

/** `ewma(1/8) of T` */
export interface EwmaType extends Node {
  readonly kind: 'ewma-type';
  readonly alpha: Expr;
  readonly of: TypeRef;
}

/** `list of T max N` */
export interface ListType extends Node {
  readonly kind: 'list-type';
  readonly of: TypeRef;
  readonly max: Expr;
}

/** `ring of T max N` */
export interface RingType extends Node {
  readonly kind: 'ring-type';
  readonly of: TypeRef;
  readonly max: Expr;
}

export interface ErrorType extends Node {
  readonly kind: 'error-type';
}

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
