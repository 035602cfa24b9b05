import type { Expr, Side, Stmt } from '../../ir/ir.ts';
import { iteratedLoops, isLoop, PLAIN_RING, WALKED_ROUNDS } from './effort.ts';
import { blocksOf, exprsOf, walkExpr } from './walk.ts';

/** What the verifier meets while it walks a body. */
export interface Walked {
  /** Branches on the longest way, each of which it keeps in mind until it has walked the other side too. */
  readonly branches: number;
  /**
   * Assignments under conditions to variables: each is one more value to walk all that follows with. In loops most leave what an
   * earlier round left: they were measured to count a quarter.
   */
  readonly updates: number;
}

const NOTHING: Walked = { branches: 0, updates: 0 };

/** A change of what several CPUs may be changing is tried sixteen times (`pv_begin`). */
const TRIES = 16;

/** Gives what the verifier meets in bodies of a side, about: clang does without some branches, and needs others. */
export function walkedOf(side: Side): (body: readonly Stmt[]) => Walked {
  const iterated = iteratedLoops(side);
  const functions = new Map(side.functions.map((fn) => [fn.name, fn.body]));
  const known = new Map<string, Walked>();
  const ofBody = (body: readonly Stmt[], conditional: boolean): Walked =>
    body.reduce((total, stmt) => add(total, ofStmt(stmt, conditional)), NOTHING);
  const ofFunction = (name: string): Walked => {
    const walked = known.get(name) ?? ofBody(functions.get(name) ?? [], false);
    known.set(name, walked);
    return walked;
  };
  const ofExpr = (expr: Expr): Walked => {
    let sum = NOTHING;
    walkExpr(expr, (part) => {
      sum = add(sum, { branches: branchesOf(part), updates: 0 });
      // What a function leaves behind is its result alone.
      if (part.kind === 'call') sum = add(sum, { branches: ofFunction(part.fn).branches, updates: 0 });
    });
    return sum;
  };
  const ofStmt = (stmt: Stmt, conditional: boolean): Walked => {
    const own = exprsOf(stmt)
      .map(ofExpr)
      .reduce(add, { branches: ownBranches(stmt), updates: stmt.kind === 'set' && conditional ? 1 : 0 });
    const loop = isLoop(stmt);
    const blocks = blocksOf(stmt).map((block) => ofBody(block, conditional || !loop));
    // One way goes through one of the blocks.
    const inside = {
      branches: Math.max(0, ...blocks.map(({ branches }) => branches)),
      updates: Math.max(0, ...blocks.map(({ updates }) => updates)),
    };
    if (!loop) return add(own, inside);
    const walks = iterated.has(stmt) || stmt.kind === 'for-each';
    const often = walks ? WALKED_ROUNDS : Number(stmt.max);
    return add(own, { branches: often * inside.branches, updates: Math.ceil(often / 4) * inside.updates });
  };
  return (body) => ofBody(body, false);
}

const add = (a: Walked, b: Walked): Walked => ({
  branches: a.branches + b.branches,
  updates: a.updates + b.updates,
});

/** Branches of a statement itself, without those of its expressions and blocks. */
function ownBranches(stmt: Stmt): number {
  switch (stmt.kind) {
    case 'match':
      return stmt.arms.length;
    case 'collect':
      return (stmt.shared ? TRIES : 0) + 1;
    case 'for-range':
      return stmt.from.kind === 'const' && stmt.to.kind === 'const' ? 0 : WALKED_ROUNDS;
    case 'for-each':
      return WALKED_ROUNDS;
    case 'if-some':
    case 'count':
    case 'record':
    case 'action':
      return 1;
    default:
      return 0;
  }
}

const BRANCHING = ['lt', 'le', 'gt', 'ge', 'eq', 'ne', 'min', 'max', 'sub-sat', 'before'];

/** Branches of an expression itself. */
function branchesOf(expr: Expr): number {
  switch (expr.kind) {
    case 'binary':
      return BRANCHING.includes(expr.op) ? 1 : 0;
    case 'select':
    case 'table':
    case 'is-some':
      return 1;
    case 'collection':
      return expr.op === 'sum' || expr.op === 'max' || expr.op === 'avg' ? PLAIN_RING : WALKED_ROUNDS;
    default:
      return 0;
  }
}
