import type { Choices } from './random-choices.ts';
import { questions, thing, THINGS, type Table, type Thing } from './random-policy-things.ts';

/** The scalar types of the language, in the order in which simpler policies prefer them. */
export const SCALARS = [
  'u64', 's64', 'bool', 'duration', 'u8', 'u16', 'u32', 's8', 's16', 's32', 'instant', 'vtime', 'ratio', 'nice',
  'rt_prio', 'weight', 'sched_class', 'Mode',
] as const; // prettier-ignore
export type Scalar = (typeof SCALARS)[number];

/** Members of the enum `Mode` that every random policy declares, with their numbers. */
export const MODE = [
  ['idle', 0],
  ['busy', 3],
  ['gone', 9],
] as const;

export const CLASSES = ['NORMAL', 'FIFO', 'RR', 'BATCH', 'IDLE', 'EXT'] as const;

/** Something that a name stands for. */
export interface Named {
  readonly text: string;
  readonly type: Scalar;
}

export interface Callable {
  readonly name: string;
  readonly params: readonly (Named | Thing)[];
  readonly result: Scalar;
}

export const isThing = (param: Named | Thing): param is Thing => THINGS.some((type) => type === param.type);

/** What expressions can refer to. */
export interface Scope {
  readonly values: readonly Named[];
  readonly things: readonly Thing[];
  readonly tables: readonly Table[];
  /** Masks that are kept, by what they are called here. */
  readonly masks?: readonly string[];
  readonly functions: readonly Callable[];
  /** `now()` and other things that no two runs agree on. */
  readonly clock: boolean;
  /** The code of the guest, which knows no vCPUs. */
  readonly guest?: boolean;
}

/** The scalar types that code has names for: classes are the host's. */
export const scalarsOf = ({ guest }: Pick<Scope, 'guest'>): readonly Scalar[] =>
  guest === true ? SCALARS.filter((type) => type !== 'sched_class') : SCALARS;

const UNSIGNED: readonly Scalar[] = ['u64', 'u8', 'u16', 'u32', 'rt_prio', 'weight'];
const SIGNED: readonly Scalar[] = ['s64', 's8', 's16', 's32', 'nice'];
const ORDERED = ['u64', 's64', 'duration', 'instant', 'vtime', 'ratio'] as const;

const COMPARISONS = ['<', '<=', '>', '>=', '==', '!='] as const;

const EDGES = [0n, 1n, 2n, 3n, 7n, 100n, 255n, 256n, 65535n, (1n << 31n) - 1n, 1n << 31n, (1n << 31n) + 1n,
  (1n << 32n) - 1n, 1n << 32n, (1n << 53n) - 1n, 1n << 53n, (1n << 53n) + 1n, (1n << 63n) - 1n, 1n << 63n,
  (1n << 64n) - 1n]; // prettier-ignore

/** The values that a type can have: both ends. */
export function rangeOf(type: Scalar): readonly [bigint, bigint] {
  const int = /^([us])(\d+)$/.exec(type);
  if (int) {
    const bits = BigInt(int[2] ?? '64');
    return int[1] === 'u' ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
  }
  switch (type) {
    case 'bool':
      return [0n, 1n];
    case 'nice':
      return [-20n, 19n];
    case 'rt_prio':
      return [1n, 99n];
    case 'weight':
      return [1n, 10_000n];
    case 'Mode':
    case 'sched_class':
      return [0n, 0n];
    default:
      return [0n, (1n << 64n) - 1n];
  }
}

/** A literal of `type`, or a cast one for the types that have none. */
export function literal(c: Choices, type: Scalar): string {
  const [lo, hi] = rangeOf(type);
  switch (type) {
    case 'bool':
      return c.flip() ? 'true' : 'false';
    case 'duration':
      return c.pick(['0ns', '1ns', '1us', '500us', '3ms', '7s', '1023ns', '5000000000s']);
    case 'ratio':
      return c.pick(['25%', '0%', '100%', '0.3', '1.5', '33.3%', '900%']);
    case 'instant':
    case 'vtime':
      return `(${unsignedLiteral(c)} as ${type})`;
    case 'Mode':
      return `Mode.${c.pick(MODE)[0]}`;
    case 'sched_class':
      return c.pick(CLASSES);
    default: {
      const edges = [...EDGES, ...EDGES.map((edge) => -edge)].filter((edge) => edge >= lo && edge <= hi);
      return `${c.pick(edges)}`;
    }
  }
}

/** A number that has its type without a place to adapt to. */
const unsignedLiteral = (c: Choices): string => `(${c.pick(EDGES)} as u64)`;

/** Literals adapt to what is beside them; beside each other they need a type of their own. */
function leaf(c: Choices, scope: Scope, type: Scalar, own: boolean): string {
  const kinds = type === 'u64' ? UNSIGNED : type === 's64' ? SIGNED : [type];
  const values = scope.values.filter((value) => kinds.includes(value.type));
  if (values.length > 0 && !c.flip(3)) return c.pick(values).text;
  const text = literal(c, type);
  return own && /^-?\d+$/.test(text) ? `(${text} as ${type})` : text;
}

/**
 * An expression that fits where `type` is wanted: `u64` and `s64` stand for what computes in 64 bits. `own`: it must
 * have a type without its surroundings.
 */
export function expression(c: Choices, scope: Scope, type: Scalar, depth: number, own = false): string {
  if (depth <= 0 || c.flip(4)) return leaf(c, scope, type, own);
  const e = (of: Scalar, alone = true): string => expression(c, scope, of, depth - 1, alone);
  const ways: (() => string)[] = [
    () => leaf(c, scope, type, own),
    ...specific(c, type, e, scope),
    () => `(${e('bool')} ? ${e(type)} : ${e(type)})`,
    ...questions(c, scope, type, e),
  ];
  const callable = scope.functions.filter((fn) => fn.result === type);
  if (callable.length > 0) ways.push(() => call(c, scope, c.pick(callable), e) ?? leaf(c, scope, type, own));
  if (scope.clock && type === 'instant') ways.push(() => 'now()');
  return c.pick(ways)();
}

export type Sub = (of: Scalar, alone?: boolean) => string;

/** A call of a function; undefined where it needs a thing that is not at hand. */
export function call(c: Choices, scope: Scope, fn: Callable, e: Sub): string | undefined {
  const args = fn.params.map((param) =>
    isThing(param) ? thing(c, scope, param.type) : e(param.type, false),
  );
  return args.includes(undefined) ? undefined : `${fn.name}(${args.join(', ')})`;
}

/** Does it name nothing that changes? The checker knows its value then, and holds it against what is possible. */
export const isConstant = (text: string): boolean =>
  !/\b(?:v|p|g|t|c|k|m|n|h|par|fun|gun|count|seen|tab|set|q)\d|\b(?:prev|next|current|this_cpu|has|vcpu|vec|p|scx_bpf_\w+)\b/.test(
    text,
  );

/** A shift count: constants from 0 to 63, variables as they come. */
export function shiftCount(c: Choices, text: string): string {
  return isConstant(text) ? `${c.below(64)}` : text;
}

/** `own` on one side is enough: a literal adapts to the other. */
const infix = (c: Choices, e: Sub, ops: readonly string[], left: Scalar, right = left): string => {
  const op = c.pick(ops);
  const loose = c.flip(4);
  return loose ? `(${e(left)} ${op} ${e(right, false)})` : `(${e(left)} ${op} ${e(right)})`;
};

const compare = (c: Choices, e: Sub, type: Scalar): string =>
  `(${e(type)} ${c.pick(COMPARISONS)} ${e(type)})`;

function specific(c: Choices, type: Scalar, e: Sub, { guest }: Scope): (() => string)[] {
  const two = (name: string, of: Scalar): string => `${name}(${e(of)}, ${e(of)})`;
  switch (type) {
    case 'u64':
      return [
        () => infix(c, e, ['+', '-', '*', '&', '|', '^', '/', '%'], 'u64'),
        () => `(${e('u64')} ${c.pick(['<<', '>>'])} ${shiftCount(c, e(c.pick(['u64', 's64'])))})`,
        () => `~${e('u64')}`,
        () => two(c.pick(['min', 'max']), 'u64'),
        () => `clamp(${e('u64')}, ${e('u64')}, ${e('u64')})`,
        () => `abs(${e('s64')})`,
        () => `(${e('duration')} / ${e('duration')})`,
        () => `(${e('ratio')} * ${e('u64')})`,
        () => `(${e(c.pick(['s64', 'duration', 'instant', 'vtime', 'bool', 'Mode'] as const))} as u64)`,
        () => `(${e('u64')} / max(${e('u64')}, 1))`,
      ];
    case 's64':
      return [
        () => infix(c, e, ['+', '-', '*', '&', '|', '^', '/', '%'], 's64'),
        () => `(${e('s64')} ${c.pick(['<<', '>>'])} ${shiftCount(c, e(c.pick(['u64', 's64'])))})`,
        () => `-${e('s64')}`,
        () => `~${e('s64')}`,
        () => two(c.pick(['min', 'max']), 's64'),
        () => `clamp(${e('s64')}, ${e('s64')}, ${e('s64')})`,
        () => `(${e(c.pick(['u64', 'duration', 'instant', 'bool', 'Mode'] as const))} as s64)`,
      ];
    case 'bool':
      return [
        () => `(${e('bool')} ${c.pick(['&&', '||'])} ${e('bool')})`,
        () => `!${e('bool')}`,
        () => compare(c, e, c.pick(ORDERED)),
        () => compare(c, e, c.pick([...UNSIGNED, ...SIGNED])),
        () => `(${e(c.pick([...UNSIGNED, ...SIGNED]))} ${c.pick(COMPARISONS)} ${1 + c.below(19)})`,
        () => infix(c, e, ['==', '!='], c.pick(guest ? ['Mode', 'bool'] : ['Mode', 'bool', 'sched_class'])),
        () => two('before', c.pick(['instant', 'vtime'] as const)),
      ];
    case 'duration':
      return [
        () => infix(c, e, ['+', '-', '%'], 'duration'),
        () => infix(c, e, ['*', '/'], 'duration', c.pick(['u64', 'ratio'] as const)),
        () => `(${e('instant')} - ${e('instant')})`,
        () => `(${e('vtime')} - ${e('vtime')})`,
        () => `(${e('instant')} % ${e('duration')})`,
        () => two(c.pick(['min', 'max']), 'duration'),
        () => `(${e(c.pick(['u64', 'vtime'] as const))} as duration)`,
      ];
    case 'instant':
      return [
        () => infix(c, e, ['+', '-'], 'instant', 'duration'),
        () => two(c.pick(['min', 'max']), 'instant'),
        () => `(${e('u64')} as instant)`,
      ];
    case 'vtime':
      return [
        () => infix(c, e, ['+', '-'], 'vtime', 'duration'),
        () => two(c.pick(['min', 'max']), 'vtime'),
        () => `clamp(${e('vtime')}, ${e('vtime')}, ${e('vtime')})`,
        () => `(${e(c.pick(['u64', 'duration', 'instant'] as const))} as vtime)`,
      ];
    case 'ratio':
      return [
        () => infix(c, e, ['+', '-', '*', '/'], 'ratio'),
        () => `(${e('ratio')} / ${e('u64')})`,
        () => two(c.pick(['min', 'max']), 'ratio'),
        () => `ratio(${e('duration')}, ${e('duration')})`,
        () => `ratio(${e('u64')}, ${e('u64')})`,
      ];
    case 'sched_class':
    case 'Mode':
      return [];
    default:
      return [() => `(${e(c.pick(['u64', 's64'] as const))} as ${type})`];
  }
}
