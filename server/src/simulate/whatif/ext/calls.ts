import { DSQ, type Site, type Value } from '../../../emit/executor/host.ts';
import { first } from '../../../emit/executor/masks.ts';
import type { Num } from '../../../emit/executor/number.ts';
import type { CallInfo } from '../../../semantics/kernel-view.ts';
import { callRecorder } from '../../decide.ts';
import { flagBits } from '../../flags.ts';
import { todaysName } from '../../kernel-calls.ts';
import { threadOf } from '../../threads.ts';
import type { World } from '../../world.ts';
import type { ExtCore } from './core.ts';
import type { Insertion, ScxTask } from './dsq.ts';

/** What calls of sched_ext are answered from. */
export interface ExtCalls {
  readonly world: World;
  readonly core: ExtCore;
  readonly headBits: bigint;
  readonly preemptBits: bigint;
  /** What scx_bpf_dsq_move_set_slice() and _set_vtime() left for the next move. */
  readonly moving: { slice: Num | undefined; vtime: Num | undefined };
}

export const extCalls = (world: World, core: ExtCore): ExtCalls => ({
  world,
  core,
  headBits: flagBits(world.program, 'SCX_ENQ_HEAD'),
  preemptBits: flagBits(world.program, 'SCX_ENQ_PREEMPT'),
  moving: { slice: undefined, vtime: undefined },
});

type Answer = (calls: ExtCalls, args: readonly Value[]) => Value;

const mask = (value: Value): bigint => (typeof value === 'bigint' ? value : 0n);

function insertion(calls: ExtCalls, dsq: Value, flags: Value, vtime?: Num): Insertion {
  const bits = typeof flags === 'number' || typeof flags === 'bigint' ? BigInt(flags) : 0n;
  const preempt = (bits & calls.preemptBits) !== 0n;
  return { dsq: Number(dsq), head: preempt || (bits & calls.headBits) !== 0n, preempt, vtime };
}

function move(calls: ExtCalls, args: readonly Value[], byTime: boolean): boolean {
  const { world, core, moving } = calls;
  const tid = Number(args[0]);
  const thread = threadOf(world.schedule, tid);
  const { slice, vtime } = moving;
  moving.slice = undefined;
  moving.vtime = undefined;
  const target = insertion(calls, args[1], args[2], byTime ? (vtime ?? thread.vtime) : undefined);
  if (!core.move(tid, target, world.moment.cpu)) return false;
  if (slice !== undefined) thread.slice = slice;
  if (vtime !== undefined) thread.vtime = vtime;
  return true;
}

/** Calls that change something: remembered as decisions of the policy. */
const EFFECTS: Readonly<Record<string, Answer>> = {
  scx_bpf_dsq_insert: (calls, args) =>
    calls.core.insert(Number(args[0]), args[2] as Num, insertion(calls, args[1], args[3])),
  scx_bpf_dsq_insert_vtime: (calls, args) => {
    const vtime = args[3] as Num;
    const done = calls.core.insert(
      Number(args[0]),
      args[2] as Num,
      insertion(calls, args[1], args[4], vtime),
    );
    if (done) threadOf(calls.world.schedule, Number(args[0])).vtime = vtime;
    return done;
  },
  scx_bpf_dsq_move_to_local: ({ core, world }, args) => core.moveToLocal(Number(args[0]), world.moment.cpu),
  scx_bpf_dsq_move: (calls, args) => move(calls, args, false),
  scx_bpf_dsq_move_vtime: (calls, args) => move(calls, args, true),
  scx_bpf_kick_cpu: ({ core }, args) => {
    core.kick(Number(args[0]), Number(args[1]));
    return undefined;
  },
  scx_bpf_dispatch_cancel: ({ core }) => {
    core.cancel();
    return undefined;
  },
  scx_bpf_reenqueue_local: ({ core, world }) => core.reenqueueLocal(world.moment.cpu),
};

/** Calls that only ask. */
const QUESTIONS: Readonly<Record<string, Answer>> = {
  scx_bpf_dsq_move_set_slice: ({ moving }, args) => {
    moving.slice = args[args.length - 1] as Num;
    return undefined;
  },
  scx_bpf_dsq_move_set_vtime: ({ moving }, args) => {
    moving.vtime = args[args.length - 1] as Num;
    return undefined;
  },
  scx_bpf_select_cpu_dfl: ({ core }, args) => {
    const found = core.idle.find(Number(args[0]), Number(args[1]));
    return found === undefined ? [args[1], false] : [found, true];
  },
  scx_bpf_select_cpu_and: ({ core }, args) => core.idle.find(Number(args[0]), Number(args[1]), mask(args[3])),
  scx_bpf_pick_idle_cpu: ({ core }, args) => core.idle.take(mask(args[0])),
  scx_bpf_pick_any_cpu: ({ core, world }, args) =>
    core.idle.take(mask(args[0])) ?? first(mask(args[0]) & ((1n << BigInt(world.trace.cpus)) - 1n)),
  scx_bpf_test_and_clear_cpu_idle: ({ core }, args) => core.idle.claim(Number(args[0])),
  scx_bpf_get_idle_cpumask: idleMask,
  scx_bpf_get_idle_smtmask: idleMask,
  scx_bpf_dsq_nr_queued: (calls, args) => queued(calls, Number(args[0])).length,
  scx_bpf_dsq_peek: (calls, args) => queued(calls, Number(args[0]))[0]?.tid,
  scx_bpf_dispatch_nr_slots: ({ core }) => core.slots(),
};

function idleMask({ core }: ExtCalls): bigint {
  return core.idle.mask();
}

const NONE: readonly ScxTask[] = [];

/** What a queue holds, as the program that runs on the CPU at hand means it. */
export const queued = ({ core, world }: ExtCalls, dsq: number): readonly ScxTask[] =>
  core.queues.at(dsq === DSQ.local ? DSQ.localOn(world.moment.cpu) : dsq, world.moment.cpu)?.tasks ?? NONE;

/** How the core answers `call`; undefined: that is not for it to answer. */
export function extCall(
  calls: () => ExtCalls,
  world: World,
  call: CallInfo,
  site: Site,
): ((args: readonly Value[]) => Value) | undefined {
  const name = todaysName(call);
  const question = Object.hasOwn(QUESTIONS, name) ? QUESTIONS[name] : undefined;
  if (question) return (args) => question(calls(), args);
  const effect = Object.hasOwn(EFFECTS, name) ? EFFECTS[name] : undefined;
  if (!effect) return undefined;
  const remember = callRecorder(world, call, site);
  return (args) => {
    const result = effect(calls(), args);
    remember(args, result);
    return result;
  };
}
