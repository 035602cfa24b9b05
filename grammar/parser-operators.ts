import type { TokenType } from 'chevrotain';
import type { BinaryOp, Expr, UnaryExpr } from './ast.ts';
import type { Token } from './parser-layout.ts';
import { spanOf } from './parser-lexical.ts';
import * as T from './tokens.ts';

/** How tightly an operator binds, loosest first; the order is Rust's. */
const PRECEDENCE: ReadonlyMap<TokenType, number> = new Map(
  [
    [T.OrOr],
    [T.AndAnd],
    [T.Eq, T.Ne, T.Lt, T.Le, T.Gt, T.Ge, T.Has],
    [T.Pipe],
    [T.Caret],
    [T.Amp],
    [T.Shl, T.Shr],
    [T.Plus, T.Minus],
    [T.Star, T.Slash, T.Modulo],
  ].flatMap((types, level) => types.map((type) => [type, level + 1] as const)),
);
const COMPARISON = 3;
/** The level of '|', which separates patterns and selectors. */
export const ALTERNATIVE = 4;

/** The level of a token; 0 for what is no operator. */
export const precedence = (token: Token): number => PRECEDENCE.get(token.tokenType) ?? 0;

/** An operator and what stands behind it. */
export interface Step {
  readonly operator: Token;
  readonly operand: Expr;
}

/**
 * Builds the tree of a row of operands, by precedence climbing. `start` is where the first one starts. A comparison of
 * a comparison is an error node, and its second operator is handed to `chained`.
 */
export function fold(
  start: number,
  first: Expr,
  rest: readonly Step[],
  chained: (operator: Token) => void,
): Expr {
  let at = 0;
  const climb = (left: Expr, from: number, floor: number): Expr => {
    let tree = left;
    let compared = false;
    for (let step = rest[at]; step !== undefined && precedence(step.operator) >= floor; step = rest[at]) {
      at++;
      const { operator } = step;
      const level = precedence(operator);
      let right = step.operand;
      const rightStart = right.span.start;
      for (let next = rest[at]; next !== undefined && precedence(next.operator) > level; next = rest[at]) {
        right = climb(right, rightStart, level + 1);
      }
      const span = { start: from, end: Math.max(tree.span.end, right.span.end) };
      if (compared && level === COMPARISON) {
        chained(operator);
        tree = { kind: 'error', span };
        continue;
      }
      compared = level === COMPARISON;
      const op = operator.image as BinaryOp;
      tree = { kind: 'binary', span, op, opSpan: spanOf(operator), left: tree, right };
    }
    return tree;
  };
  return climb(first, start, 1);
}

/** Puts signs in front of an operand, the last one next to it. */
export function signed(signs: readonly Token[], operand: Expr): Expr {
  return signs.reduceRight<Expr>((inner, sign) => {
    const span = { start: sign.startOffset, end: Math.max(inner.span.end, spanOf(sign).end) };
    return { kind: 'unary', span, op: sign.image as UnaryExpr['op'], operand: inner };
  }, operand);
}
