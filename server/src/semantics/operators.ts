import type { BinaryOp } from '../../../grammar/ast.ts';
import { BOOL, CPUMASK, DURATION, INSTANT, RATIO, S64, U64, VTIME, type Type } from './types.ts';

/**
 * What counts for an operator: integers of any width are one class a sign, and `nice`, `rt_prio`, `weight` and `cpu`
 * count as integers. Other types are classes of their own.
 */
export type OperandClass =
  'uint' | 'sint' | Exclude<Type['kind'], 'int' | 'nice' | 'rt_prio' | 'weight' | 'cpu'>;

/** The class of a type; an `ewma` counts as what it averages. */
export function classOf(type: Type): OperandClass {
  switch (type.kind) {
    case 'int':
      return type.signed ? 'sint' : 'uint';
    case 'nice':
      return 'sint';
    case 'rt_prio':
    case 'weight':
    case 'cpu':
      return 'uint';
    case 'ewma':
      return classOf(type.of);
    default:
      return type.kind;
  }
}

/** A line of the table of operators: what may stand left and right, and what comes out. */
export interface Operation {
  readonly op: BinaryOp;
  readonly left: OperandClass;
  readonly right: OperandClass;
  readonly result: OperandClass;
  readonly meaning: string;
}

const row = (
  op: BinaryOp,
  left: OperandClass,
  right: OperandClass,
  result: OperandClass,
  meaning: string,
): Operation => ({ op, left, right, result, meaning });

const bothWays = (
  op: BinaryOp,
  left: OperandClass,
  right: OperandClass,
  result: OperandClass,
  meaning: string,
): readonly Operation[] => [row(op, left, right, result, meaning), row(op, right, left, result, meaning)];

const WRAPS = '64-bit, wraps';
const SATURATES = 'saturates at zero';

const integers = (c: 'uint' | 'sint'): readonly Operation[] => [
  ...(['+', '-', '*'] as const).map((op) => row(op, c, c, c, WRAPS)),
  row('/', c, c, c, '0 where the divisor is 0'),
  row('%', c, c, c, 'the dividend where the divisor is 0'),
  ...(['&', '|', '^'] as const).map((op) => row(op, c, c, c, 'bit by bit')),
  ...(['uint', 'sint'] as const).flatMap((count) => [
    row('<<', c, count, c, 'the count is taken modulo 64'),
    row('>>', c, count, c, c === 'sint' ? 'keeps the sign; count modulo 64' : 'count modulo 64'),
  ]),
];

const ARITHMETIC: readonly Operation[] = [
  ...integers('uint'),
  ...integers('sint'),

  row('+', 'duration', 'duration', 'duration', WRAPS),
  row('-', 'duration', 'duration', 'duration', SATURATES),
  ...bothWays('*', 'duration', 'uint', 'duration', WRAPS),
  row('/', 'duration', 'uint', 'duration', '0 where the divisor is 0'),
  row('/', 'duration', 'duration', 'uint', 'how many times it fits; 0 where the divisor is 0'),
  row('%', 'duration', 'duration', 'duration', 'the rest; the dividend where the divisor is 0'),
  ...bothWays('*', 'duration', 'ratio', 'duration', 'that part of it, rounded down'),
  row('/', 'duration', 'ratio', 'duration', 'scaled up, rounded down; 0 where the divisor is 0'),

  row('-', 'instant', 'instant', 'duration', `the time between them; ${SATURATES}`),
  ...bothWays('+', 'instant', 'duration', 'instant', 'later by so much'),
  row('-', 'instant', 'duration', 'instant', `earlier by so much; ${SATURATES}`),
  row('%', 'instant', 'duration', 'duration', 'the time since the last multiple'),

  ...bothWays('+', 'vtime', 'duration', 'vtime', 'wraps'),
  row('-', 'vtime', 'duration', 'vtime', 'wraps'),
  row('-', 'vtime', 'vtime', 'duration', 'how far the left one is ahead; zero where it is behind'),

  row('+', 'ratio', 'ratio', 'ratio', WRAPS),
  row('-', 'ratio', 'ratio', 'ratio', SATURATES),
  row('*', 'ratio', 'ratio', 'ratio', 'rounded down to 1/1024'),
  row('/', 'ratio', 'ratio', 'ratio', '0 where the divisor is 0'),
  ...bothWays('*', 'ratio', 'uint', 'uint', 'that part of it, rounded down'),
  row('/', 'ratio', 'uint', 'ratio', '0 where the divisor is 0'),

  ...(['&', '|', '^'] as const).map((op) => row(op, 'cpumask', 'cpumask', 'cpumask', 'CPU by CPU')),
  ...(['&', '|', '^'] as const).map((op) => row(op, 'flags', 'flags', 'flags', 'within one group of flags')),
  row('has', 'flags', 'flags', 'bool', 'are all flags on the right set on the left?'),

  row('&&', 'bool', 'bool', 'bool', 'the right side is computed only where the left is true'),
  row('||', 'bool', 'bool', 'bool', 'the right side is computed only where the left is false'),
];

const ORDERED: readonly OperandClass[] = ['uint', 'sint', 'duration', 'instant', 'vtime', 'ratio'];
const EQUATED: readonly OperandClass[] = [
  ...ORDERED,
  'bool',
  'cpumask',
  'task',
  'vcpu',
  'vm',
  'dsq',
  'sched_class',
  'string',
  'enum',
  'flags',
  'struct',
];

const COMPARISONS: readonly Operation[] = [
  ...EQUATED.flatMap((c) => (['==', '!='] as const).map((op) => row(op, c, c, 'bool', 'the same?'))),
  ...ORDERED.flatMap((c) =>
    (['<', '<=', '>', '>='] as const).map((op) =>
      row(op, c, c, 'bool', c === 'vtime' ? 'compares with wrap-around' : 'compares'),
    ),
  ),
];

/** Everything that two operands can do: the checker looks here, and so do the docs. */
export const OPERATIONS: readonly Operation[] = [...ARITHMETIC, ...COMPARISONS];

/** Why some pairs make no sense: what a user should know, and do instead. */
interface Forbidden {
  readonly ops: readonly BinaryOp[];
  readonly left: OperandClass;
  readonly right: OperandClass;
  readonly why: string;
}

export const FORBIDDEN: readonly Forbidden[] = [
  {
    ops: ['+'],
    left: 'instant',
    right: 'instant',
    why: 'two points in time have no sum; add a duration to a point in time, or subtract two of them',
  },
  {
    ops: ['+'],
    left: 'vtime',
    right: 'vtime',
    why: 'two points in virtual time have no sum; add a duration',
  },
  {
    ops: ['*'],
    left: 'duration',
    right: 'duration',
    why: 'time times time is no duration; multiply by a number or a ratio',
  },
  { ops: ['-'], left: 'duration', right: 'instant', why: 'swap the sides: a point in time minus a duration' },
  {
    ops: ['<', '<=', '>', '>=', '==', '!='],
    left: 'duration',
    right: 'instant',
    why: 'a span and a point in time do not compare; subtract first: `now() - since > limit`',
  },
  {
    ops: ['<', '<=', '>', '>=', '==', '!='],
    left: 'instant',
    right: 'duration',
    why: 'a point in time and a span do not compare; subtract first: `now() - since > limit`',
  },
  {
    ops: ['<', '<=', '>', '>=', '==', '!=', '+', '-'],
    left: 'instant',
    right: 'vtime',
    why: 'real and virtual time pass at different speed',
  },
  {
    ops: ['<', '<=', '>', '>=', '==', '!=', '+', '-'],
    left: 'vtime',
    right: 'instant',
    why: 'real and virtual time pass at different speed',
  },
  { ops: ['/'], left: 'uint', right: 'duration', why: 'swap the sides, or say what the number counts' },
  {
    ops: ['==', '!='],
    left: 'task',
    right: 'vcpu',
    why: 'compare the vCPU\u2019s thread: write `.task` behind the vCPU',
  },
  {
    ops: ['==', '!='],
    left: 'vcpu',
    right: 'task',
    why: 'compare the vCPU\u2019s thread: write `.task` behind the vCPU',
  },
  {
    ops: ['&', '|', '^'],
    left: 'bool',
    right: 'bool',
    why: 'truth values are joined by `&&`, `||` and `!=`',
  },
  { ops: ['has'], left: 'cpumask', right: 'uint', why: 'ask the mask: `mask.has(c)`' },
  { ops: ['+'], left: 'string', right: 'string', why: 'texts are not joined; `log` takes several parts' },
];

type ByRight = Map<OperandClass, Operation>;

const BY_OPERANDS = new Map<BinaryOp, Map<OperandClass, ByRight>>();
for (const o of OPERATIONS) {
  const byLeft = BY_OPERANDS.get(o.op) ?? new Map<OperandClass, ByRight>();
  BY_OPERANDS.set(o.op, byLeft);
  byLeft.set(o.left, (byLeft.get(o.left) ?? new Map<OperandClass, Operation>()).set(o.right, o));
}

/** The operation of `left op right`; undefined where there is none. */
export const operation = (op: BinaryOp, left: Type, right: Type): Operation | undefined =>
  BY_OPERANDS.get(op)?.get(classOf(left))?.get(classOf(right));

/** Why `left op right` makes no sense, where there is something to say. */
export const whyForbidden = (op: BinaryOp, left: Type, right: Type): string | undefined =>
  FORBIDDEN.find((f) => f.ops.includes(op) && f.left === classOf(left) && f.right === classOf(right))?.why;

/** The type of a result of class `c`; classes that several types have give the type of the left operand. */
export function resultType(c: OperandClass, left: Type): Type {
  switch (c) {
    case 'uint':
      return U64;
    case 'sint':
      return S64;
    case 'bool':
      return BOOL;
    case 'duration':
      return DURATION;
    case 'instant':
      return INSTANT;
    case 'vtime':
      return VTIME;
    case 'ratio':
      return RATIO;
    case 'cpumask':
      return CPUMASK;
    default:
      return left;
  }
}

/** A line of the table of casts. */
export interface Cast {
  readonly from: OperandClass;
  readonly to: readonly Type['kind'][];
  readonly meaning: string;
}

export const CASTS: readonly Cast[] = [
  { from: 'uint', to: ['int'], meaning: 'cut to the width; the bits stay' },
  { from: 'sint', to: ['int'], meaning: 'cut to the width; the bits stay' },
  { from: 'uint', to: ['nice', 'rt_prio', 'weight'], meaning: 'brought into the range of the type' },
  { from: 'sint', to: ['nice', 'rt_prio', 'weight'], meaning: 'brought into the range of the type' },
  { from: 'uint', to: ['cpu'], meaning: 'the CPU of that number' },
  { from: 'sint', to: ['cpu'], meaning: 'the CPU of that number' },
  { from: 'uint', to: ['duration', 'instant', 'vtime'], meaning: 'so many nanoseconds' },
  { from: 'duration', to: ['int'], meaning: 'nanoseconds, cut to the width' },
  { from: 'instant', to: ['int'], meaning: 'nanoseconds of the monotonic clock, cut to the width' },
  { from: 'vtime', to: ['int'], meaning: 'nanoseconds of virtual time, cut to the width' },
  { from: 'duration', to: ['vtime'], meaning: 'virtual time zero plus the duration' },
  { from: 'vtime', to: ['duration'], meaning: 'since virtual time zero' },
  { from: 'instant', to: ['vtime'], meaning: 'the clock as a rank: earliest first' },
  { from: 'bool', to: ['int'], meaning: '1 or 0' },
  { from: 'enum', to: ['int'], meaning: 'the member\u2019s number' },
  { from: 'flags', to: ['int'], meaning: 'the bits' },
];

const CAST_TARGETS: ReadonlyMap<OperandClass, ReadonlySet<Type['kind']>> = CASTS.reduce(
  (all, cast) => all.set(cast.from, new Set([...(all.get(cast.from) ?? []), ...cast.to])),
  new Map<OperandClass, Set<Type['kind']>>(),
);

/** May a value of type `from` be cast to `to`? */
export const castAllowed = (from: Type, to: Type): boolean =>
  CAST_TARGETS.get(classOf(from))?.has(to.kind) ?? false;
