import type { AssignStmt, BinaryExpr, BinaryOp, Expr } from '../../../grammar/ast.ts';
import { report, type Context, type Env } from './context.ts';
import { adapt, coerce, fits, isAdaptable } from './conversions.ts';
import { expectType, presentType, typeOfExpr } from './expressions.ts';
import { noteDivision } from './binary.ts';
import { castFix, replace, textOf } from './fixes.ts';
import { classOf, operation, whyForbidden } from './operators.ts';
import { placeType, samePlace, updateFix } from './places.ts';
import { DURATION, U64, show, type Type } from './types.ts';

/** Checks `target = value` and `target op= value`. */
export function assignment(cx: Context, env: Env, stmt: AssignStmt): void {
  cx.sinks.push(stmt);
  const type = placeType(cx, env, stmt);
  if (type.kind === 'error') {
    typeOfExpr(cx, env, stmt.value);
    return;
  }
  const place =
    stmt.target.kind === 'name'
      ? stmt.target.name
      : stmt.target.kind === 'member'
        ? stmt.target.member
        : undefined;
  const symbol = place === undefined ? undefined : cx.names.get(place);
  if (symbol !== undefined) cx.flows.push({ to: symbol, from: stmt.value });
  if (notAssignable(cx, env, stmt, type)) return;
  if (stmt.op === '=') {
    const before = cx.diagnostics.length;
    expectType(cx, env, stmt.value, type, () => `'${targetText(stmt)}'`);
    readModifyWrite(cx, stmt, before);
    return;
  }
  compound(cx, env, stmt, type);
}

const targetText = (stmt: AssignStmt): string => textOf(stmt.target) ?? 'the target';

/** Collections and averages change by their methods. */
function notAssignable(cx: Context, env: Env, stmt: AssignStmt, type: Type): boolean {
  switch (type.kind) {
    case 'ewma':
      expectType(cx, env, stmt.value, type.of, 'the sample');
      report(
        cx,
        'PV3031',
        stmt.target.span,
        { name: targetText(stmt) },
        { fixes: stmt.op === '=' ? updateFix(stmt) : [] },
      );
      return true;
    case 'list':
    case 'ring':
      typeOfExpr(cx, env, stmt.value);
      report(cx, 'PV3016', stmt.target.span, {
        what: `the ${type.kind} '${targetText(stmt)}' as a whole`,
        way: 'use .push(x) and .clear()',
      });
      return true;
    case 'map':
    case 'histogram':
      typeOfExpr(cx, env, stmt.value);
      report(cx, 'PV3016', stmt.target.span, {
        what: `'${targetText(stmt)}' as a whole`,
        way:
          type.kind === 'histogram'
            ? 'add a value with .record(x)'
            : `say whose you mean: ${targetText(stmt)}[\u2026]`,
      });
      return true;
    default:
      return false;
  }
}

function compound(cx: Context, env: Env, stmt: AssignStmt, type: Type): void {
  // The operator of `op=`: every assignment operator but '=' ends in '=' behind a binary operator.
  const op = stmt.op.slice(0, -1) as BinaryOp;
  const found = presentType(cx, env, stmt.value);
  if (found.kind === 'error') return;
  const value = operandOf(cx, stmt.value, op, type, found);
  if (value.kind === 'error') return;
  if (op === '<<' || op === '>>') shiftCount(cx, stmt.value);
  if (op === '/' || op === '%') noteDivision(cx, stmt.value);
  const result = operation(op, type, value);
  if (result === undefined || (result.result !== classOf(type) && !isCount(type))) {
    wrongOperand(cx, stmt, op, type, value);
    return;
  }
  if (type.kind === 'flags' && value.kind === 'flags' && type.group !== value.group) {
    report(cx, 'PV3038', stmt.value.span, { left: show(type), right: show(value) });
    return;
  }
  const isShift = op === '<<' || op === '>>';
  if (!isShift && isCount(type) && isCount(value) && !fits(value, type) && !isAdaptable(cx, stmt.value)) {
    coerce(cx, stmt.value, value, type, () => `'${targetText(stmt)}'`);
    return;
  }
  sharedUpdate(cx, stmt);
}

/** The type of the right side: a number takes that of the target where the operator wants two alike. */
function operandOf(cx: Context, expr: Expr, op: BinaryOp, target: Type, found: Type): Type {
  const c = classOf(target);
  if (op === '<<' || op === '>>') return found;
  if (op === '+' || op === '-') {
    const wanted = c === 'instant' || c === 'vtime' ? DURATION : target;
    return adapt(cx, expr, wanted) ?? found;
  }
  if (isCount(target) || c === 'flags') return adapt(cx, expr, target) ?? found;
  return op === '%' ? (adapt(cx, expr, target) ?? found) : (adapt(cx, expr, U64) ?? found);
}

const isCount = (type: Type): boolean => classOf(type) === 'uint' || classOf(type) === 'sint';

function shiftCount(cx: Context, expr: Expr): void {
  const count = cx.constants.get(expr);
  if (typeof count === 'bigint' && (count < 0n || count > 63n))
    report(cx, 'PV3035', expr.span, { count: `${count}` });
}

function wrongOperand(cx: Context, stmt: AssignStmt, op: BinaryOp, target: Type, value: Type): void {
  const signs = new Set([classOf(target), classOf(value)]);
  if (signs.has('uint') && signs.has('sint')) {
    report(
      cx,
      'PV3003',
      stmt.value.span,
      { left: show(target), right: show(value) },
      { fixes: castFix(stmt.value, target) },
    );
    return;
  }
  if (operation(op, target, value) === undefined) {
    const why = whyForbidden(op, target, value);
    report(cx, 'PV3002', stmt.span, { op: stmt.op, left: show(target), right: show(value), why });
    return;
  }
  // The operator is fine, but what comes out is of another kind: `since -= then`.
  const result = operation(op, target, value)?.result ?? 'error';
  report(cx, 'PV3001', stmt.value.span, {
    what: `the result of '${op}'`,
    found: result === 'uint' ? 'u64' : result === 'sint' ? 's64' : result,
    wanted: `${show(target)}, as the target is`,
  });
}

const ATOMIC: Readonly<Record<string, string>> = { '+': '+=', '-': '-=', '|': '|=', '&': '&=' };

/** `x.f = x.f + 1` on what several CPUs share: another CPU's change in between would be lost. */
function readModifyWrite(cx: Context, stmt: AssignStmt, diagnosticsBefore: number): void {
  if (cx.diagnostics.length > diagnosticsBefore || !isShared(cx, stmt.target)) return;
  const value = withoutParens(stmt.value);
  const atomic = value.kind === 'binary' ? atomicForm(cx, stmt, value) : undefined;
  if (atomic !== undefined) {
    const edits = [
      replace({ start: stmt.target.span.end, end: atomic.operand.span.start }, ` ${atomic.op} `),
    ];
    const tail = { start: atomic.operand.span.end, end: stmt.value.span.end };
    const fix = {
      title: `Change to '${atomic.op}'`,
      edits: tail.start < tail.end ? [...edits, replace(tail, '')] : edits,
    };
    report(
      cx,
      'PV3018',
      stmt.span,
      { place: targetText(stmt), way: `'${atomic.op}' does it in one step` },
      { fixes: [fix] },
    );
  } else if (reads(cx, stmt.value, stmt.target)) {
    report(cx, 'PV3018', stmt.span, {
      place: targetText(stmt),
      way: "only '+=', '-=', '|=' and '&=' are done in one step",
    });
  }
}

function atomicForm(
  cx: Context,
  stmt: AssignStmt,
  value: BinaryExpr,
): { op: string; operand: Expr } | undefined {
  const op = ATOMIC[value.op];
  if (op === undefined) return undefined;
  if (samePlace(cx, value.left, stmt.target)) return { op, operand: value.right };
  return value.op !== '-' && samePlace(cx, value.right, stmt.target)
    ? { op, operand: value.left }
    : undefined;
}

const withoutParens = (expr: Expr): Expr => (expr.kind === 'paren' ? withoutParens(expr.inner) : expr);

function sharedUpdate(cx: Context, stmt: AssignStmt): void {
  if (Object.values(ATOMIC).includes(stmt.op) || !isShared(cx, stmt.target)) return;
  report(cx, 'PV3018', stmt.span, {
    place: targetText(stmt),
    way: "only '+=', '-=', '|=' and '&=' are done in one step",
  });
}

/** Is it state that several CPUs change: global, of a VM, or of another vCPU or task that a loop walks over? */
function isShared(cx: Context, target: Expr): boolean {
  const ident = target.kind === 'name' ? target.name : target.kind === 'member' ? target.member : undefined;
  const symbol = ident === undefined ? undefined : cx.names.get(ident);
  if (symbol?.kind !== 'state-field') return false;
  if (symbol.scope === 'global' || symbol.scope === 'vm') return true;
  if (target.kind !== 'member' || target.object.kind !== 'name') return false;
  const owner = cx.names.get(target.object.name);
  return owner?.kind === 'local' && owner.role === 'loop';
}

function reads(cx: Context, expr: Expr, place: Expr): boolean {
  if (samePlace(cx, expr, place)) return true;
  switch (expr.kind) {
    case 'paren':
      return reads(cx, expr.inner, place);
    case 'binary':
      return reads(cx, expr.left, place) || reads(cx, expr.right, place);
    case 'unary':
    case 'cast':
      return reads(cx, expr.operand, place);
    case 'cond':
      return (
        reads(cx, expr.condition, place) || reads(cx, expr.then, place) || reads(cx, expr.otherwise, place)
      );
    case 'call':
      return expr.args.some((arg) => reads(cx, arg.value, place));
    case 'member':
      return reads(cx, expr.object, place);
    case 'index':
      return reads(cx, expr.object, place) || reads(cx, expr.index, place);
    default:
      return false;
  }
}
