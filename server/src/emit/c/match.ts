import type { Expr, MatchArm, Stmt } from '../../ir/ir.ts';
import { atMost, hoist, LEVEL, type Body } from './body.ts';
import { cType, declare, integer, type Width } from './ctypes.ts';
import { exprC } from './expressions.ts';
import { comparedC } from './operators.ts';
import type { Line } from './printer.ts';
import { indent } from './printer.ts';
import { bound, branches, isDeclaration, nested } from './statements.ts';
import { blocksOf } from './walk.ts';

type Match = Stmt & { kind: 'match' };

/** C for `match`: a switch, or a chain of tests where arms overlap or leave a loop around the match. */
export function matchLines(body: Body, stmt: Match): Line[] {
  return canSwitch(stmt) ? switchLines(body, stmt) : chainLines(body, stmt);
}

function canSwitch(stmt: Match): boolean {
  const ranges = stmt.arms.flatMap((arm) => arm.ranges).toSorted((a, b) => (a.lo < b.lo ? -1 : 1));
  const apart = ranges.every((range, i) => {
    const next = ranges[i + 1];
    return range.lo <= range.hi && (next === undefined || range.hi < next.lo);
  });
  const catchAlls = stmt.arms.filter((arm) => arm.ranges.length === 0).length;
  const last = stmt.arms.at(-1);
  const endsWell = catchAlls === 0 || (catchAlls === 1 && last?.ranges.length === 0);
  return apart && endsWell && !stmt.arms.some((arm) => leavesLoop(arm.body));
}

/** Would a `break` in the arm leave a loop around the match? */
const leavesLoop = (stmts: readonly Stmt[]): boolean =>
  stmts.some(
    (stmt) =>
      stmt.kind === 'break' ||
      (stmt.kind !== 'for-range' && stmt.kind !== 'for-each' && blocksOf(stmt).some(leavesLoop)),
  );

function switchLines(body: Body, stmt: Match): Line[] {
  const head: Line = { text: `switch (${subjectText(body, stmt)}) {`, origin: body.line };
  const arms = stmt.arms.flatMap((arm) => armLines(body, labels(body, stmt, arm), arm));
  return [head, ...arms, { text: '}', origin: 'any' }];
}

/** C holds the labels against the type that it has the subject in: one with the sign of the policy's, and room for all. */
function subjectText(body: Body, { subject, arms }: Match): string {
  const c = comparedC(body, subject);
  const { type } = subject;
  if (isTruth(subject)) return `(${cType(type)})${atMost(c, LEVEL.unary)}`;
  if (type.kind !== 'int' || typeof c.width !== 'object' || fits(c.width, type.signed, arms)) return c.text;
  return `(${cType(type)})${atMost(c, LEVEL.unary)}`;
}

const fits = ({ bits, signed }: Exclude<Width, string>, wanted: boolean, arms: Match['arms']): boolean =>
  signed === wanted &&
  arms.every(({ ranges }) =>
    ranges.every(({ lo, hi }) => {
      const cut = signed ? BigInt.asIntN : BigInt.asUintN;
      return cut(bits, lo) === lo && cut(bits, hi) === hi;
    }),
  );

/** A number that is a truth value in C, which no switch takes. */
const isTruth = (expr: Expr): boolean =>
  expr.kind === 'convert' && (expr.operand.type.kind === 'bool' || isTruth(expr.operand));

function labels(body: Body, stmt: Match, arm: MatchArm): Line[] {
  if (arm.ranges.length === 0) return [{ text: 'default:', origin: 'any' }];
  const value = (number: bigint): string =>
    exprC(body, { kind: 'const', value: number, type: stmt.subject.type, span: stmt.span }).text;
  return arm.ranges.map(({ lo, hi }) => ({
    text: lo === hi ? `case ${value(lo)}:` : `case ${value(lo)} ... ${value(hi)}:`,
    origin: 'any',
  }));
}

/** A label cannot stand before a declaration: such arms get braces. */
function armLines(body: Body, heads: readonly Line[], arm: MatchArm): Line[] {
  const lines = nested(body, arm.body);
  const declares = lines.some((line) => isDeclaration(line.text));
  const leaves = /^(return|continue)\b/.test(lines.at(-1)?.text ?? '');
  const ended: Line[] = leaves ? lines : [...lines, { text: 'break;', origin: 'any' }];
  if (!declares) return [...heads, ...indent(ended)];
  const opened = heads.map((line, i) =>
    i === heads.length - 1 ? { ...line, text: `${line.text} {` } : line,
  );
  return [...opened, ...indent(ended), { text: '}', origin: 'any' }];
}

function chainLines(body: Body, stmt: Match): Line[] {
  const hidden = comparedC(body, stmt.subject);
  const plain = exprC(body, stmt.subject);
  const subject =
    hidden.text === plain.text
      ? bound(body, stmt.subject, 'subject')
      : hoist(body, 'subject', (name) => `${declare(cType(stmt.subject.type), name)} = ${hidden.text};`);
  const [first, ...rest] = stmt.arms;
  return first === undefined ? [] : arm(body, subject, first, rest);
}

function arm(body: Body, subject: string, first: MatchArm, rest: readonly MatchArm[]): Line[] {
  if (first.ranges.length === 0) return nested(body, first.body);
  const test = first.ranges.map(({ lo, hi }) =>
    lo === hi
      ? `${subject} == ${integer(lo)}`
      : `(${subject} >= ${integer(lo)} && ${subject} <= ${integer(hi)})`,
  );
  const [next, ...others] = rest;
  const then = nested(body, first.body);
  const head = `if (${test.join(' || ')})`;
  if (next === undefined) return branches(body, head, then, []);
  const tail = arm(body, subject, next, others);
  const opened: Line[] = [{ text: `${head} {`, origin: body.line }, ...indent(then)];
  return [...opened, { text: '} else {', origin: 'any' }, ...indent(tail), { text: '}', origin: 'any' }];
}
