import type { Expr, Fn, Stmt } from '../../ir/ir.ts';
import { blocksOf, entityKey, exprsOf, forEachExpr, forEachStmt, walkExpr } from './walk.ts';

/*
 * What a body does to one page belongs together: the host's writes to the page of a vCPU arrive at once, the guest's reads of its own
 * are all of one page. A span begins before the first of the statements of a block that name the page, and ends with the block; ways
 * that exclude each other have spans of their own, so that a way without the page costs nothing.
 */

/** Whose page; undefined: the guest's own. */
export type Owner = Expr | undefined;

/** The pages whose spans begin before a statement. */
export type Spans = ReadonlyMap<Stmt, readonly Owner[]>;

/** How a statement names a page. */
interface Use {
  readonly owner: Owner;
  /** Times that it does so outside of its blocks, and how many of them are not in a function. */
  own: number;
  here: number;
  /** Does one of its blocks? */
  nested: boolean;
}

/** The spans of a body; `lasting` says whether a page's owner is the same throughout. */
export function pageSpans(
  code: readonly Stmt[],
  functions: readonly Fn[],
  lasting: (owner: Expr) => boolean,
): Spans {
  const found = new Map<Stmt, Owner[]>();
  const writers = pageWriters(functions);
  const block = (stmts: readonly Stmt[], open: ReadonlySet<string>): void => {
    const uses = stmts.map((stmt) => usesOf(stmt, writers, lasting));
    const here = new Set(open);
    for (const [i, stmt] of stmts.entries()) {
      for (const [key, use] of uses[i] ?? []) {
        if (here.has(key)) continue;
        const later = uses.slice(i + 1).some((other) => other.has(key));
        if (!later && !isSeveral(stmt, use)) continue;
        here.add(key);
        found.set(stmt, [...(found.get(stmt) ?? []), use.owner]);
      }
    }
    for (const stmt of stmts) for (const inner of blocksOf(stmt)) block(inner, here);
  };
  block(code, new Set());
  return found;
}

/** Does the statement itself need the page, or name it more than once? */
const isSeveral = ({ kind }: Stmt, { own, here, nested }: Use): boolean =>
  here > 0 || own > 1 || (nested && (own > 0 || kind === 'for-range' || kind === 'for-each'));

type Uses = ReadonlyMap<string, Use>;

function usesOf(stmt: Stmt, writers: Writers, lasting: (owner: Expr) => boolean): Uses {
  const uses = new Map<string, Use>();
  const use = (owner: Owner): Use | undefined => {
    if (owner !== undefined && !lasting(owner)) return undefined;
    const key = entityKey(owner);
    const known = uses.get(key) ?? { owner, own: 0, here: 0, nested: false };
    uses.set(key, known);
    return known;
  };
  for (const owner of ownersIn(stmt)) {
    const known = use(owner);
    if (known) known.here = ++known.own;
  }
  for (const owner of passedBy(stmt, writers)) {
    const known = use(owner);
    if (known) known.own++;
  }
  const declared = new Set<number>();
  const blocks = blocksOf(stmt);
  if (blocks.length > 0)
    forEachStmt([stmt], (each) => {
      for (const id of declaredBy(each)) declared.add(id);
    });
  for (const inner of blocks) {
    forEachStmt(inner, (each) => {
      for (const owner of [...ownersIn(each), ...passedBy(each, writers)]) {
        const known = isDeclared(owner, declared) ? undefined : use(owner);
        if (known) known.nested = true;
      }
    });
  }
  return uses;
}

/** Pages that the statement names outside of its blocks: those that the host writes, and the guest's own where it reads. */
function ownersIn(stmt: Stmt): readonly Owner[] {
  const owners: Owner[] = [];
  if (stmt.kind === 'store' && stmt.place.kind === 'feedback') owners.push(stmt.place.vcpu);
  for (const expr of exprsOf(stmt))
    walkExpr(expr, (part) => {
      if (part.kind === 'load' && part.place.kind === 'feedback' && part.place.vcpu === undefined)
        owners.push(undefined);
    });
  return owners;
}

/** vCPUs that the statement gives to functions that write their pages. */
function passedBy(stmt: Stmt, writers: Writers): readonly Expr[] {
  const owners: Expr[] = [];
  for (const expr of exprsOf(stmt))
    walkExpr(expr, (part) => {
      if (part.kind !== 'call') return;
      for (const index of writers.get(part.fn) ?? []) {
        const arg = part.args[index];
        if (arg) owners.push(arg);
      }
    });
  return owners;
}

function declaredBy(stmt: Stmt): readonly number[] {
  switch (stmt.kind) {
    case 'let':
    case 'if-some':
    case 'for-range':
    case 'for-each':
      return [stmt.local.id];
    case 'let-tuple':
      return stmt.locals.map(({ id }) => id);
    default:
      return [];
  }
}

function isDeclared(owner: Owner, declared: ReadonlySet<number>): boolean {
  let found = false;
  if (owner) walkExpr(owner, (part) => (found ||= part.kind === 'local' && declared.has(part.local.id)));
  return found;
}

/** Which parameters of each function are vCPUs whose pages it writes. */
type Writers = ReadonlyMap<string, readonly number[]>;

function pageWriters(functions: readonly Fn[]): Writers {
  const byName = new Map(functions.map((fn) => [fn.name, fn]));
  const writers = new Map<string, readonly number[]>();
  const visit = (fn: Fn): void => {
    if (writers.has(fn.name)) return;
    // There is no recursion: what it calls comes first.
    forEachExpr(fn.body, (expr) => {
      const called = expr.kind === 'call' ? byName.get(expr.fn) : undefined;
      if (called) visit(called);
    });
    const written = new Set<number>();
    forEachStmt(fn.body, (stmt) => {
      for (const owner of [...ownersIn(stmt), ...passedBy(stmt, writers)])
        if (owner?.kind === 'local') written.add(owner.local.id);
    });
    writers.set(
      fn.name,
      fn.params.flatMap(({ id }, i) => (written.has(id) ? [i] : [])),
    );
  };
  for (const fn of functions) visit(fn);
  return writers;
}
