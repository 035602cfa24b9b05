import type { Expr, IrType, Local, Stmt } from '../../ir/ir.ts';
import { cType, declare, type Width } from './ctypes.ts';
import { mangle } from './names.ts';
import type { Line } from './printer.ts';
import type { Unit } from './unit.ts';
import { carriedLocals } from './effort.ts';
import { lookupsOf } from './lookups.ts';
import { pageSpans, type Spans } from './page-spans.ts';
import { forEachExpr, forEachStmt, instanceUses, walkExpr } from './walk.ts';

/**
 * A C expression. `level` is its precedence, 0 for what never needs parentheses; `guards` are pointers that must be
 * tested before it is evaluated.
 */
export interface C {
  readonly text: string;
  readonly level: number;
  readonly width: Width;
  readonly guards?: readonly string[];
  /** A shorter text that is as good where only zero or not matters. */
  readonly truth?: string;
}

/** C's precedence levels, the tightest first. */
export const LEVEL = {
  atom: 0,
  unary: 1,
  mul: 2,
  add: 3,
  shift: 4,
  relational: 5,
  equality: 6,
  and: 7,
  xor: 8,
  or: 9,
  logicalAnd: 10,
  logicalOr: 11,
  conditional: 12,
} as const;

/** What is known while one function or handler is printed. */
export interface Body {
  readonly unit: Unit;
  readonly result: IrType;
  /** C name of each local. */
  readonly names: Map<number, string>;
  /** The task whose vCPU a local is, where the policy came from the one to the other. */
  readonly threads: Map<number, string>;
  /** The variable with the vCPU of the thread, where the handler begins with finding it; set where the policy uses it. */
  self: { readonly name: string; used: boolean } | undefined;
  /** The variable with the guest's own page of hints, where a handler has begun to change it. */
  page: string | undefined;
  /** Masks that the policy made: their variables are `struct bpf_cpumask *`. */
  readonly ownedMasks: Set<number>;
  /** Locals of threads that may be gone: their pointers have to be tested. */
  readonly doubted: Set<number>;
  /** Locals that are assigned to after their declaration, and those that nobody reads. */
  readonly mutated: ReadonlySet<number>;
  readonly read: ReadonlySet<number>;
  /** How often the code names the state of an entity (`instanceKey`). */
  readonly uses: ReadonlyMap<string, number>;
  /** Where what is done to a page begins. */
  readonly spans: Spans;
  /** Locals that change within a loop outside of which they are declared. */
  readonly carried: ReadonlySet<number>;
  /** Loops that are open. */
  loops: number;
  /** C blocks that are open, the outermost first. */
  readonly blocks: Block[];
  /** Is the statement at hand the last of its block? */
  last: boolean;
  /** Lines that have to come before the statement at hand. */
  before: Line[];
  /** Line of the policy that is being printed. */
  line: number;
  /** How `return` looks where the policy gives no value. */
  readonly plainReturn: string;
  readonly carrier: Carrier | undefined;
}

/** The variable that carries what inner blocks return to the end of the function; or what every return gives. */
export interface Carrier {
  readonly name: string;
  readonly everywhere: boolean;
}

interface Block {
  readonly declared: Set<string>;
  /** Pointers to instances of state that the block has fetched, by whose they are. */
  readonly fetched: Map<string, string>;
  /** How often its code looks for what is counted for one, and for a page of hints; undefined: as what is around it. */
  readonly lookups: ReadonlyMap<string, number> | undefined;
}

export function createBody(
  unit: Unit,
  code: readonly Stmt[],
  result: IrType,
  plainReturn: string,
  carrier?: Carrier,
): Body {
  const mutated = new Set<number>();
  const doubted = new Set<number>();
  forEachStmt(code, (stmt) => {
    if (stmt.kind !== 'set') return;
    mutated.add(stmt.local.id);
    if (stmt.local.type.kind === 'task' || stmt.local.type.kind === 'cpumask') doubted.add(stmt.local.id);
  });
  const lasting = (owner: Expr): boolean => isLasting(mutated, owner);
  return {
    unit,
    result,
    names: new Map(),
    threads: new Map(),
    self: undefined,
    page: undefined,
    ownedMasks: new Set(),
    doubted,
    mutated,
    read: readLocals(code),
    uses: instanceUses(code),
    spans: pageSpans(code, unit.code.functions, lasting),
    carried: carriedLocals(code),
    loops: 0,
    blocks: [{ declared: new Set(), fetched: new Map(), lookups: lookupsOf(unit.program, code) }],
    last: false,
    before: [],
    line: 0,
    plainReturn,
    carrier,
  };
}

/** Locals that the C of the code reads. */
function readLocals(code: readonly Stmt[]): ReadonlySet<number> {
  const reads = new Map<number, number>();
  const count =
    (by: number) =>
    (expr: Expr): void => {
      if (expr.kind === 'local') reads.set(expr.local.id, (reads.get(expr.local.id) ?? 0) + by);
    };
  forEachExpr(code, (expr) => {
    count(1)(expr);
    if (isFalse(expr)) walkExpr(expr, count(-1));
  });
  return new Set([...reads].filter(([, times]) => times > 0).map(([id]) => id));
}

/** Tests that C has as `false`: whether a thread has a name that is too long for one, whether a CPU is among none. */
export function isFalse(expr: Expr): boolean {
  if (expr.kind !== 'intrinsic') return false;
  const [set] = expr.args;
  if (expr.name === 'mask-has')
    return set?.kind === 'intrinsic' && set.name === 'mask-literal' && set.args.length === 0;
  return (
    expr.name === 'string-eq' && expr.args.some((side) => side.kind === 'const' && isTooLong(side.value))
  );
}

/** Names of threads have at most 15 bytes. */
export const isTooLong = (text: unknown): boolean =>
  typeof text === 'string' && new TextEncoder().encode(text).length > 15;

/** Runs `print` within a new C block: for the statements `code`, where those are all of it. */
export function inBlock<T>(body: Body, print: () => T, code?: readonly Stmt[]): T {
  const lookups = code && lookupsOf(body.unit.program, code);
  body.blocks.push({ declared: new Set(), fetched: new Map(), lookups });
  const result = print();
  body.blocks.pop();
  return result;
}

/** Takes over what a block declared that gets no braces of its own. */
export function keepBlock(body: Body, { declared, fetched }: Block): void {
  const into = innermost(body);
  for (const name of declared) into.declared.add(name);
  for (const [key, name] of fetched) into.fetched.set(key, name);
}

const innermost = (body: Body): Block => {
  const block = body.blocks.at(-1);
  if (block === undefined) throw new Error('no block is open');
  return block;
};

/** A C name for a new variable of the innermost block. */
export function freshName(body: Body, wanted: string): string {
  const taken = (name: string): boolean =>
    body.unit.globals.has(name) || body.blocks.some((block) => block.declared.has(name));
  const name = taken(wanted) ? numbered(wanted, taken) : mangle(wanted, taken);
  innermost(body).declared.add(name);
  return name;
}

function numbered(wanted: string, taken: (name: string) => boolean): string {
  let n = 2;
  while (taken(`${wanted}${n}`)) n++;
  return mangle(`${wanted}${n}`, taken);
}

/** Declares a local of the policy in the innermost block; gives its C declaration without a value. */
export function declareLocal(body: Body, local: Local): string {
  const name = freshName(body, local.name);
  body.names.set(local.id, name);
  const unused = body.read.has(local.id) ? '' : ' __maybe_unused';
  return `${declare(cType(local.type), name)}${unused}`;
}

export function localName(body: Body, local: Local): string {
  const name = body.names.get(local.id);
  if (name === undefined) throw new Error(`the local ${local.name} has no declaration`);
  return name;
}

/** Puts a declaration before the statement at hand; gives the name of the new variable. */
export function hoist(body: Body, wanted: string, declaration: (name: string) => string): string {
  const name = freshName(body, wanted);
  body.before.push({ text: declaration(name), origin: body.line });
  return name;
}

/**
 * The variable that holds what `key` stands for, declared before the statement at hand unless a block around it has
 * it already. `entity` says whose it is: where its locals change, it is fetched each time.
 */
export function fetchOnce(
  body: Body,
  key: string,
  entity: Expr | undefined,
  wanted: string,
  declaration: (name: string) => string,
): string {
  for (const { fetched } of body.blocks) {
    const known = fetched.get(key);
    if (known !== undefined) return known;
  }
  const name = hoist(body, wanted, declaration);
  if (entity === undefined || isStable(body, entity)) innermost(body).fetched.set(key, name);
  return name;
}

/** Does the expression have one value throughout the body? */
export const isStable = (body: Body, expr: Expr): boolean => isLasting(body.mutated, expr);

function isLasting(mutated: ReadonlySet<number>, expr: Expr): boolean {
  switch (expr.kind) {
    case 'local':
      return !mutated.has(expr.local.id);
    case 'intrinsic':
      return expr.args.every((arg) => isLasting(mutated, arg));
    case 'const':
    case 'param':
      return true;
    default:
      return false;
  }
}

/** The text, in parentheses where it binds looser than `level`. */
export const atMost = (c: C, level: number): string => (c.level > level ? `(${c.text})` : c.text);

/** The expression where only zero or not matters. */
export const asTruth = (c: C): C => (c.truth === undefined ? c : { ...c, text: c.truth, level: LEVEL.atom });

export const atom = (text: string, width: Width, guards: readonly string[] = []): C => ({
  text,
  level: LEVEL.atom,
  width,
  ...(guards.length > 0 && { guards }),
});
