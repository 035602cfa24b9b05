import type { Expr, Side, Stmt } from '../../ir/ir.ts';
import { bodiesOf, blocksOf, exprsOf, forEachStmt, walkExpr } from './walk.ts';

/*
 * How many instructions the verifier walks, roughly: it walks every round of a loop in plain C, and those of an iterator until
 * nothing that it knows changes any more. A million is its limit (BPF_COMPLEXITY_LIMIT_INSNS).
 */

/** Loops of at most so many rounds may be plain C, which runs faster than an iterator of the kernel. */
const PLAIN_ROUNDS = 32n;

/** What a plain loop may cost the verifier. */
const PLAIN_EFFORT = 4000;

/** Rounds of an iterator that the verifier walks. */
export const WALKED_ROUNDS = 4;

/** CPUs of a large machine, where the verifier walks one round for each that there is. */
const MANY_CPUS = 1024;

const STATEMENT = 6;
const OPERATION = 2;
const CALL = 8;
const MASK = 24;

/** Elements of a ring up to which its sum and maximum are a plain loop. */
export const PLAIN_RING = 32;

export type Loop = Stmt & { readonly kind: 'for-range' | 'for-each' };

/** The loops of a side that are iterators of the kernel in C. */
export function iteratedLoops(side: Side): ReadonlySet<Stmt> {
  const iterated = new Set<Stmt>();
  const effort = efforts(side, iterated);
  for (const body of bodiesOf(side)) effort(body);
  return iterated;
}

/** The effort of bodies of a side where there are no iterators, and every loop is plain C. */
export const plainEffort = (side: Side): ((body: readonly Stmt[]) => number) => efforts(side, undefined);

/** Gives the effort of a body; notes on the way which loops cost too much as plain C, where there is another way. */
function efforts(side: Side, iterated: Set<Stmt> | undefined): (body: readonly Stmt[]) => number {
  const functions = new Map(side.functions.map((fn) => [fn.name, fn.body]));
  const known = new Map<readonly Stmt[], number>();
  const ofBody = (body: readonly Stmt[]): number => {
    const before = known.get(body);
    if (before !== undefined) return before;
    const sum = body.reduce((total, stmt) => total + ofStmt(stmt), 0);
    known.set(body, sum);
    return sum;
  };
  const ofExpr = (expr: Expr): number => {
    let sum = 0;
    walkExpr(expr, (part) => {
      sum += ownEffort(part);
      if (part.kind === 'call') sum += ofBody(functions.get(part.fn) ?? []);
    });
    return sum;
  };
  const ofStmt = (stmt: Stmt): number => {
    const own = STATEMENT + exprsOf(stmt).reduce((sum, expr) => sum + ofExpr(expr), 0);
    const inside = blocksOf(stmt).reduce((sum, block) => sum + ofBody(block), 0);
    return own + (isLoop(stmt) ? rounds(stmt, inside + STATEMENT) * (inside + STATEMENT) : inside);
  };
  const rounds = (loop: Loop, once: number): number => {
    const plain = mayBePlain(loop) && Number(loop.max) * once <= PLAIN_EFFORT;
    if (plain || iterated === undefined)
      return Math.min(Number(loop.max), isOfCpus(loop) ? MANY_CPUS : Infinity);
    iterated.add(loop);
    return WALKED_ROUNDS;
  };
  return ofBody;
}

export const isLoop = (stmt: Stmt): stmt is Loop => stmt.kind === 'for-range' || stmt.kind === 'for-each';

const isOfCpus = (loop: Loop): boolean => loop.kind === 'for-each' && loop.source.kind === 'cpus';

const mayBePlain = (loop: Loop): boolean =>
  loop.kind === 'for-range' ? loop.max <= PLAIN_ROUNDS : loop.source.kind === 'list';

function ownEffort(expr: Expr): number {
  switch (expr.kind) {
    case 'const':
    case 'local':
      return 0;
    case 'call':
    case 'kernel-call':
      return CALL;
    case 'collection':
      return expr.op === 'sum' || expr.op === 'max' || expr.op === 'avg' ? 8 * PLAIN_RING : CALL;
    default:
      return expr.type.kind === 'cpumask' ? MASK : OPERATION;
  }
}

/** Locals that change within a loop and are declared outside of it. */
export function carriedLocals(body: readonly Stmt[]): ReadonlySet<number> {
  const carried = new Set<number>();
  forEachStmt(body, (stmt) => {
    if (!isLoop(stmt)) return;
    const inside = new Set<number>();
    forEachStmt(stmt.body, (inner) => {
      if (inner.kind === 'let') inside.add(inner.local.id);
      if (inner.kind === 'let-tuple') for (const local of inner.locals) inside.add(local.id);
      if (inner.kind === 'set' && !inside.has(inner.local.id)) carried.add(inner.local.id);
    });
  });
  return carried;
}
