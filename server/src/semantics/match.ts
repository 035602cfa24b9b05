import type { Expr, MatchStmt, Pattern } from '../../../grammar/ast.ts';
import { report, type Context, type Env, type Side } from './context.ts';
import { coerce } from './conversions.ts';
import { expectType, presentType, typeOfExpr } from './expressions.ts';
import { insert } from './fixes.ts';
import { findGlobal } from './lookup.ts';
import type { Value } from './model.ts';
import { block } from './statements.ts';
import { NAMES } from './builtins.ts';
import { ERROR, show, type Type } from './types.ts';

/** Both ends included. */
interface Covered {
  readonly lo: bigint;
  readonly hi: bigint;
}

const MATCHABLE: readonly Type['kind'][] = [
  'bool', 'int', 'duration', 'ratio', 'nice', 'rt_prio', 'weight', 'cpu', 'enum', 'sched_class', 'error',
]; // prettier-ignore

/** Checks `match`: patterns of the subject's type, known at compile time, none of them in vain, all cases there. */
export function match(cx: Context, env: Env, stmt: MatchStmt): void {
  const found = presentType(cx, env, stmt.subject);
  const type = found.kind === 'ewma' ? found.of : found;
  const ok = MATCHABLE.includes(type.kind);
  if (!ok) report(cx, 'PV3026', stmt.subject.span, { found: show(type) });
  const subject = ok ? type : ERROR;
  const covered: Covered[] = [];
  let everything = false;
  let known = subject.kind !== 'error';
  for (const arm of stmt.arms) {
    for (const pattern of arm.patterns) {
      const values = patternValues(cx, env, pattern, subject);
      known &&= values !== undefined;
      if (everything || (values !== undefined && values !== 'all' && isCovered(values, covered))) {
        report(cx, 'PV3024', pattern.span);
      }
      if (values === 'all') everything = true;
      else if (values !== undefined) covered.push(values);
    }
    block(cx, env, arm.body);
  }
  if (!everything && known) missingCases(cx, env, stmt, subject, covered);
}

/** What a pattern matches; undefined where that is not known, which has been reported. */
function patternValues(cx: Context, env: Env, pattern: Pattern, subject: Type): Covered | 'all' | undefined {
  if (pattern.kind === 'wildcard') return 'all';
  if (pattern.kind === 'name' && pattern.name.text === '_') return 'all';
  const constantEnv: Env = { ...env, place: 'constant' };
  if (pattern.kind !== 'range') return single(cx, constantEnv, pattern, subject);
  typeOfExpr(cx, constantEnv, pattern, subject);
  const from = constant(cx, pattern.from, subject);
  const to = constant(cx, pattern.to, subject);
  if (from === undefined || to === undefined) return undefined;
  if (from > to) {
    report(cx, 'PV3011', pattern.span, { lo: `${from}`, hi: `${to}` });
    return undefined;
  }
  return { lo: from, hi: to };
}

function single(cx: Context, env: Env, pattern: Expr, subject: Type): Covered | undefined {
  const type = expectType(cx, env, pattern, subject, 'a pattern');
  const value = toNumber(cx.constants.get(pattern));
  if (value === undefined) {
    if (type.kind !== 'error' && subject.kind !== 'error')
      report(cx, 'PV3010', pattern.span, { what: 'a pattern' });
    return undefined;
  }
  return type.kind === 'error' ? undefined : { lo: value, hi: value };
}

/** The value of one end of a range, which has been typed. */
function constant(cx: Context, expr: Expr, subject: Type): bigint | undefined {
  const type = coerce(cx, expr, cx.types.get(expr) ?? ERROR, subject, 'a pattern');
  const value = toNumber(cx.constants.get(expr));
  if (value === undefined && type.kind !== 'error') report(cx, 'PV3010', expr.span, { what: 'a pattern' });
  return type.kind === 'error' ? undefined : value;
}

const toNumber = (value: Value | undefined): bigint | undefined =>
  typeof value === 'bigint' ? value : typeof value === 'boolean' ? (value ? 1n : 0n) : undefined;

/** Is every value of `range` in one of `covered`? */
function isCovered(range: Covered, covered: readonly Covered[]): boolean {
  let next = range.lo;
  for (let grown = true; grown && next <= range.hi;) {
    grown = false;
    for (const { lo, hi } of covered) {
      if (lo <= next && hi >= next) {
        next = hi + 1n;
        grown = true;
      }
    }
  }
  return next > range.hi;
}

function missingCases(
  cx: Context,
  env: Env,
  stmt: MatchStmt,
  subject: Type,
  covered: readonly Covered[],
): void {
  const missing = casesOf(cx, env.side, subject)
    .filter(([, value]) => !isCovered({ lo: value, hi: value }, covered))
    .map(([name]) => name);
  if (missing.length === 0) return;
  const end = stmt.span.end - 1;
  report(
    cx,
    'PV3025',
    { start: stmt.span.start, end: stmt.subject.span.end },
    { missing: missing.join(', ') },
    {
      fixes: [
        {
          title: 'Add the missing cases',
          edits: [insert(end, missing.map((name) => `${name} => { }\n`).join(''))],
        },
        { title: "Add '_ => { }'", edits: [insert(end, '_ => { }\n')] },
      ],
    },
  );
}

/** All values of a type that has few of them. */
function casesOf(cx: Context, side: Side, type: Type): readonly (readonly [string, bigint])[] {
  switch (type.kind) {
    case 'bool':
      return [['true', 1n], ['false', 0n]]; // prettier-ignore
    case 'sched_class':
      return NAMES.flatMap((n) => (n.value === undefined ? [] : [[n.name, n.value] as const]));
    case 'enum': {
      const decl = findGlobal(cx, side, type.name)?.decl;
      if (decl?.kind !== 'enum') return [];
      return decl.members.flatMap((m) => {
        const symbol = cx.names.get(m.name);
        return symbol?.kind === 'enum-member' ? [[`${type.name}.${m.name.text}`, symbol.value] as const] : [];
      });
    }
    default:
      return [];
  }
}

/** Does the `match` do something for every value of its subject? */
export function isExhaustive(cx: Context, side: Side, stmt: MatchStmt): boolean {
  if (
    stmt.arms.some((arm) =>
      arm.patterns.some((p) => p.kind === 'wildcard' || (p.kind === 'name' && p.name.text === '_')),
    )
  ) {
    return true;
  }
  const type = cx.types.get(stmt.subject);
  if (type === undefined || isHint(cx, side, stmt.subject)) return false;
  const cases = casesOf(cx, side, type);
  const values = stmt.arms.flatMap((arm) =>
    arm.patterns.map((p) => (p.kind === 'wildcard' ? undefined : toNumber(cx.constants.get(p)))),
  );
  return cases.length > 0 && cases.every(([, value]) => values.includes(value));
}

/** Is it read from the page that the guest writes? Whatever its type, any number may stand there. */
function isHint(cx: Context, side: Side, expr: Expr): boolean {
  const symbol = expr.kind === 'member' ? cx.names.get(expr.member) : undefined;
  return side === 'host' && symbol?.kind === 'shared-field' && symbol.shared.direction.text === 'hint';
}
