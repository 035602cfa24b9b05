import type { Expr, Fn, IrType, Side, Stmt } from '../../ir/ir.ts';
import { MASK_WORDS } from './mask-words.ts';
import { blocksOf, exprsOf, forEachExpr, walkExpr } from './walk.ts';

/**
 * Bytes of variables that a body of `side` and whatever it calls keep at once, were none of them in a register: an upper
 * estimate of its stack, for clang keeps most in registers.
 */
export function stacksOf(side: Side): (body: readonly Stmt[]) => number {
  const functions = new Map(side.functions.map((fn) => [fn.name, fn]));
  const known = new Map<string, number>();
  const named = new Map<readonly Stmt[], number>();
  return (body) => frame(body, functions, known) + NAME * names(body, functions, named);
}

/** Bytes of the name of a thread. */
const NAME = 16;

/**
 * Names of threads that a body and what it calls look at. Each is read into memory of its own, and clang gives two of them one place
 * neither where they are needed one after the other nor where it puts functions into their callers.
 */
function names(
  body: readonly Stmt[],
  functions: ReadonlyMap<string, Fn>,
  known: Map<readonly Stmt[], number>,
): number {
  const before = known.get(body);
  if (before !== undefined) return before;
  let sum = 0;
  forEachExpr(body, (expr) => {
    if (expr.kind === 'intrinsic' && expr.name === 'task-comm') sum++;
    const fn = expr.kind === 'call' ? functions.get(expr.fn) : undefined;
    if (fn !== undefined) sum += names(fn.body, functions, known);
  });
  known.set(body, sum);
  return sum;
}

function frame(
  body: readonly Stmt[],
  functions: ReadonlyMap<string, Fn>,
  known: Map<string, number>,
): number {
  let here = 0;
  let deepest = 0;
  for (const stmt of body) {
    here += declared(stmt);
    const inside = blocksOf(stmt).map((block) => frame(block, functions, known));
    const called = exprsOf(stmt).map((expr) => calls(expr, functions, known));
    deepest = Math.max(deepest, ...inside, ...called, passing(stmt));
  }
  return here + deepest;
}

/** What the functions that the expression calls need in turn; there is no recursion. */
function calls(expr: Expr, functions: ReadonlyMap<string, Fn>, known: Map<string, number>): number {
  let most = 0;
  walkExpr(expr, (part) => {
    const fn = part.kind === 'call' ? functions.get(part.fn) : undefined;
    if (fn === undefined) return;
    const bytes =
      known.get(fn.name) ??
      fn.params.reduce((sum, param) => sum + bytesOf(param.type), frame(fn.body, functions, known));
    known.set(fn.name, bytes);
    most = Math.max(most, bytes);
  });
  return most;
}

const bytesOf = (type: IrType): number => (type.kind === 'string' ? 16 : 8);

/** Variables that live to the end of the block. */
function declared(stmt: Stmt): number {
  switch (stmt.kind) {
    case 'let':
    case 'if-some':
      return bytesOf(stmt.local.type);
    case 'let-tuple':
      return stmt.locals.reduce((sum, local) => sum + bytesOf(local.type), 0);
    case 'for-range':
      return 16;
    case 'for-each':
      // The iterators of the kernel: six words for a queue, one for numbers.
      return stmt.source.kind === 'dsq' ? 56 : 24;
    default:
      return 0;
  }
}

/** What one statement needs while it runs. */
function passing(stmt: Stmt): number {
  if (stmt.kind === 'log') return 8 * stmt.parts.length;
  if (stmt.kind === 'action')
    return stmt.action.args.some((arg) => arg.type.kind === 'cpumask') ? 8 * MASK_WORDS : 0;
  return 0;
}
