import type { Executable } from '../emit/executor/execute.ts';
import { DSQ, type Value } from '../emit/executor/host.ts';
import { canonical, type Num } from '../emit/executor/number.ts';
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
  const calls = callsOf(world, firing, handlers);
  const { onWaking, onWakeup, onNew } = wakeUps(world, calls);
  const exiting = field(world.trace, 'sched_process_exit', 'pid');
  return {
    onWaking,
    onWakeup,
    onNew,
    onSwitch: switches(world, calls),
    onExit: (row) => {
      const thread = world.schedule.threads.get(exiting(row));
      if (!thread?.met) return;
      calls.disable(thread.tid);
      calls.exitTask(thread.tid, 0);
    },
    atStart: () => void calls.init(),
    atEnd: () => void calls.exit(0),
  };
}

/** Runs the handlers of an op; gives what they return, 0 where there are none. */
type Call = (a?: Value, b?: Value, c?: Value) => Value;

/** The ops by their names in the kernel, and which of them the policy has. */
function callsOf(world: World, firing: Firing, handlers: readonly Executable[]) {
  const of = (name: string): Call => {
    const hooks = handlersOf(handlers, 'op', name);
    return hooks.length === 0 ? () => 0 : (a, b, c) => fireWith(world, firing, hooks, a, b, c);
  };
  return {
    init: of('init'),
    exit: of('exit'),
    initTask: of('init_task'),
    enable: of('enable'),
    exitTask: of('exit_task'),
    disable: of('disable'),
    selectCpu: of('select_cpu'),
    choosesCpu: handlersOf(handlers, 'op', 'select_cpu').length > 0,
    runnable: of('runnable'),
    enqueue: of('enqueue'),
    dispatch: of('dispatch'),
    running: of('running'),
    stopping: of('stopping'),
    quiescent: of('quiescent'),
    updateIdle: of('update_idle'),
  };
}

type Calls = ReturnType<typeof callsOf>;

/** Tells the policy of a task that it has not met; false: not a task of sched_ext. */
function meet(calls: Calls, thread: Thread, prio: number, forked: boolean): boolean {
  if (isIdleTask(thread.tid) || prio < FAIR) return false;
  if (!thread.met) {
    thread.met = true;
    calls.initTask(thread.tid, forked ? 1 : 0);
    calls.enable(thread.tid);
  }
  return true;
}

const sleeps = ({ state }: Thread): boolean => state === BLOCKED || state === UNKNOWN || state === DEAD;

/** What a wake-up asks: where the task is to run, then to queue it where that has not been done. */
function wakeUps(world: World, calls: Calls): Pick<Ops, 'onWaking' | 'onWakeup' | 'onNew'> {
  const { trace, schedule, queues, placement } = world;
  const pid = field(trace, 'sched_wakeup', 'pid');
  const prio = field(trace, 'sched_wakeup', 'prio');
  const cpuSelected = flagBits(world.program, 'SCX_ENQ_CPU_SELECTED');
  const selectedWoken = canonical(BigInt(ENQ_WAKEUP) | cpuSelected);
  const selectedNew = canonical(cpuSelected);
  const placed = placements(trace);
  const wakeups = has(trace, 'sched_wakeup');
  const chose = choiceRecorder(world);

  /** select_cpu, and where it inserts the task, or finds an idle CPU by default, the task is queued already. */
  const place = (thread: Thread, row: number, wakeFlags: number): void => {
    const cpu = placed[row] ?? -1;
    placement.cpu = cpu;
    dequeue(queues, thread);
    if (calls.choosesCpu) {
      const chosen = calls.selectCpu(thread.tid, Math.max(0, thread.cpu), wakeFlags);
      chose(thread.tid, Number(chosen));
    } else if (cpu >= 0 && isIdle(world, cpu)) {
      world.claimed[cpu] = 1;
      thread.slice = SLICE_DFL;
      enqueue(queues, DSQ.localOn(cpu), thread);
    }
    placement.cpu = -1;
  };

  const wake = (thread: Thread, row: number, flags: number, selected: Num): void => {
    placement.cpu = placed[row] ?? -1;
    calls.runnable(thread.tid, flags);
    if (thread.queue === undefined) calls.enqueue(thread.tid, selected);
    placement.cpu = -1;
  };

  return {
    onWaking: (row) => {
      const thread = threadOf(schedule, pid(row));
      if (!sleeps(thread) || !meet(calls, thread, prio(row), false)) return;
      place(thread, row, WAKE_TTWU);
      if (wakeups) thread.announced = true;
      else wake(thread, row, ENQ_WAKEUP, selectedWoken);
    },
    onWakeup: (row) => {
      const thread = threadOf(schedule, pid(row));
      const { announced } = thread;
      thread.announced = false;
      if (!announced && !sleeps(thread)) return;
      if (!meet(calls, thread, prio(row), false)) return;
      if (!announced) place(thread, row, WAKE_TTWU);
      wake(thread, row, ENQ_WAKEUP, selectedWoken);
    },
    onNew: (row) => {
      const thread = threadOf(schedule, pid(row));
      thread.met = false;
      if (!meet(calls, thread, prio(row), true)) return;
      place(thread, row, WAKE_FORK);
      wake(thread, row, 0, selectedNew);
    },
  };
}

/** What a switch asks: the end of one task's run, what is to run next, and the beginning of that one's. */
function switches(world: World, calls: Calls): Ops['onSwitch'] {
  const { trace, schedule, queues, moment, picked, claimed } = world;
  const read = {
    prev: field(trace, 'sched_switch', 'prev_pid'),
    next: field(trace, 'sched_switch', 'next_pid'),
    prevPrio: field(trace, 'sched_switch', 'prev_prio'),
    nextPrio: field(trace, 'sched_switch', 'next_prio'),
    state: field(trace, 'sched_switch', 'prev_state'),
  };
  return (row) => {
    const cpu = trace.cpu[row] ?? 0;
    const prev = threadOf(schedule, taskAt(world, cpu, read.prev(row)));
    const next = threadOf(schedule, taskAt(world, cpu, read.next(row)));
    const ours = meet(calls, prev, read.prevPrio(row), false);
    const stays = staysRunnable(read.state(row));
    if (ours) consumeSlice(prev, moment.t);
    if (ours && !stays) {
      calls.stopping(prev.tid, false);
      calls.quiescent(prev.tid, DEQ_SLEEP);
    }
    const nextOurs = meet(calls, next, read.nextPrio(row), false);
    if ((nextOurs || isIdleTask(next.tid)) && tasksIn(queues, DSQ.localOn(cpu)).length === 0) {
      picked.thread = next;
      calls.dispatch(cpu, ours && stays ? prev.tid : undefined);
      picked.thread = undefined;
    }
    if (ours && stays) {
      calls.stopping(prev.tid, true);
      const outranked = !nextOurs && !isIdleTask(next.tid);
      if (outranked && prev.slice !== 0) enqueue(queues, DSQ.localOn(cpu), prev, () => true);
      else calls.enqueue(prev.tid, 0);
    }
    if (isIdleTask(prev.tid)) calls.updateIdle(cpu, false);
    claimed[cpu] = 0;
    if (isIdleTask(next.tid)) calls.updateIdle(cpu, true);
    if (!nextOurs) return;
    dequeue(queues, next);
    if (next.slice === 0) next.slice = SLICE_DFL;
    calls.running(next.tid);
  };
}

/**
 * A running task's slice shrinks by the time that it ran (kernel/sched/ext.c: update_curr_scx). SCX_SLICE_INF, and
 * whatever else is beyond 2^53 ns, never ends.
 */
function consumeSlice(thread: Thread, t: number): void {
  const { slice } = thread;
  if (thread.state === RUNNING && typeof slice === 'number')
    thread.slice = Math.max(0, slice - (t - thread.since));
}
