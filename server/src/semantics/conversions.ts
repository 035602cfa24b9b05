import type { Expr } from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { report, words, type Context, type What } from './context.ts';
import { familiarValue } from './familiar.ts';
import { castFix, declareFix, narrowFix, renameFix, testFix, textOf, unitFixes } from './fixes.ts';
import { whose } from './members.ts';
import { classOf } from './operators.ts';
import { inRange, intRange } from './ranges.ts';
import { ERROR, same, show, type Type } from './types.ts';

/** May a value of type `from` stand where `to` is wanted, without a cast and without loss? */
export function fits(from: Type, to: Type): boolean {
  if (from.kind === 'error' || to.kind === 'error' || same(from, to)) return true;
  if (to.kind === 'optional') {
    return from.kind === 'none' || fits(from.kind === 'optional' ? from.inner : from, to.inner);
  }
  switch (from.kind) {
    case 'int':
      return to.kind === 'int' && from.signed === to.signed && from.bits <= to.bits;
    case 'nice':
      return to.kind === 'int' && to.signed;
    case 'rt_prio':
      return to.kind === 'int';
    case 'weight':
      return to.kind === 'int' && to.bits >= 16;
    case 'cpu':
      return to.kind === 'int' && to.bits >= 32;
    case 'vcpu':
      return to.kind === 'task';
    case 'ewma':
      return fits(from.of, to);
    case 'flags':
      return to.kind === 'int' && !to.signed && to.bits === 64;
    default:
      return false;
  }
}

/** Is it an integer made of literals and constants without a type of their own? Such a value adapts to its place. */
export function isAdaptable(cx: Context, expr: Expr): boolean {
  switch (expr.kind) {
    case 'int':
      return true;
    case 'paren':
      return isAdaptable(cx, expr.inner);
    case 'unary':
      return expr.op !== '!' && isAdaptable(cx, expr.operand);
    case 'binary':
      return isAdaptable(cx, expr.left) && isAdaptable(cx, expr.right) && !isComparison(expr.op);
    case 'cond':
      return isAdaptable(cx, expr.then) && isAdaptable(cx, expr.otherwise);
    case 'name': {
      const symbol = cx.names.get(expr.name);
      return symbol !== undefined && cx.adaptable.has(symbol);
    }
    default:
      return false;
  }
}

const isComparison = (op: string): boolean =>
  ['==', '!=', '<', '<=', '>', '>=', 'has', '&&', '||'].includes(op);

/** Can numbers without a unit become this type? */
const isNumber = (type: Type): boolean => intRange(type) !== undefined;

/**
 * Gives the integer constant `expr` the type that its place wants, where its value allows it. Undefined: it does not
 * adapt, and its own type counts. A value outside the range is reported and gives `error`.
 */
export function adapt(cx: Context, expr: Expr, wanted: Type): Type | undefined {
  const value = cx.constants.get(expr);
  if (typeof value !== 'bigint' || !isAdaptable(cx, expr)) return undefined;
  const to = wanted.kind === 'optional' ? wanted.inner : wanted.kind === 'ewma' ? wanted.of : wanted;
  if (isNumber(to)) return record(cx, expr, inRange(value, to) ? to : outOfRange(cx, expr, value, to));
  if (to.kind === 'flags' && value === 0n) return record(cx, expr, to);
  // A zeroed clock: "never", and the start of virtual time.
  if ((to.kind === 'instant' || to.kind === 'vtime') && value === 0n) return record(cx, expr, to);
  if (to.kind === 'duration' || to.kind === 'ratio') {
    const example = to.kind === 'duration' ? `${value}us or ${value}ms` : `${value * 100n}% or ${value}.0`;
    report(
      cx,
      'PV3037',
      expr.span,
      { value: `${value}`, wanted: to.kind, example },
      { fixes: unitFixes(expr, value, to) },
    );
    return record(cx, expr, ERROR);
  }
  return undefined;
}

function record(cx: Context, expr: Expr, type: Type): Type {
  cx.types.set(expr, type);
  // A number that is wrong in its place has no value there: nothing shall follow from it.
  if (type.kind === 'error') cx.constants.delete(expr);
  return type;
}

export function outOfRange(cx: Context, expr: Expr, value: bigint, type: Type): Type {
  const range = intRange(type);
  if (range === undefined) return ERROR;
  report(cx, 'PV3006', expr.span, {
    value: `${value}`,
    type: show(type),
    lo: `${range.lo}`,
    hi: `${range.hi}`,
  });
  return ERROR;
}

/**
 * Holds `expr` of type `found` against the type that its place wants, and says what is wrong and how to put it
 * right. `what` names the place: 'the argument `slice`'. Gives the type that counts from here on.
 */
export function coerce(cx: Context, expr: Expr, found: Type, wanted: Type, what: What): Type {
  if (found.kind === 'error' || wanted.kind === 'error') return found;
  if (fits(found, wanted)) return found;
  const adapted = adapt(cx, expr, wanted);
  if (adapted !== undefined) return adapted;
  mismatch(cx, expr, found, wanted, what);
  return ERROR;
}

function mismatch(cx: Context, expr: Expr, found: Type, wanted: Type, what: What): void {
  const span = expr.span;
  if (found.kind === 'optional' && fits(found.inner, wanted)) return mayBeAbsent(cx, expr, found);
  if (found.kind === 'map') {
    return report(cx, 'PV3030', span, { name: textOf(expr) ?? 'this', way: whose(found) });
  }
  if (wanted.kind === 'bool') return noTruth(cx, expr, found);
  const f = classOf(found);
  const w = classOf(wanted);
  const fixes = castFix(expr, wanted);
  if (found.kind === 'int' && wanted.kind === 'int') {
    if (found.signed === wanted.signed) {
      return report(
        cx,
        'PV3005',
        span,
        { what: words(what), found: show(found), wanted: show(wanted) },
        { fixes },
      );
    }
    return report(cx, 'PV3003', span, { left: show(found), right: show(wanted) }, { fixes });
  }
  const told = { what: words(what), found: show(found), wanted: show(wanted) };
  const numeric = (c: string): boolean => c === 'uint' || c === 'sint';
  if (!numeric(f) || !numeric(w)) {
    // The kernel's number of a class is known by its name in the kernel.
    const name = wanted.kind === 'sched_class' && expr.kind === 'name' ? expr.name.text : '';
    const near = familiarValue(name);
    const way = near === undefined ? {} : { way: `write '${near}'` };
    return report(cx, 'PV3001', span, { ...told, ...way }, { fixes: renameFix(span, near) });
  }
  report(
    cx,
    'PV3001',
    span,
    { ...told, way: `convert it with 'as ${show(wanted)}'` },
    { fixes: [...fixes, ...declareFix(declaredType(cx, expr), expr, wanted)] },
  );
}

/** Where the type of the param, or of the constant, that `expr` names is declared. */
function declaredType(cx: Context, expr: Expr): Span | undefined {
  const symbol = expr.kind === 'name' ? cx.names.get(expr.name) : undefined;
  return symbol?.kind === 'param' || symbol?.kind === 'const' ? symbol.decl.type?.span : undefined;
}

/** Says that a value may be absent, and offers to wrap the statement in `if let`. */
export function mayBeAbsent(cx: Context, expr: Expr, found: Type): void {
  report(
    cx,
    'PV3004',
    expr.span,
    { found: show(found), text: textOf(expr) ?? '\u2026' },
    { fixes: narrowFix(expr, cx.statement) },
  );
}

/** Says that a value is no truth value. `tight`: it is the operand of `!`. */
export function noTruth(cx: Context, expr: Expr, found: Type, tight = false): void {
  const c = classOf(found);
  const zero = c === 'uint' || c === 'sint' || c === 'flags' ? '0' : c === 'duration' ? '0ns' : undefined;
  const test = found.kind === 'optional' ? 'none' : zero;
  report(
    cx,
    'PV3007',
    expr.span,
    {
      found: show(found),
      way: test === undefined ? 'compare it with something' : `compare it: '!= ${test}'`,
    },
    { fixes: test === undefined ? [] : testFix(expr, test, tight) },
  );
}

/**
 * The type that fits both, for the two sides of `?:` and for min and max: the same, the wider integer, or the
 * optional one. Undefined where there is none.
 */
export function common(a: Type, b: Type): Type | undefined {
  // What an average is read as is what it is an average of.
  if (a.kind === 'ewma') return common(a.of, b);
  if (b.kind === 'ewma') return common(a, b.of);
  if (a.kind === 'error') return b;
  if (b.kind === 'error') return a;
  if (a.kind === 'none' && b.kind !== 'none')
    return b.kind === 'optional' ? b : { kind: 'optional', inner: b };
  if (b.kind === 'none' && a.kind !== 'none') return common(b, a);
  if (fits(a, b)) return b;
  if (fits(b, a)) return a;
  return undefined;
}
