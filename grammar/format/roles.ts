import type { Decl, EwmaType, Expr, Header, HookRef, Node } from '../ast.ts';
import type { Token } from '../parser-layout.ts';
import * as T from '../tokens.ts';
import { walk, type AnyNode } from '../walk.ts';

/** Offsets of the tokens whose spacing their own look does not tell: the tree does. */
export interface Roles {
  /** '-', '!' and '~' in front of an operand. */
  readonly unary: ReadonlySet<number>;
  /** '?' and ':' of a condition. */
  readonly ternary: ReadonlySet<number>;
  /** '(' around an expression, and not of a call. */
  readonly grouping: ReadonlySet<number>;
  /** ':' of a tracepoint's name, '/' of an `ewma(1/8)`: no blank around them. */
  readonly joining: ReadonlySet<number>;
}

/** Finds the roles of the tokens of some declarations. */
export function rolesOf(items: readonly (Header | Decl)[], tokens: readonly Token[]): Roles {
  const unary = new Set<number>();
  const ternary = new Set<number>();
  const grouping = new Set<number>();
  const joining = new Set<number>();
  const marks = tokens.filter((t) => t.tokenType === T.Question || t.tokenType === T.Colon);
  const between = (from: Node, to: Node, into: Set<number>): void => {
    for (let i = firstFrom(marks, from.span.end); i < marks.length; i++) {
      const at = (marks[i] as Token).startOffset;
      if (at >= to.span.start) return;
      into.add(at);
    }
  };
  const look = (node: AnyNode): void => {
    const expr = node as Expr;
    if (expr.kind === 'unary') unary.add(expr.span.start);
    else if (expr.kind === 'paren') grouping.add(expr.span.start);
    else if (expr.kind === 'cond') {
      between(expr.condition, expr.then, ternary);
      between(expr.then, expr.otherwise, ternary);
    } else if (node.kind === 'ewma-type') {
      const { alpha } = node as EwmaType;
      if (alpha.kind === 'binary') joining.add(alpha.opSpan.start);
    } else if (node.kind === 'hook-ref') {
      const { system, name } = node as HookRef;
      if (system !== undefined && name !== undefined) between(system, name, joining);
    }
  };
  for (const item of items) walk(item, look);
  return { unary, ternary, grouping, joining };
}

/** The index of the first token at or after an offset. */
function firstFrom(tokens: readonly Token[], offset: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle] as Token).startOffset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
