import type { Expr, Ident } from '../../../../grammar/ast.ts';
import type { Model, Symbol } from '../../semantics/model.ts';

/** A condition in a form in which two spellings of it are the same: `x >= 3` is `!(x < 3)`. */
export interface Condition {
  readonly key: string;
  /** Is the condition that `key` is, or its opposite? */
  readonly positive: boolean;
  /** Declarations of the locals that it reads; a change of one of them makes what is known of it void. */
  readonly locals: readonly Ident[];
  /** It reads nothing but locals and constants, so a call changes nothing about it. */
  readonly stable: boolean;
}

interface Term {
  readonly text: string;
  readonly locals: readonly Ident[];
  readonly stable: boolean;
}

/** Built-ins whose answer does not change while a hook runs. */
const STEADY = new Set(['can_run_on', 'is_kthread', 'has', 'vcpu', 'this_cpu', 'current']);

/** The condition that `expr` is; undefined for what may differ each time that it is asked. */
export function conditionOf(expr: Expr, model: Model): Condition | undefined {
  if (expr.kind === 'paren') return conditionOf(expr.inner, model);
  if (expr.kind === 'unary' && expr.op === '!') return opposite(conditionOf(expr.operand, model));
  if (expr.kind === 'binary') return comparison(expr, model);
  const term = termOf(expr, model);
  return term && { key: term.text, positive: true, locals: term.locals, stable: term.stable };
}

const opposite = (condition: Condition | undefined): Condition | undefined =>
  condition && { ...condition, positive: !condition.positive };

function comparison(expr: Expr & { readonly kind: 'binary' }, model: Model): Condition | undefined {
  const left = termOf(expr.left, model);
  const right = termOf(expr.right, model);
  if (left === undefined || right === undefined) return undefined;
  const make = (a: Term, op: string, b: Term, positive: boolean): Condition => ({
    key: `(${a.text} ${op} ${b.text})`,
    positive,
    locals: [...a.locals, ...b.locals],
    stable: a.stable && b.stable,
  });
  switch (expr.op) {
    case '<':
      return make(left, '<', right, true);
    case '>':
      return make(right, '<', left, true);
    case '<=':
      return make(right, '<', left, false);
    case '>=':
      return make(left, '<', right, false);
    case '!=':
      return make(left, '==', right, false);
    default:
      return make(left, expr.op, right, true);
  }
}

/** A value as text in which each local is told apart from others of its name. */
export function termOf(expr: Expr, model: Model): Term | undefined {
  switch (expr.kind) {
    case 'paren':
      return termOf(expr.inner, model);
    case 'int':
    case 'duration':
    case 'ratio':
    case 'bool':
      return fixed(`${expr.kind} ${expr.value}`);
    case 'name':
      return named(expr.name, model.names.get(expr.name));
    case 'member':
      return combine([expr.object], model, ([object]) => `${object}.${expr.member.text}`, false);
    case 'binary':
      return combine([expr.left, expr.right], model, ([a, b]) => `(${a} ${expr.op} ${b})`, true);
    case 'call':
      return callTerm(expr, model);
    default:
      return undefined;
  }
}

const fixed = (text: string): Term => ({ text, locals: [], stable: true });

function named(name: Ident, symbol: Symbol | undefined): Term | undefined {
  switch (symbol?.kind) {
    case 'local':
      return { text: `${name.text}@${symbol.decl.span.start}`, locals: [symbol.decl], stable: true };
    case 'const':
    case 'param':
    case 'enum-member':
    case 'kernel-constant':
    case 'builtin-name':
      return fixed(name.text);
    case 'state-field':
      return { text: name.text, locals: [], stable: false };
    default:
      return undefined;
  }
}

function callTerm(expr: Expr & { readonly kind: 'call' }, model: Model): Term | undefined {
  const resolved = model.calls.get(expr);
  if (resolved?.callee.kind !== 'builtin' || !STEADY.has(resolved.callee.builtin.name)) return undefined;
  const { name } = resolved.callee.builtin;
  const inputs = [resolved.receiver, ...resolved.args].filter((input) => input !== undefined);
  return combine(inputs, model, (texts) => `${name}(${texts.join(', ')})`, true);
}

function combine(
  parts: readonly Expr[],
  model: Model,
  join: (texts: readonly string[]) => string,
  stable: boolean,
): Term | undefined {
  const terms = parts.map((part) => termOf(part, model)).filter((term) => term !== undefined);
  if (terms.length < parts.length) return undefined;
  return {
    text: join(terms.map((term) => term.text)),
    locals: terms.flatMap((term) => term.locals),
    stable: stable && terms.every((term) => term.stable),
  };
}

/** The condition that `can_run_on(task, cpu)` would be. */
export function affinityTest(task: Expr, cpu: Expr, model: Model): Condition | undefined {
  const test = combine([task, cpu], model, (texts) => `can_run_on(${texts.join(', ')})`, true);
  return test && { key: test.text, positive: true, locals: test.locals, stable: test.stable };
}

/** The values that `c ? a : b` may have, without parentheses. */
export function branches(expr: Expr): readonly Expr[] {
  if (expr.kind === 'paren') return branches(expr.inner);
  return expr.kind === 'cond' ? [...branches(expr.then), ...branches(expr.otherwise)] : [expr];
}
