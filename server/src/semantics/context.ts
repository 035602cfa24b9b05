import type {
  CallExpr,
  Decl,
  Expr,
  Field,
  FnDecl,
  HistogramDecl,
  Ident,
  LetStmt,
  ParamDecl,
  PolicyFile,
  SharedDecl,
  Stmt,
  TableDecl,
} from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { diagnostic, type Args, type Code } from '../diagnostics/table.ts';
import type { Fix, Related } from '../diagnostics/diagnostic.ts';
import type { HookInfo, KernelView } from './kernel-view.ts';
import type { Parameter } from './arguments.ts';
import type { Facts } from './facts.ts';
import type { ResolvedCall, Scope, Symbol, Target, Value } from './model.ts';
import type { Type } from './types.ts';

export type Side = 'host' | 'guest';

/** A name that is declared at the top of the policy or in `guest { }`; its symbol is made when first asked for. */
export interface Entry {
  readonly ident: Ident;
  readonly decl: Decl | Field;
  readonly side: Side;
  readonly make: () => Symbol;
  symbol: Symbol | undefined;
  /** Its symbol is being made: a second request means that it is defined by itself. */
  busy: boolean;
  /** Its name was taken, which has been reported: nothing more is said about it. */
  taken: boolean;
}

/** The fields of the state of one scope, on one side. */
export type StateFields = Map<string, Symbol & { readonly kind: 'state-field' }>;

export interface SideNames {
  readonly globals: Map<string, Entry>;
  readonly state: Record<Exclude<Scope, 'global'>, StateFields>;
}

export interface SharedFields {
  readonly decl: SharedDecl;
  readonly fields: Map<string, Symbol & { readonly kind: 'shared-field' }>;
}

/** What the checker knows and finds out while it walks one policy. */
export interface Context extends Facts {
  file: PolicyFile;
  readonly kernel: KernelView;
  readonly target: Target | undefined;
  readonly types: Map<Expr, Type>;
  readonly names: Map<Ident, Symbol>;
  readonly calls: Map<CallExpr, ResolvedCall>;
  readonly constants: Map<Expr, Value>;
  readonly declared: Map<Field | ParamDecl | TableDecl | HistogramDecl, Type>;
  /** Every declaration with a name, those of a name that was taken too. */
  readonly entries: Entry[];
  readonly host: SideNames;
  readonly guest: SideNames;
  readonly shared: { hint: SharedFields | undefined; feedback: SharedFields | undefined };
  /** Integer constants without a type of their own: they adapt to where they are used, as a literal does. */
  readonly adaptable: Set<Symbol>;
  /** The `let` that declares a local, for the fix that makes it a `var`. */
  readonly lets: WeakMap<Symbol, LetStmt>;
  /** Objects for built-in and kernel names, so that each has one identity. */
  readonly builtins: Map<string | object, Symbol>;
  readonly parameters: Map<object, readonly Parameter[]>;
  readonly kernelFields: Map<string, Map<string, (Symbol & { readonly kind: 'kernel-field' }) | undefined>>;
  /** Locals that are visible at the moment. */
  scope: LocalScope | undefined;
  /** The statement that is being checked, and the end of its block: what a fix wraps in `if let`. */
  statement: { readonly stmt: Stmt; readonly blockEnd: number } | undefined;
  /** The body at hand divides by something that is not a constant, or by zero. */
  divides: boolean;
  hasEnums: boolean;
  /** How deep expressions and blocks are nested at the moment. */
  depth: number;
  /** Something was nested too deeply to be looked into. */
  tooDeep: boolean;
}

/** The value of `from` can get into `to`. */
export interface Flow {
  readonly to: Symbol | FnDecl;
  readonly from: Expr;
}

export type Local = Symbol & { readonly kind: 'local' };

/** Locals that are visible at a place: a chain of blocks. Most blocks declare nothing and have no map. */
export interface LocalScope {
  readonly parent: LocalScope | undefined;
  names: Map<string, Local> | undefined;
}

/** The function, hook or timer whose body is being checked. */
export interface Body {
  readonly kind: 'hook' | 'fn';
  /** As messages name it: 'fn wants_boost', 'op select_cpu'. */
  readonly label: string;
  readonly result: Type;
  readonly hook: HookInfo | undefined;
  /** The function, for a body of kind 'fn'. */
  readonly decl: FnDecl | undefined;
}

/** Where an expression or statement stands. */
export interface Env {
  readonly side: Side;
  /** Constants are what `const`, ranges, bounds and patterns are made of; the rest is by its name. */
  readonly place: 'constant' | 'code' | 'invariant' | 'expect';
  readonly body: Body | undefined;
  readonly inLoop: boolean;
  /** Type that `baseline` has in the comparison at hand. */
  readonly baseline: Type | undefined;
  /** VMs that the scenario at hand names. */
  readonly vms: ReadonlyMap<string, Symbol> | undefined;
}

export const CONSTANT: Env = {
  side: 'host',
  place: 'constant',
  body: undefined,
  inLoop: false,
  baseline: undefined,
  vms: undefined,
};

interface Details {
  readonly related?: readonly Related[];
  readonly fixes?: readonly Fix[];
}

type Rest<A> = A extends void ? [args?: undefined, details?: Details] : [args: A, details?: Details];

/** Adds a diagnostic to those of the policy. */
export function report<C extends Code>(cx: Context, code: C, span: Span, ...rest: Rest<Args<C>>): void {
  cx.diagnostics.push(diagnostic(code, span, ...rest));
}

/** Does something in a block of its own: the locals that it declares end with it. */
export function inBlock(cx: Context, walk: () => void): void {
  const outer = cx.scope;
  cx.scope = { parent: outer, names: undefined };
  walk();
  cx.scope = outer;
}

/** The local of that name that is nearest. */
export function findLocal(scope: LocalScope | undefined, name: string): Local | undefined {
  for (let s = scope; s !== undefined; s = s.parent) {
    const symbol = s.names?.get(name);
    if (symbol !== undefined) return symbol;
  }
  return undefined;
}

/** Names of all locals that are visible, nearest first. */
export function localNames(scope: LocalScope | undefined): string[] {
  const names: string[] = [];
  for (let s = scope; s !== undefined; s = s.parent) names.push(...(s.names?.keys() ?? []));
  return names;
}

/** Declares a local; `_` and a missing name declare nothing. */
export function declareLocal(cx: Context, decl: Ident, type: Type, role: Local['role']): Local | undefined {
  const symbol = { kind: 'local', decl, type, mutable: role === 'var', role } as const;
  cx.names.set(decl, symbol);
  cx.locals.push(symbol);
  if (decl.text === '' || decl.text === '_') return undefined;
  enter(cx, symbol);
  return symbol;
}

/** Makes a local visible from here to the end of its block. */
export function enter(cx: Context, symbol: Local): void {
  if (cx.scope !== undefined) (cx.scope.names ??= new Map()).set(symbol.decl.text, symbol);
}

/** The one object that stands for a built-in or kernel name; made by `make` when first asked for. */
export function builtinSymbol<S extends Symbol>(cx: Context, id: string | object, make: () => S): S {
  const known = cx.builtins.get(id);
  // The id begins with the kind of symbol that `make` gives, or is what the symbol describes: it never stands for two.
  if (known !== undefined) return known as S;
  const symbol = make();
  cx.builtins.set(id, symbol);
  return symbol;
}

const DEEPEST = 200;

/** May expressions or blocks be nested one level deeper? Remembers where that is beyond all reason. */
export function mayDescend(cx: Context): boolean {
  if (cx.depth < DEEPEST) return true;
  cx.tooDeep = true;
  return false;
}

/** The words for a place in a message; computed only where there is something to say. */
export type What = string | (() => string);

export const words = (what: What): string => (typeof what === 'string' ? what : what());
