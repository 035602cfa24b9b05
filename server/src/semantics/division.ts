import type {
  AssignStmt,
  BinaryExpr,
  Block,
  Decl,
  Expr,
  IfLetStmt,
  IfStmt,
  Stmt,
} from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { report, type Context } from './context.ts';
import { insert, textOf } from './fixes.ts';
import { leaves, nonZeroWhen, placeKey, type NonZero } from './non-zero.ts';
import { intRange } from './ranges.ts';
import { expressionsOf, partsOf } from './walk.ts';

/** Warns where a divisor is zero, or is a variable that may be zero and that nothing has tested. */
export function divisions(cx: Context, body: Block): void {
  walkBlock(cx, body, new Set());
}

/** The same, in the values of constants and of `always`. */
export function divisionsIn(cx: Context, decls: readonly Decl[]): void {
  for (const decl of decls) {
    if (decl.kind === 'const' || decl.kind === 'param') walkExpr(cx, decl.value, new Set());
    if (decl.kind === 'invariant') for (const expr of decl.always) walkExpr(cx, expr, new Set());
    if (decl.kind === 'guest') divisionsIn(cx, decl.decls);
  }
}

function walkBlock(cx: Context, body: Block, before: NonZero): void {
  let known = before;
  for (const stmt of body.stmts) known = walkStmt(cx, stmt, known);
}

/** Gives what is known to be non-zero behind the statement. */
function walkStmt(cx: Context, stmt: Stmt, known: NonZero): NonZero {
  switch (stmt.kind) {
    case 'if':
    case 'if-let':
      return walkChoice(cx, stmt, known);
    case 'match':
      walkExpr(cx, stmt.subject, known);
      for (const arm of stmt.arms) walkBlock(cx, arm.body, known);
      return known;
    case 'for':
      walkExpr(cx, stmt.iterable, known);
      walkBlock(cx, stmt.body, known);
      return known;
    case 'assign':
      walkExpr(cx, stmt.value, known);
      if (stmt.op === '/=' || stmt.op === '%=')
        checkDivisor(cx, stmt.op === '/=' ? '/' : '%', stmt.value, stmt.span, known);
      return afterAssignment(cx, stmt, known);
    default:
      for (const expr of expressionsOf(stmt)) walkExpr(cx, expr, known);
      return known;
  }
}

function walkChoice(cx: Context, stmt: IfStmt | IfLetStmt, known: NonZero): NonZero {
  const test = stmt.kind === 'if' ? stmt.condition : undefined;
  walkExpr(cx, test ?? (stmt.kind === 'if-let' ? stmt.value : stmt.condition), known);
  const held = with_(known, test === undefined ? [] : nonZeroWhen(cx, test, true));
  const failed = with_(known, test === undefined ? [] : nonZeroWhen(cx, test, false));
  walkBlock(cx, stmt.then, held);
  if (stmt.otherwise !== undefined) {
    if (stmt.otherwise.kind === 'block') walkBlock(cx, stmt.otherwise, failed);
    else walkStmt(cx, stmt.otherwise, failed);
  }
  if (leaves(stmt.then)) return failed;
  return stmt.otherwise?.kind === 'block' && leaves(stmt.otherwise) ? held : known;
}

const with_ = (known: NonZero, more: readonly string[]): NonZero =>
  more.length === 0 ? known : new Set([...known, ...more]);

/** A new value takes away what was known of the old one, and of what is reached through it. */
function afterAssignment(cx: Context, stmt: AssignStmt, known: NonZero): NonZero {
  const key = placeKey(cx, stmt.target);
  const field = stmt.target.kind === 'member' ? `.${stmt.target.member.text}` : undefined;
  const kept = [...known].filter(
    (k) => k !== key && !k.startsWith(`${key}.`) && (field === undefined || !k.endsWith(field)),
  );
  const isNonZero = stmt.op === '=' && key !== undefined && isConstantNonZero(cx, stmt.value);
  return new Set(isNonZero ? [...kept, key] : kept);
}

const isConstantNonZero = (cx: Context, expr: Expr): boolean => {
  const value = cx.constants.get(expr);
  return typeof value === 'bigint' && value !== 0n;
};

function walkExpr(cx: Context, expr: Expr, known: NonZero): void {
  if (expr.kind === 'binary' && (expr.op === '&&' || expr.op === '||')) {
    walkExpr(cx, expr.left, known);
    walkExpr(cx, expr.right, with_(known, nonZeroWhen(cx, expr.left, expr.op === '&&')));
    return;
  }
  if (expr.kind === 'cond') {
    walkExpr(cx, expr.condition, known);
    walkExpr(cx, expr.then, with_(known, nonZeroWhen(cx, expr.condition, true)));
    walkExpr(cx, expr.otherwise, with_(known, nonZeroWhen(cx, expr.condition, false)));
    return;
  }
  for (const part of partsOf(expr)) walkExpr(cx, part, known);
  if (isDivision(expr)) checkDivisor(cx, expr.op, expr.right, expr.span, known);
}

const isDivision = (expr: Expr): expr is BinaryExpr & { readonly op: '/' | '%' } =>
  expr.kind === 'binary' && (expr.op === '/' || expr.op === '%');

function checkDivisor(cx: Context, op: '/' | '%', divisor: Expr, span: Span, known: NonZero): void {
  const type = cx.types.get(divisor);
  if (type === undefined || type.kind === 'error') return;
  const gives = op === '/' ? '0' : 'the dividend';
  const value = cx.constants.get(divisor);
  if (typeof value === 'bigint') {
    if (value === 0n) report(cx, 'PV3013', span, { op, gives });
    return;
  }
  if (!mayBeZero(cx, divisor, known)) return;
  const one = type.kind === 'duration' ? '1ns' : '1';
  const fixes =
    type.kind === 'ratio'
      ? []
      : [
          {
            title: `Divide by at least ${one}`,
            edits: [insert(divisor.span.start, 'max('), insert(divisor.span.end, `, ${one})`)],
          },
        ];
  report(cx, 'PV3014', divisor.span, { divisor: textOf(divisor) ?? 'the divisor', gives, one }, { fixes });
}

/** Is it a variable whose value may well be zero? Results of calls and of arithmetic get the benefit of the doubt. */
function mayBeZero(cx: Context, expr: Expr, known: NonZero): boolean {
  const type = cx.types.get(expr);
  const range = type === undefined ? undefined : intRange(type);
  if (range !== undefined && (range.lo > 0n || range.hi < 0n)) return false;
  const key = placeKey(cx, expr);
  if (key !== undefined && known.has(key)) return false;
  switch (expr.kind) {
    case 'paren':
      return mayBeZero(cx, expr.inner, known);
    case 'cast':
      return mayBeZero(cx, expr.operand, known);
    case 'name':
      return nameMayBeZero(cx, expr, known);
    case 'member': {
      const symbol = cx.names.get(expr.member);
      return (
        symbol?.kind === 'state-field' || symbol?.kind === 'shared-field' || symbol?.kind === 'builtin-member'
      );
    }
    default:
      return false;
  }
}

function nameMayBeZero(cx: Context, expr: Expr & { readonly kind: 'name' }, known: NonZero): boolean {
  const symbol = cx.names.get(expr.name);
  switch (symbol?.kind) {
    case 'state-field':
      return true;
    case 'param': {
      const { range, value } = symbol.decl;
      const lo = cx.constants.get(range === undefined ? value : range.lo);
      const hi = cx.constants.get(range === undefined ? value : range.hi);
      const within = typeof lo === 'bigint' && typeof hi === 'bigint' && lo <= 0n && hi >= 0n;
      return range === undefined || within;
    }
    case 'local': {
      if (symbol.role === 'var') return true;
      const stmt = cx.lets.get(symbol);
      if (stmt === undefined || stmt.names.length !== 1) return false;
      const value = cx.constants.get(stmt.value);
      return typeof value === 'bigint' ? value === 0n : mayBeZero(cx, stmt.value, known);
    }
    default:
      return false;
  }
}
