import type { Expr } from '../../ir/ir.ts';
import { atMost, atom, LEVEL, type Body, type C } from './body.ts';
import { exprC } from './expressions.ts';
import { isKept, isLiteral, isMade, rangesOf } from './mask-kinds.ts';
import { wordsOf } from './masks.ts';
import { helper } from './unit.ts';

const WORD = { bits: 64, signed: false } as const;

/** Are the bits of the mask to be had a word at a time? Of what is kept or written down, and what is made of that; the kernel's masks are asked CPU by CPU. */
export function hasWords(mask: Expr): boolean {
  if (!isMade(mask)) return false;
  if (isKept(mask) || isLiteral(mask)) return true;
  return mask.kind !== 'select' && mask.args.every(hasWords);
}

/** C for the bits in word `i` of a mask that has words; those of CPUs that are not there may be any. */
export function wordC(body: Body, mask: Expr, i: string): C {
  if (!isMade(mask) || mask.kind === 'select') throw new Error('the mask has no words');
  if (isKept(mask)) return atom(`${helper(body.unit, 'pv_word_of')}(${wordsOf(body, mask)}, ${i})`, WORD);
  if (isLiteral(mask)) return literalC(body, mask, i);
  const [left, right] = mask.args.map((arg) => wordC(body, arg, i));
  if (left === undefined) throw new Error('a mask lacks an operand');
  if (mask.name === 'mask-not')
    return { text: `~${atMost(left, LEVEL.unary)}`, level: LEVEL.unary, width: WORD };
  return right === undefined ? left : joined([left, right], OPERATORS[mask.name]);
}

const OPERATORS = {
  'mask-and': ['&', LEVEL.and],
  'mask-or': ['|', LEVEL.or],
  'mask-xor': ['^', LEVEL.xor],
} as const;

/** Operands that are no plain terms are put into parentheses: readers need not know how C binds these. */
const joined = (terms: readonly C[], [op, level]: readonly [string, number]): C => ({
  text: terms.map((term) => atMost(term, LEVEL.unary)).join(` ${op} `),
  level,
  width: WORD,
});

function literalC(
  body: Body,
  literal: Expr & { readonly kind: 'intrinsic' } & { readonly name: 'mask-literal' },
  i: string,
): C {
  const ranges = rangesOf(literal).map(([lo, hi]) => {
    const ends = [lo, hi].map((end) => exprC(body, end).text).join(', ');
    return atom(`${helper(body.unit, 'pv_range_bits')}(${i}, ${ends})`, WORD);
  });
  const [only] = ranges;
  if (only === undefined) return atom('0', WORD);
  return ranges.length === 1 ? only : joined(ranges, OPERATORS['mask-or']);
}
