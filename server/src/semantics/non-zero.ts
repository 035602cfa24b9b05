import type { BinaryOp, Block, Expr } from '../../../grammar/ast.ts';
import type { Context } from './context.ts';
import type { Symbol } from './model.ts';

/** Keys of the places that are known not to be zero. */
export type NonZero = ReadonlySet<string>;

const ids = new WeakMap<Symbol, number>();
let next = 0;

function idOf(symbol: Symbol): number {
  const known = ids.get(symbol);
  if (known !== undefined) return known;
  ids.set(symbol, ++next);
  return next;
}

/** A text that two expressions share when they name the same place; undefined for what is no place. */
export function placeKey(cx: Context, expr: Expr): string | undefined {
  switch (expr.kind) {
    case 'paren':
      return placeKey(cx, expr.inner);
    case 'cast':
      return placeKey(cx, expr.operand);
    case 'name': {
      const symbol = cx.names.get(expr.name);
      return symbol === undefined ? undefined : `#${idOf(symbol)}`;
    }
    case 'member': {
      const object = placeKey(cx, expr.object);
      return object === undefined ? undefined : `${object}.${expr.member.text}`;
    }
    default:
      return undefined;
  }
}

const MIRRORED: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

const NEGATED: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};

/** Places that are not zero where `condition` is `value`. */
export function nonZeroWhen(cx: Context, condition: Expr, value: boolean): readonly string[] {
  switch (condition.kind) {
    case 'paren':
      return nonZeroWhen(cx, condition.inner, value);
    case 'unary':
      return condition.op === '!' ? nonZeroWhen(cx, condition.operand, !value) : [];
    case 'binary': {
      const { op, left, right } = condition;
      if ((op === '&&' && value) || (op === '||' && !value)) {
        return [...nonZeroWhen(cx, left, value), ...nonZeroWhen(cx, right, value)];
      }
      const holds = value ? op : NEGATED[op];
      const mirrored = holds === undefined ? undefined : MIRRORED[holds];
      if (holds === undefined || mirrored === undefined) return [];
      return [...excludesZero(cx, left, holds, right), ...excludesZero(cx, right, mirrored, left)];
    }
    default:
      return [];
  }
}

/** Does `place op constant` leave out zero? */
function excludesZero(cx: Context, place: Expr, op: BinaryOp, constant: Expr): readonly string[] {
  const key = placeKey(cx, place);
  const value = cx.constants.get(constant);
  if (key === undefined || typeof value !== 'bigint') return [];
  const excluded =
    (op === '!=' && value === 0n) ||
    (op === '==' && value !== 0n) ||
    (op === '>' && value >= 0n) ||
    (op === '>=' && value >= 1n) ||
    (op === '<' && value <= 0n);
  return excluded ? [key] : [];
}

/** Does the block always end with `return`, `break` or `continue`? */
export function leaves(block: Block): boolean {
  const last = block.stmts.at(-1);
  switch (last?.kind) {
    case 'return':
    case 'break':
    case 'continue':
      return true;
    case 'if':
    case 'if-let':
      return (
        leaves(last.then) &&
        last.otherwise !== undefined &&
        leaves(last.otherwise.kind === 'block' ? last.otherwise : { ...last.then, stmts: [last.otherwise] })
      );
    default:
      return false;
  }
}
