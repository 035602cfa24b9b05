import type * as ast from '../../../grammar/ast.ts';
import type { Value } from '../emit/executor/host.ts';
import type { Model } from '../semantics/model.ts';
import type { Type } from '../semantics/types.ts';
import { metricValues, statisticOf, type Measurements, type Statistic } from './measure.ts';

/** What became of an `expect`. */
export interface Expectation {
  /** From 1. */
  readonly line: number;
  /** The condition as written. */
  readonly text: string;
  /** null: a replay cannot tell; `reason` says why. */
  readonly ok: boolean | null;
  /** The first statistic of the condition: ns, a count, or a ratio (1 is all); null where it has no value. */
  readonly measured: number | null;
  /** What `baseline` was taken for, in the same unit; null where the condition does not ask for it, or there was none. */
  readonly baseline: number | null;
  readonly unit: 'ns' | 'count' | 'ratio' | null;
  readonly reason: string | null;
}

/** A value while a condition is computed: durations in ns, ratios as fractions. */
type Figure = number | boolean | Undecided;

interface Undecided {
  readonly reason: string;
}

interface Evaluation {
  readonly model: Model;
  readonly params: ReadonlyMap<string, { readonly value: Value }>;
  readonly measurements: Measurements;
  /** Of the run without the policy, or with another; undefined: there is none. */
  readonly baseline: Measurements | undefined;
  /** The comparison that is computed: `baseline` in it is the value of its statistic there. */
  comparison: ast.Expr;
  /** The first statistic that was met. */
  first: { readonly value: number; readonly type: Type } | undefined;
  /** The first value of `baseline`. */
  compared: number | undefined;
}

/**
 * Holds `condition` against what was measured, and against the `baseline` where it names that; `text` is the condition as
 * written, `line` where.
 */
export function judge(
  model: Model,
  condition: ast.Expr,
  params: Evaluation['params'],
  measurements: Measurements,
  baseline: Measurements | undefined,
  where: { readonly line: number; readonly text: string },
): Expectation {
  const evaluation: Evaluation = {
    model,
    params,
    measurements,
    baseline,
    comparison: condition,
    first: undefined,
    compared: undefined,
  };
  const figure = evaluate(evaluation, condition);
  const { first } = evaluation;
  const measured = first && !Number.isNaN(first.value) ? first.value : null;
  return {
    ...where,
    ok: typeof figure === 'boolean' ? figure : null,
    measured,
    baseline: evaluation.compared ?? null,
    unit: first ? unitOf(first.type) : null,
    reason: isUndecided(figure) ? figure.reason : null,
  };
}

const isUndecided = (figure: Figure): figure is Undecided => typeof figure === 'object';

function unitOf(type: Type): 'ns' | 'count' | 'ratio' {
  switch (type.kind) {
    case 'duration':
    case 'instant':
    case 'vtime':
      return 'ns';
    case 'ratio':
      return 'ratio';
    default:
      return 'count';
  }
}

function evaluate(evaluation: Evaluation, expr: ast.Expr): Figure {
  const { model } = evaluation;
  const constant = model.constants.get(expr);
  if (typeof constant === 'boolean') return constant;
  if (typeof constant === 'bigint') return asFigure(constant, model.types.get(expr));
  switch (expr.kind) {
    case 'paren':
      return evaluate(evaluation, expr.inner);
    case 'cast':
      return evaluate(evaluation, expr.operand);
    case 'metric':
      return measure(evaluation, expr, 'sum');
    case 'name':
      return named(evaluation, expr);
    case 'call':
      return call(evaluation, expr);
    case 'unary': {
      const operand = evaluate(evaluation, expr.operand);
      if (isUndecided(operand)) return operand;
      return expr.op === '!' ? operand !== true : -Number(operand);
    }
    case 'cond': {
      const condition = evaluate(evaluation, expr.condition);
      if (isUndecided(condition)) return condition;
      return evaluate(evaluation, condition === true ? expr.then : expr.otherwise);
    }
    case 'binary': {
      const outer = evaluation.comparison;
      if (COMPARISONS.includes(expr.op)) evaluation.comparison = expr;
      const figure = binary(expr.op, evaluate(evaluation, expr.left), () => evaluate(evaluation, expr.right));
      evaluation.comparison = outer;
      return figure;
    }
    default:
      throw new Error(`a ${expr.kind} in an expectation`);
  }
}

const COMPARISONS: readonly ast.BinaryOp[] = ['<', '<=', '>', '>=', '==', '!='];

const asFigure = (value: bigint, type: Type | undefined): number =>
  type?.kind === 'ratio' ? Number(value) / 1024 : Number(value);

function named(evaluation: Evaluation, expr: ast.NameExpr): Figure {
  const symbol = evaluation.model.names.get(expr.name);
  if (symbol?.kind === 'param') {
    const value = evaluation.params.get(expr.name.text)?.value;
    if (typeof value === 'boolean') return value;
    return asFigure(BigInt(Number(value)), symbol.type);
  }
  if (symbol?.kind === 'builtin-name' && symbol.name === 'baseline') {
    return baselineFigure(evaluation);
  }
  return measure(evaluation, expr, 'sum');
}

/** The statistic of the comparison at hand, as the baseline has it. */
function baselineFigure(evaluation: Evaluation): Figure {
  const { model, params, baseline, comparison } = evaluation;
  if (!baseline) return { reason: 'it compares with a run without the policy, which a replay does not make' };
  const statistic = statisticIn(model, comparison);
  if (!statistic) throw new Error('a comparison with the baseline of nothing');
  const there = { model, params, measurements: baseline, baseline: undefined, comparison };
  const found = evaluate({ ...there, first: undefined, compared: undefined }, statistic);
  if (typeof found === 'number') evaluation.compared ??= found;
  return found;
}

/** The first statistic or metric in `expr`. */
function statisticIn(model: Model, expr: ast.Expr): ast.Expr | undefined {
  switch (expr.kind) {
    case 'paren':
      return statisticIn(model, expr.inner);
    case 'cast':
    case 'unary':
      return statisticIn(model, expr.operand);
    case 'binary':
      return statisticIn(model, expr.left) ?? statisticIn(model, expr.right);
    case 'cond':
      return statisticIn(model, expr.then) ?? statisticIn(model, expr.otherwise);
    case 'call':
    case 'metric':
      return expr;
    case 'name': {
      const symbol = model.names.get(expr.name);
      const isBaseline = symbol?.kind === 'builtin-name' && symbol.name === 'baseline';
      return isBaseline || symbol?.kind === 'param' || model.constants.has(expr) ? undefined : expr;
    }
    default:
      return undefined;
  }
}

function call(evaluation: Evaluation, expr: ast.CallExpr): Figure {
  const resolved = evaluation.model.calls.get(expr);
  const arg = resolved?.args[0];
  if (resolved?.callee.kind !== 'builtin' || !arg) throw new Error('a call that is no statistic');
  return measure(evaluation, arg, resolved.callee.builtin.name as Statistic, expr);
}

/** A statistic of a metric; the first of them is what the report shows as measured. */
function measure(evaluation: Evaluation, arg: ast.Expr, statistic: Statistic, whole: ast.Expr = arg): Figure {
  const { model, measurements } = evaluation;
  const inner = arg.kind === 'paren' ? arg.inner : arg;
  if (inner.kind !== 'metric' && inner.kind !== 'name') throw new Error(`a statistic of a ${inner.kind}`);
  const ident = inner.kind === 'metric' ? inner.metric : inner.name;
  const symbol = model.names.get(ident);
  if (!symbol) throw new Error(`no metric ${ident.text}`);
  const of = inner.kind === 'metric' ? inner.of.text : undefined;
  const own = symbol.kind === 'counter' || symbol.kind === 'histogram';
  const values = metricValues(measurements, { name: ident.text, own }, of);
  if ('reason' in values) return values;
  const value = statisticOf(statistic, values);
  const type = model.types.get(whole);
  if (type) evaluation.first ??= { value, type };
  if (Number.isNaN(value))
    return { reason: `there are no values of ${of === undefined ? ident.text : `${ident.text} of ${of}`}` };
  return values.recorded
    ? {
        reason:
          'it is measured on the recorded schedule, which a replay does not change: what the policy makes of it takes a what-if run',
      }
    : value;
}

function binary(op: ast.BinaryOp, left: Figure, right: () => Figure): Figure {
  if (op === '&&' && left === false) return false;
  if (op === '||' && left === true) return true;
  const other = right();
  if (op === '&&' && other === false) return false;
  if (op === '||' && other === true) return true;
  if (isUndecided(left)) return left;
  if (isUndecided(other)) return other;
  return typeof left === 'number' && typeof other === 'number'
    ? compute(op, left, other)
    : logical(op, left, other);
}

function logical(op: ast.BinaryOp, left: number | boolean, right: number | boolean): boolean {
  switch (op) {
    case '&&':
    case '||':
      // What one side alone decides was answered before.
      return op === '&&';
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    default:
      throw new Error(`'${op}' of truth values`);
  }
}

function compute(op: ast.BinaryOp, left: number, right: number): number | boolean {
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? 0 : left / right;
    case '%':
      return right === 0 ? left : left % right;
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      throw new Error(`'${op}' in an expectation`);
  }
}
