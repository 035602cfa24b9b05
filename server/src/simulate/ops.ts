import type { Executable } from '../emit/executor/execute.ts';
import { DSQ, type Value } from '../emit/executor/host.ts';
import { canonical } from '../emit/executor/number.ts';
import { choiceRecorder } from './decide.ts';
import { fireWith, handlersOf, type Firing } from './firing.ts';
import { flagBits } from './flags.ts';
import { field, has, placements } from './prepass.ts';
import { dequeue, enqueue, tasksIn } from './queues.ts';
import { BLOCKED, DEAD, RUNNING, staysRunnable, threadOf, UNKNOWN, type Thread } from './threads.ts';
import { isIdleTask } from './tasks.ts';
import { isIdle, taskAt, type World } from './world.ts';

/** Kernel flags and limits, the same in all versions from 6.12 to 7.3 (include/linux/sched/ext.h, kernel/sched/ext.c). */
const ENQ_WAKEUP = 0x1;
const DEQ_SLEEP = 0x1;
const WAKE_FORK = 0x4;
const WAKE_TTWU = 0x8;
const SLICE_DFL = 20_000_000;
/** First kernel priority of tasks that sched_ext can schedule. */
const FAIR = 100;

/** Ops that replay calls, with the recorded event that each follows. */
export const OPS_REPLAYED: Readonly<Record<string, string>> = {
  init: 'the start of the trace',
  exit: 'the end of the trace',
  init_task: 'the first event of a task',
  enable: 'the first event of a task',
  exit_task: 'sched_process_exit',
  disable: 'sched_process_exit',
  select_cpu: 'sched_waking',
  runnable: 'sched_wakeup',
  enqueue: 'sched_wakeup and sched_switch',
  dispatch: 'sched_switch',
  running: 'sched_switch',
  stopping: 'sched_switch',
  quiescent: 'sched_switch',
  update_idle: 'sched_switch',
};

/** What the recorded scheduler would have asked the policy at each event, had the policy been loaded. */
export interface Ops {
  readonly onWaking: (row: number) => void;
  readonly onWakeup: (row: number) => void;
  readonly onNew: (row: number) => void;
  readonly onSwitch: (row: number) => void;
  readonly onExit: (row: number) => void;
  readonly atStart: () => void;
  readonly atEnd: () => void;
}

export function ops(world: World, firing: Firing, handlers: readonly Executable[]): Ops {
  const { trace, schedule, queues, moment } = world;
  const of = (name: string): readonly Executable[] => handlersOf(handlers, 'op', name);
  const [selectCpu, runnable, enqueueOp, dispatch, running, stopping, quiescent] = [
    'select_cpu',
    'runnable',
    'enqueue',
    'dispatch',
    'running',
    'stopping',
    'quiescent',
  ].map(of) as [Hooks, Hooks, Hooks, Hooks, Hooks, Hooks, Hooks];
  const [initTask, enable, exitTask, disable, updateIdle] = [
    'init_task',
    'enable',
    'exit_task',
    'disable',
    'update_idle',
  ].map(of) as [Hooks, Hooks, Hooks, Hooks, Hooks];
  const call = (hooks: Hooks, a?: Value, b?: Value, c?: Value): Value =>
    hooks.length === 0 ? 0 : fireWith(world, firing, hooks, a, b, c);
  const chose = choiceRecorder(world);

  const pid = field(trace, 'sched_wakeup', 'pid');
  const prio = field(trace, 'sched_wakeup', 'prio');
  const read = {
    prev: field(trace, 'sched_switch', 'prev_pid'),
    next: field(trace, 'sched_switch', 'next_pid'),
    prevPrio: field(trace, 'sched_switch', 'prev_prio'),
    nextPrio: field(trace, 'sched_switch', 'next_prio'),
    state: field(trace, 'sched_switch', 'prev_state'),
    exiting: field(trace, 'sched_process_exit', 'pid'),
  };
  const cpuSelected = flagBits(world.program, 'SCX_ENQ_CPU_SELECTED');
  const placed = placements(trace);
  const wakeups = has(trace, 'sched_wakeup');
  const known = new Set<number>();
  const woken = new Set<number>();

  /** Tells the policy of a task that it has not met; false: not a task of sched_ext. */
  const meet = (thread: Thread, taskPrio: number, forked: boolean): boolean => {
    if (isIdleTask(thread.tid) || taskPrio < FAIR) return false;
    if (!known.has(thread.tid)) {
      known.add(thread.tid);
      call(initTask, thread.tid, forked ? 1 : 0);
      call(enable, thread.tid);
    }
    return true;
  };

  /** select_cpu, and where it inserts the task, or finds an idle CPU by default, the task is queued already. */
  const place = (thread: Thread, row: number, wakeFlags: number): void => {
    const cpu = placed[row] ?? -1;
    world.placement.cpu = cpu;
    dequeue(queues, thread.tid);
    if (selectCpu.length > 0) {
      const chosen = call(selectCpu, thread.tid, Math.max(0, thread.cpu), wakeFlags);
      chose(thread.tid, Number(chosen));
    } else if (cpu >= 0 && isIdle(world, cpu)) {
      world.claimed[cpu] = 1;
      thread.slice = SLICE_DFL;
      enqueue(queues, DSQ.localOn(cpu), thread.tid);
    }
    world.placement.cpu = -1;
  };

  const wake = (thread: Thread, row: number, flags: number): void => {
    world.placement.cpu = placed[row] ?? -1;
    call(runnable, thread.tid, flags);
    const selected = canonical(BigInt(flags) | cpuSelected);
    if (!queues.queueOf.has(thread.tid)) call(enqueueOp, thread.tid, selected);
    world.placement.cpu = -1;
  };

  const sleeps = (thread: Thread): boolean =>
    thread.state === BLOCKED || thread.state === UNKNOWN || thread.state === DEAD;

  return {
    onWaking: (row) => {
      const thread = threadOf(schedule, pid(row));
      if (!sleeps(thread) || !meet(thread, prio(row), false)) return;
      place(thread, row, WAKE_TTWU);
      if (wakeups) woken.add(thread.tid);
      else wake(thread, row, ENQ_WAKEUP);
    },
    onWakeup: (row) => {
      const thread = threadOf(schedule, pid(row));
      const announced = woken.delete(thread.tid);
      if (!announced && !sleeps(thread)) return;
      if (!meet(thread, prio(row), false)) return;
      if (!announced) place(thread, row, WAKE_TTWU);
      wake(thread, row, ENQ_WAKEUP);
    },
    onNew: (row) => {
      const thread = threadOf(schedule, pid(row));
      known.delete(thread.tid);
      if (!meet(thread, prio(row), true)) return;
      place(thread, row, WAKE_FORK);
      wake(thread, row, 0);
    },
    onSwitch: (row) => {
      const cpu = trace.cpu[row] ?? 0;
      const prev = threadOf(schedule, taskAt(world, cpu, read.prev(row)));
      const next = threadOf(schedule, taskAt(world, cpu, read.next(row)));
      const ours = meet(prev, read.prevPrio(row), false);
      const stays = staysRunnable(read.state(row));
      if (ours) consumeSlice(prev, moment.t);
      if (ours && !stays) {
        call(stopping, prev.tid, false);
        call(quiescent, prev.tid, DEQ_SLEEP);
      }
      const nextOurs = meet(next, read.nextPrio(row), false);
      if ((nextOurs || isIdleTask(next.tid)) && tasksIn(queues, DSQ.localOn(cpu)).length === 0) {
        world.picked.tid = next.tid;
        call(dispatch, cpu, ours && stays ? prev.tid : undefined);
        world.picked.tid = -1;
      }
      if (ours && stays) {
        call(stopping, prev.tid, true);
        const outranked = !nextOurs && !isIdleTask(next.tid);
        if (outranked && prev.slice !== 0) enqueue(queues, DSQ.localOn(cpu), prev.tid, () => true);
        else call(enqueueOp, prev.tid, 0);
      }
      if (isIdleTask(prev.tid)) call(updateIdle, cpu, false);
      world.claimed[cpu] = 0;
      if (isIdleTask(next.tid)) call(updateIdle, cpu, true);
      if (!nextOurs) return;
      dequeue(queues, next.tid);
      if (next.slice === 0) next.slice = SLICE_DFL;
      call(running, next.tid);
    },
    onExit: (row) => {
      const tid = read.exiting(row);
      if (!known.has(tid)) return;
      call(disable, tid);
      call(exitTask, tid, 0);
    },
    atStart: () => void call(of('init')),
    atEnd: () => void call(of('exit'), 0),
  };
}

type Hooks = readonly Executable[];

/**
 * A running task's slice shrinks by the time that it ran (kernel/sched/ext.c: update_curr_scx). SCX_SLICE_INF, and
 * whatever else is beyond 2^53 ns, never ends.
 */
function consumeSlice(thread: Thread, t: number): void {
  const { slice } = thread;
  if (thread.state === RUNNING && typeof slice === 'number')
    thread.slice = Math.max(0, slice - (t - thread.since));
}
