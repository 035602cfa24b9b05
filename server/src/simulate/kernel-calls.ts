import { DSQ, type Site, type Value } from '../emit/executor/host.ts';
import { first, has, members } from '../emit/executor/masks.ts';
import { before, canonical, type Num } from '../emit/executor/number.ts';
import type { CallInfo } from '../semantics/kernel-view.ts';
import { callRecorder } from './decide.ts';
import { enqueue, resolveQueue, tasksIn } from './queues.ts';
import { RUNNING, threadOf, type Thread } from './threads.ts';
import { tgidOf } from './kernel-fields.ts';
import { pidOf } from './tasks.ts';
import { cpuOf, idleMask, isIdle, noteUnknown, type World } from './world.ts';

type Args = readonly Value[];
type Answer = (world: World, args: Args) => Value;

const task = (value: Value): number => Number(value);
const mask = (value: Value): bigint => (typeof value === 'bigint' ? value : 0n);
const allCpus = (world: World): bigint => (1n << BigInt(world.trace.cpus)) - 1n;

/** Takes the lowest idle CPU of `allowed`; undefined where none idles. */
function takeIdle(world: World, allowed: bigint): number | undefined {
  const cpu = first(allowed & idleMask(world));
  if (cpu !== undefined) world.claimed[cpu] = 1;
  return cpu;
}

/** Where the recorded scheduler placed the task, and whether that CPU idled. */
function placed(world: World, tid: number): { cpu: number; idle: boolean } {
  const cpu = world.placement.cpu >= 0 ? world.placement.cpu : cpuOf(world, tid);
  const idle = isIdle(world, cpu);
  if (idle) world.claimed[cpu] = 1;
  return { cpu, idle };
}

const now: Answer = (world) => world.clock(world.moment.t);

/** The answer to a call that changes something in the kernel, which is remembered as a decision of the policy. */
interface Effect {
  readonly effect: Answer;
}

const effect = (answer: Answer): Effect => ({ effect: answer });

const nothing = effect(() => undefined);

const thread = (world: World, value: Value): Thread => threadOf(world.schedule, task(value));

/** `insert(p, dsq, slice, …)`: into the queue, until the recording runs the task. */
const insert = effect((world, args) => {
  const p = thread(world, args[0]);
  enqueue(world.queues, resolveQueue(task(args[1]), placementOf(world, p)), p);
  p.slice = args[2] as Num;
  return true;
});

/** `insert_vtime(p, dsq, slice, vtime, …)`: in front of the first task with a later time. */
const insertByVtime = effect((world, args) => {
  const p = thread(world, args[0]);
  const vtime = args[3] as Num;
  p.slice = args[2] as Num;
  p.vtime = vtime;
  const later = (other: Thread): boolean => before(vtime, other.vtime);
  enqueue(world.queues, resolveQueue(task(args[1]), placementOf(world, p)), p, later);
  return true;
});

const placementOf = (world: World, { cpu }: Thread): number =>
  world.placement.cpu >= 0 ? world.placement.cpu : Math.max(0, cpu);

/** Moves the task of `dsq` that the recording runs next on this CPU; false where it is not there. */
const moveToLocal = effect((world, args) => {
  const dsq = resolveQueue(task(args[0]), world.moment.cpu);
  const next = world.picked.thread;
  if (next?.queue !== dsq) return false;
  enqueue(world.queues, DSQ.localOn(world.moment.cpu), next);
  return true;
});

/** `move(p, dsq, …)` while a queue is walked. */
const move = effect((world, args) => {
  const p = world.schedule.threads.get(task(args[0]));
  if (p?.queue === undefined) return false;
  enqueue(world.queues, resolveQueue(task(args[1]), world.moment.cpu), p);
  return true;
});

/** 32 bits of xorshift: the same numbers in every replay. */
function random(world: World): number {
  let x = world.random.state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  world.random.state = x;
  return x >>> 0;
}

const assumed =
  (what: string, value: Value): Answer =>
  (world) => {
    noteUnknown(world, what, String(value));
    return value;
  };

/** By the name that the call has today. */
const ANSWERS: Readonly<Record<string, Answer | Effect>> = {
  bpf_get_smp_processor_id: (world) => world.moment.cpu,
  bpf_ktime_get_ns: now,
  bpf_ktime_get_boot_ns: now,
  bpf_ktime_get_tai_ns: now,
  scx_bpf_now: now,
  bpf_get_current_task_btf: (world) => world.moment.tid,
  bpf_get_current_pid_tgid: (world) => {
    const { tid } = world.moment;
    return canonical((BigInt(tgidOf(world, tid)) << 32n) | BigInt(pidOf(tid)));
  },
  bpf_get_current_uid_gid: assumed('user and group of threads', 0),
  bpf_get_numa_node_id: assumed('NUMA node of CPUs', 0),
  bpf_get_prandom_u32: random,
  bpf_task_from_pid: (world, args) => (world.schedule.threads.has(task(args[0])) ? args[0] : undefined),
  bpf_cpumask_test_cpu: (_, args) => has(mask(args[1]), task(args[0])),
  bpf_cpumask_empty: (_, args) => mask(args[0]) === 0n,
  bpf_cpumask_full: (world, args) => (mask(args[0]) & allCpus(world)) === allCpus(world),
  bpf_cpumask_weight: (_, args) => members(mask(args[0])).length,
  bpf_cpumask_equal: (_, args) => args[0] === args[1],
  bpf_cpumask_intersects: (_, args) => (mask(args[0]) & mask(args[1])) !== 0n,
  bpf_cpumask_subset: (_, args) => (mask(args[0]) & ~mask(args[1])) === 0n,
  scx_bpf_nr_cpu_ids: (world) => world.trace.cpus,
  scx_bpf_nr_node_ids: assumed('NUMA nodes', 1),
  scx_bpf_cpu_node: assumed('NUMA node of CPUs', 0),
  scx_bpf_get_online_cpumask: allCpus,
  scx_bpf_get_possible_cpumask: allCpus,
  scx_bpf_get_idle_cpumask: idleMask,
  scx_bpf_get_idle_smtmask: idleMask,
  scx_bpf_task_cpu: (world, args) => cpuOf(world, task(args[0])),
  scx_bpf_task_running: (world, args) => thread(world, args[0]).state === RUNNING,
  scx_bpf_cpu_curr: (world, args) => {
    const tid = world.schedule.current[task(args[0])] ?? -1;
    return tid === -1 ? undefined : tid;
  },
  scx_bpf_cpuperf_cap: assumed('performance of CPUs', 1024),
  scx_bpf_cpuperf_cur: assumed('performance of CPUs', 1024),
  scx_bpf_cpuperf_set: nothing,
  scx_bpf_create_dsq: () => 0,
  scx_bpf_destroy_dsq: () => undefined,
  scx_bpf_dsq_nr_queued: (world, args) =>
    tasksIn(world.queues, resolveQueue(task(args[0]), world.moment.cpu)).length,
  scx_bpf_dsq_peek: (world, args) => tasksIn(world.queues, task(args[0]))[0]?.tid,
  scx_bpf_kick_cpu: nothing,
  scx_bpf_dsq_insert: insert,
  scx_bpf_dsq_insert_vtime: insertByVtime,
  scx_bpf_dsq_move_to_local: moveToLocal,
  scx_bpf_dsq_move: move,
  scx_bpf_dsq_move_vtime: move,
  scx_bpf_dsq_move_set_slice: nothing,
  scx_bpf_dsq_move_set_vtime: nothing,
  // dispatch_max_batch where the policy does not set it (kernel/sched/ext.c: SCX_DSP_DFL_MAX_BATCH).
  scx_bpf_dispatch_nr_slots: () => 32,
  scx_bpf_dispatch_cancel: nothing,
  scx_bpf_reenqueue_local: effect(() => 0),
  scx_bpf_task_set_slice: effect((world, args) => {
    thread(world, args[0]).slice = args[1] as Num;
    return true;
  }),
  scx_bpf_task_set_dsq_vtime: effect((world, args) => {
    thread(world, args[0]).vtime = args[1] as Num;
    return true;
  }),
  scx_bpf_select_cpu_dfl: (world, args) => {
    const { cpu, idle } = placed(world, task(args[0]));
    return [cpu, idle];
  },
  scx_bpf_select_cpu_and: (world, args) => {
    const { cpu, idle } = placed(world, task(args[0]));
    return idle && has(mask(args[3]), cpu) ? cpu : undefined;
  },
  scx_bpf_pick_idle_cpu: (world, args) => takeIdle(world, mask(args[0])),
  scx_bpf_pick_any_cpu: (world, args) =>
    takeIdle(world, mask(args[0])) ?? first(mask(args[0]) & allCpus(world)),
  scx_bpf_test_and_clear_cpu_idle: (world, args) => {
    const cpu = task(args[0]);
    const idle = isIdle(world, cpu);
    if (idle) world.claimed[cpu] = 1;
    return idle;
  },
  bpf_send_signal: effect(() => 0),
  bpf_send_signal_thread: effect(() => 0),
};

/** The name that a call has today. */
export const todaysName = (call: CallInfo): string => (call.renamedTo ?? call.name).replace(/___v2$/, '');

/** Has replay an answer to this call? */
export const isAnswered = (call: CallInfo): boolean => Object.hasOwn(ANSWERS, todaysName(call));

/** How replay answers `call`. */
export function kernelCall(world: World, call: CallInfo, site: Site): (args: Args) => Value {
  const answer = ANSWERS[todaysName(call)];
  if (!answer) throw new Error(`replay has no answer to ${call.name}`);
  if (typeof answer === 'function') return (args) => answer(world, args);
  const remember = callRecorder(world, call, site);
  return (args) => {
    const result = answer.effect(world, args);
    remember(args, result);
    return result;
  };
}

/** May the task be put on the CPU: as far as a trace tells. */
export function canRunOn(world: World, tid: number, cpu: number): boolean {
  noteUnknown(world, 'affinity of threads', 'every CPU, or the one in the name of a bound kernel thread');
  return cpu < world.trace.cpus && has(world.allowed(tid), cpu);
}
