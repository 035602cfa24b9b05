import type { Expr } from '../../ir/ir.ts';
import { maskWordsOf } from './mask-words.ts';

/** A mask that is computed from others. */
export type ComputedMask = Complement | Pair;
export type Complement = Expr & { readonly kind: 'intrinsic' } & { readonly name: 'mask-not' };
export type Pair = Expr & { readonly kind: 'intrinsic' } & {
  readonly name: 'mask-and' | 'mask-or' | 'mask-xor';
};

export type LiteralMask = Expr & { readonly kind: 'intrinsic' } & { readonly name: 'mask-literal' };

/** One of two masks, at least one of which is made. */
export type ChosenMask = Expr & { readonly kind: 'select' };

/** One whose bits are kept in words: the operator gave it, or it is state. */
export type KeptMask = Expr & ({ readonly kind: 'param' } | { readonly kind: 'load' });

export type MadeMask = LiteralMask | ComputedMask | ChosenMask | KeptMask;

/** Does the policy put the mask together, rather than take one that the kernel has? */
export function isMade(expr: Expr): expr is MadeMask {
  if (expr.type.kind !== 'cpumask') return false;
  if (expr.kind === 'select') return isMade(expr.then) || isMade(expr.otherwise);
  return isKept(expr) || (expr.kind === 'intrinsic' && expr.name.startsWith('mask-'));
}

export const isKept = (expr: Expr): expr is KeptMask =>
  expr.kind === 'param' || (expr.kind === 'load' && expr.place.kind === 'state');

export const isLiteral = (expr: Expr): expr is LiteralMask =>
  expr.kind === 'intrinsic' && expr.name === 'mask-literal';

/** The pairs lo, hi of a literal mask. */
export function rangesOf(literal: LiteralMask): readonly (readonly [Expr, Expr])[] {
  const pairs: (readonly [Expr, Expr])[] = [];
  for (let i = 0; i + 1 < literal.args.length; i += 2) {
    const [lo, hi] = [literal.args[i], literal.args[i + 1]];
    if (lo && hi) pairs.push([lo, hi]);
  }
  return pairs;
}

/** Words of 64 CPUs of a literal mask; undefined for others, and where a bound is known at run time only. */
export function maskWords(mask: MadeMask): readonly string[] | undefined {
  if (!isLiteral(mask)) return undefined;
  let bits = 0n;
  for (const [lo, hi] of rangesOf(mask)) {
    if (lo.kind !== 'const' || hi.kind !== 'const') return undefined;
    for (let cpu = BigInt(lo.value); cpu <= BigInt(hi.value); cpu++) bits |= 1n << cpu;
  }
  return maskWordsOf(bits);
}
