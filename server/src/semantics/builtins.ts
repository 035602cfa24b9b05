import type { OperandClass } from './operators.ts';
import {
  BOOL,
  CPU,
  CPUMASK,
  DSQ,
  DURATION,
  INSTANT,
  RATIO,
  S64,
  TASK,
  U64,
  VCPU,
  VOID,
  optional,
  show,
  type Type,
} from './types.ts';

/** `T`: one type for all parameters that say so. `element`: what the receiver holds. `element?`: or none. */
export type Slot = Type | 'T' | 'element' | 'element?';

/**
 * Where a built-in can be used: in code of both sides, of the host only, of policies for sched_ext only, in
 * invariants (and nowhere else), in `expect` (and nowhere else), in code of the guest only.
 */
export type Where = 'both' | 'host' | 'sched_ext' | 'invariant' | 'expect' | 'guest';

export interface BuiltinParam {
  readonly name: string;
  readonly type: Slot;
}

/** A function or method of the language itself. */
export interface BuiltinInfo {
  readonly name: string;
  /** Type kind that it is a method of; undefined for a plain function. */
  readonly receiver: Type['kind'] | undefined;
  readonly params: readonly BuiltinParam[];
  /** Any number of arguments, each as the last parameter says. */
  readonly variadic: boolean;
  readonly result: Slot;
  /** Classes of types that `T` can be. */
  readonly generic: readonly OperandClass[];
  readonly where: Where;
  /** Has it an effect? A pure one whose result is not used is a mistake. */
  readonly pure: boolean;
  /** As shown in hover and signature help. */
  readonly signature: string;
  readonly doc: string;
}

/** The type of a parameter or result as signatures show it. */
export const showSlot = (slot: Slot): string => (typeof slot === 'string' ? slot : show(slot));

interface Options {
  readonly receiver?: Type['kind'];
  readonly generic?: readonly OperandClass[];
  readonly where?: Where;
  readonly pure?: boolean;
  readonly variadic?: boolean;
}

/** Builds the description of a built-in; its signature is made from its parts. */
export function builtin(
  name: string,
  params: readonly (readonly [name: string, type: Slot])[],
  result: Slot,
  doc: string,
  options: Options = {},
): BuiltinInfo {
  const list = params.map(([param, type]) => `${param}: ${showSlot(type)}`).join(', ');
  const dots = options.variadic === true ? ', \u2026' : '';
  const gives = typeof result !== 'string' && result.kind === 'void' ? '' : ` -> ${showSlot(result)}`;
  const owner = options.receiver === undefined ? '' : '.';
  return {
    name,
    receiver: options.receiver,
    params: params.map(([param, type]) => ({ name: param, type })),
    variadic: options.variadic ?? false,
    result,
    generic: options.generic ?? [],
    where: options.where ?? 'both',
    pure: options.pure ?? true,
    signature: `${owner}${name}(${list}${dots})${gives}`,
    doc,
  };
}

const ORDERED: readonly OperandClass[] = ['uint', 'sint', 'duration', 'instant', 'vtime', 'ratio'];

export const FUNCTIONS: readonly BuiltinInfo[] = [
  builtin('now', [], INSTANT, 'The time now, of the kernel\u2019s monotonic clock.'),
  builtin('current', [], TASK, 'The thread that runs on this CPU.'),
  builtin('current_vcpu', [], optional(VCPU), 'The vCPU whose thread runs on this CPU, if it is one.', {
    where: 'host',
  }),
  builtin('vcpu', [['thread', TASK]], optional(VCPU), 'The vCPU that the thread runs, if it runs one.', {
    where: 'host',
  }),
  builtin('this_cpu', [], CPU, 'The CPU that runs this code.'),
  builtin('min', [['a', 'T'], ['b', 'T']], 'T', 'The smaller of two values of one kind.', { generic: ORDERED }), // prettier-ignore
  builtin('max', [['a', 'T'], ['b', 'T']], 'T', 'The larger of two values of one kind.', { generic: ORDERED }), // prettier-ignore
  builtin(
    'clamp',
    [['x', 'T'], ['low', 'T'], ['high', 'T']],
    'T',
    '`x`, but at least `low` and at most `high`.',
    { generic: ORDERED },
  ), // prettier-ignore
  builtin('abs', [['x', S64]], U64, 'The distance of `x` from zero.'),
  builtin(
    'before',
    [['a', 'T'], ['b', 'T']],
    BOOL,
    'Is `a` earlier than `b`? Right also where the counter has wrapped around between them.',
    { generic: ['vtime', 'instant'] },
  ), // prettier-ignore
  builtin(
    'ratio',
    [['part', 'T'], ['whole', 'T']],
    RATIO,
    'What part of `whole` is `part`, rounded down to 1/1024; 0 where `whole` is zero.',
    { generic: ['uint', 'duration'] },
  ), // prettier-ignore
  builtin(
    'cpus',
    [['cpu', CPU]],
    CPUMASK,
    'The set of these CPUs; `a..b` stands for all from `a` to `b`, both included. `cpus(mask)` is the mask itself, in the words of a loop.',
    { variadic: true },
  ),
  builtin('is_kthread', [['thread', TASK]], BOOL, 'Is it a thread of the kernel itself?'),
  builtin(
    'can_run_on',
    [['thread', TASK], ['cpu', CPU]],
    BOOL,
    'May the thread run on the CPU right now: its affinity, whether its migration is disabled, whether the CPU is online. ' +
      'An insert into a CPU\u2019s own queue needs this test.',
    { where: 'host' },
  ), // prettier-ignore
  builtin('local_on', [['cpu', CPU]], DSQ, 'The queue of that CPU alone.', { where: 'sched_ext' }),
  builtin(
    'waiting',
    [['thread', TASK]],
    DURATION,
    'How long the thread has been waiting for a CPU without a break; zero where it runs or sleeps.',
    { where: 'invariant' },
  ),
  builtin(
    'boosted_for',
    [['thread', TASK]],
    DURATION,
    'How long ago the boost of the thread began that is still in force; zero where there is none.',
    { where: 'invariant' },
  ),
];

const effect = (receiver: Type['kind']): Options => ({ receiver, pure: false });
const query = (receiver: Type['kind']): Options => ({ receiver });

export const METHODS: readonly BuiltinInfo[] = [
  builtin('record', [['value', 'element']], VOID, 'Adds a value to the histogram.', effect('histogram')),
  builtin(
    'update',
    [['sample', 'element']],
    VOID,
    'Moves the average towards the sample by its weight; the first sample is taken as it is.',
    effect('ewma'),
  ),
  builtin(
    'push',
    [['value', 'element']],
    VOID,
    'Adds a value to the list; a full list stays as it is.',
    effect('list'),
  ),
  builtin(
    'remove',
    [['value', 'element']],
    VOID,
    'Takes the value out of the list, if it is there.',
    effect('list'),
  ),
  builtin('clear', [], VOID, 'Empties the list.', effect('list')),
  builtin('contains', [['value', 'element']], BOOL, 'Is the value in the list?', query('list')),
  builtin(
    'push',
    [['value', 'element']],
    VOID,
    'Adds the newest value; a full ring forgets its oldest.',
    effect('ring'),
  ),
  builtin('clear', [], VOID, 'Empties the ring.', effect('ring')),
  builtin('has', [['cpu', CPU]], BOOL, 'Is the CPU in the set?', query('cpumask')),
];

/** A member that a type brings, written without parentheses. */
export interface BuiltinMember {
  readonly name: string;
  /** Type kind that it is a member of. */
  readonly of: Type['kind'];
  readonly type: Slot;
  readonly where: Where;
  readonly doc: string;
}

const U32_: Type = { kind: 'int', bits: 32, signed: false };

const member = (
  of: Type['kind'],
  name: string,
  type: Slot,
  doc: string,
  where: Where = 'both',
): BuiltinMember => ({ of, name, type, doc, where });

export const MEMBERS: readonly BuiltinMember[] = [
  member('vcpu', 'id', U32_, 'KVM\u2019s number of the vCPU within its VM.', 'host'),
  member('vcpu', 'tid', U32_, 'Thread id of the vCPU\u2019s thread.', 'host'),
  member('vcpu', 'vm', { kind: 'vm' }, 'The VM that the vCPU belongs to.', 'host'),
  member('vcpu', 'task', TASK, 'The thread that runs the vCPU.', 'host'),
  member(
    'vcpu',
    'hint',
    { kind: 'shared', direction: 'hint' },
    'What the guest wrote. Not to be trusted.',
    'host',
  ),
  member(
    'vcpu',
    'feedback',
    { kind: 'shared', direction: 'feedback' },
    'What the guest of this vCPU can read.',
    'host',
  ),
  member('vm', 'id', U32_, 'Thread group id of the VM\u2019s process.', 'host'),
  member('vm', 'vcpus', { kind: 'sequence', of: VCPU }, 'Its vCPUs, for `for v in m.vcpus max N`.', 'host'),
  member('task', 'pid', U32_, 'Thread id.'),
  member('task', 'tgid', U32_, 'Id of the process that the thread belongs to.'),
  member('task', 'comm', { kind: 'string' }, 'Name of the thread, at most 15 characters.'),
  member('cpumask', 'empty', BOOL, 'Has the set no CPU?'),
  member('cpumask', 'count', U64, 'How many CPUs the set has.'),
  member('cpumask', 'first', optional(CPU), 'The lowest CPU of the set, if there is one.'),
  member('cpumask', 'any', optional(CPU), 'Some CPU of the set, if there is one; not always the same.'),
  member('list', 'len', U64, 'How many values the list has.'),
  member('ring', 'len', U64, 'How many values the ring has.'),
  member('ring', 'sum', 'element', 'The sum of its values.'),
  member('ring', 'avg', 'element', 'The mean of its values, rounded down; zero while it is empty.'),
  member('ring', 'max', 'element', 'The largest of its values; zero while it is empty.'),
  member('dsq', 'len', U64, 'How many tasks wait in the queue.', 'sched_ext'),
];

/** A value that the language brings. */
export interface BuiltinName {
  readonly name: string;
  readonly type: Type;
  readonly where: Where;
  /** For `FIFO` and its like: the kernel\u2019s number of the policy (include/uapi/linux/sched.h). */
  readonly value: bigint | undefined;
  readonly doc: string;
}

const named = (name: string, type: Type, where: Where, doc: string, value?: bigint): BuiltinName => ({
  name,
  type,
  where,
  value,
  doc,
});

const CLASS: Type = { kind: 'sched_class' };

export const NAMES: readonly BuiltinName[] = [
  named('LOCAL', DSQ, 'sched_ext', 'The queue of the CPU at hand alone.'),
  named('GLOBAL', DSQ, 'sched_ext', 'The kernel\u2019s own queue for all CPUs.'),
  named('NORMAL', CLASS, 'host', 'SCHED_NORMAL, the default class.', 0n),
  named('FIFO', CLASS, 'host', 'SCHED_FIFO: real time, runs until it sleeps or yields.', 1n),
  named('RR', CLASS, 'host', 'SCHED_RR: real time, takes turns with its equals.', 2n),
  named('BATCH', CLASS, 'host', 'SCHED_BATCH: like NORMAL, without preempting on wake-up.', 3n),
  named('IDLE', CLASS, 'host', 'SCHED_IDLE: when nobody else wants the CPU.', 5n),
  named('EXT', CLASS, 'host', 'SCHED_EXT: scheduled by the sched_ext policy that is loaded.', 7n),
  named('vms', { kind: 'sequence', of: { kind: 'vm' } }, 'host', 'All VMs, for `for m in vms max N`.'),
  named(
    'hint',
    { kind: 'shared', direction: 'hint' },
    'guest',
    'The page that this guest CPU shares with the host.',
  ),
  named(
    'feedback',
    { kind: 'shared', direction: 'feedback' },
    'guest',
    'What the host wrote for this guest CPU.',
  ),
  named('baseline', { kind: 'error' }, 'expect', 'The same statistic in the run without the policy.'),
];

/** A type that the language brings, by the name that the user writes. */
export interface BuiltinType {
  readonly name: string;
  readonly type: Type;
  readonly doc: string;
}

const typed = (name: string, type: Type, doc: string): BuiltinType => ({ name, type, doc });
const int = (bits: 8 | 16 | 32 | 64, signed: boolean): BuiltinType =>
  typed(
    `${signed ? 's' : 'u'}${bits}`,
    { kind: 'int', bits, signed },
    `${signed ? 'Signed' : 'Unsigned'} integer of ${bits} bits.`,
  );

export const TYPES: readonly BuiltinType[] = [
  typed('bool', BOOL, '`true` or `false`.'),
  ...([8, 16, 32, 64] as const).map((bits) => int(bits, false)),
  ...([8, 16, 32, 64] as const).map((bits) => int(bits, true)),
  typed('duration', DURATION, 'A span of time, in nanoseconds; never negative.'),
  typed('instant', INSTANT, 'A point in time of the kernel\u2019s monotonic clock.'),
  typed('vtime', { kind: 'vtime' }, 'A point in virtual time; compares with wrap-around.'),
  typed('ratio', RATIO, 'A fixed-point number in steps of 1/1024: `25%`, `0.3`.'),
  typed('cpu', CPU, 'A CPU of the host.'),
  typed('cpumask', CPUMASK, 'A set of CPUs.'),
  typed('task', TASK, 'A thread.'),
  typed('vcpu', VCPU, 'A vCPU of a VM. Where a task is wanted: its thread.'),
  typed('vm', { kind: 'vm' }, 'A virtual machine.'),
  typed('dsq', DSQ, 'A dispatch queue of sched_ext.'),
  typed('nice', { kind: 'nice' }, 'A nice value, \u221220 to 19.'),
  typed('rt_prio', { kind: 'rt_prio' }, 'A real-time priority, 1 to 99.'),
  typed('weight', { kind: 'weight' }, 'A share against others, 1 to 10000; 100 is nice 0.'),
  typed('sched_class', CLASS, 'NORMAL, BATCH, IDLE, FIFO, RR or EXT.'),
  typed('string', { kind: 'string' }, 'A text.'),
];
