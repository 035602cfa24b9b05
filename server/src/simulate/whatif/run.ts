import { execution, type Execution } from '../../emit/executor/execute.ts';
import type { Host } from '../../emit/executor/host.ts';
import { canonical } from '../../emit/executor/number.ts';
import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import { expireBoosts } from '../boosts.ts';
import type { Inspection } from '../decide.ts';
import { fireWith, handlersOf, type Firing } from '../firing.ts';
import { flagBits } from '../flags.ts';
import { createMachine } from '../machine/machine.ts';
import { TASK, type Demand, type Machine, type SimTask } from '../machine/types.ts';
import { replayHost } from '../replay-host.ts';
import { newWorld, type ReplayPlan, type ReplayRun } from '../run.ts';
import { newFiring, newSession, type Session } from '../session.ts';
import { stepsOf } from '../steps.ts';
import { RUNNABLE, threadOf } from '../threads.ts';
import { noteUnknown, type World } from '../world.ts';
import { newDeliverer, type AgentDelay, type Deliverer } from './deliver.ts';
import { extCall, extCalls, queued, type ExtCalls } from './ext/calls.ts';
import { ExtClass, maskOf } from './ext/class.ts';
import type { Ejection } from './ext/hardware.ts';
import type { Policy } from './ext/policy.ts';
import { withWatchdogWorker } from './ext/worker.ts';
import { haltsOf } from './halts.ts';
import { runWith } from './kernel.ts';
import { liveTrace } from './live.ts';

/** A policy in charge of a simulated machine. */
export interface WhatIfPlan extends ReplayPlan {
  readonly demand: Demand;
  /** Actions that the program does itself; the agent does the others. */
  readonly inline: ReadonlySet<string>;
  readonly delay: AgentDelay;
  /** How long a task may be runnable without running before sched_ext throws the policy out, ns. */
  readonly watchdog: number;
  readonly progress: (part: number) => void;
}

export interface WhatIfRun {
  readonly run: ReplayRun;
  readonly schedule: Trace;
  /** When and why sched_ext threw the policy out. */
  readonly ejection: Ejection | undefined;
}

/** Runs the demand on the simulated machine with the policy in charge. */
export function runPolicy(given: WhatIfPlan): WhatIfRun {
  const { program } = given;
  const watched =
    program.target === 'sched_ext'
      ? withWatchdogWorker(given.trace, given.demand, given.watchdog)
      : { trace: given.trace, demand: given.demand, worker: -1 };
  const plan = { ...given, ...watched };
  const { demand } = plan;
  const late: Late = { machine: undefined, ext: undefined, calls: undefined, deliverer: undefined };
  const machineOf = (): Machine => required(late.machine);
  const live = liveTrace(plan.trace, demand.startNs);
  const halts = haltsOf(plan.trace, demand, plan.machines.vcpuOf);
  const world = newWorld(
    { ...plan, trace: live.trace },
    {
      haltsAt: () => halts.now(),
      allowed: (tid) => maskOf(machineOf().taskOf(tid)?.allowed, demand.cpus),
    },
  );
  const inspection: Inspection = { machine: undefined };
  const host = whatIfHost(world, replayHost(world, inspection), late);
  const compiled = execution(program, 'host', host, plan.params);
  inspection.machine = compiled.machine;
  const firing = newFiring(compiled);
  const session = newSession(world, compiled, firing, stepsOf(world, firing, compiled, undefined));
  const exits = kindIndex('sched_process_exit');
  const change = kindIndex('sched_switch');
  const state = { over: false, rows: 0 };
  const machine = createMachine(demand, {
    listener: (event) => {
      if (state.over) return;
      live.take(event);
      if (event.kind === change) halts.take(event, machineOf().taskOf(event.a));
      session.event(0, event.time, state.rows++);
      const ended = event.kind === exits ? machineOf().taskOf(event.a) : undefined;
      if (ended) late.ext?.leave(ended);
      if (event.kind === change && isAbove(event.c)) late.ext?.core.release(event.cpu);
    },
    ...(program.target === 'sched_ext' && {
      ext: {
        make: (made) => makeExt(made, plan, world, { compiled, firing, session, late, state }),
        all: true,
      },
    }),
  });
  late.machine = machine;
  late.deliverer = delivererOf(plan, world, machine, late);
  if (!late.ext) {
    introduce(world, machine);
    session.begin(demand.startNs);
  }
  startTimers(machine, session, state);
  runWith(machine, plan.progress);
  if (!state.over) session.end(demand.endNs);
  expireBoosts(world.boosts, demand.endNs);
  return { run: session.result(), schedule: machine.schedule(), ejection: late.ext?.core.ejection };
}

/** What there is only once the policy is compiled. */
interface Late {
  machine: Machine | undefined;
  ext: ExtClass | undefined;
  calls: ExtCalls | undefined;
  deliverer: Deliverer | undefined;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('asked for before the machine is made');
  return value;
}

/** Is the thread that a sched_switch brings (`c`: the priorities of both) real-time, or above? */
const isAbove = (priorities: number): boolean => ((priorities >>> 8) & 0xff) - 1 < 100;

function delivererOf(plan: WhatIfPlan, world: World, machine: Machine, late: Late): Deliverer {
  return newDeliverer({
    machine,
    inline: plan.inline,
    delay: plan.delay,
    note: (what, instead) => noteUnknown(world, what, instead),
    kick: (cpu) => (late.ext ? late.ext.core.kick(cpu, 0) : machine.resched(cpu)),
    setSlice: (task, slice) => {
      threadOf(world.schedule, task.tid).slice = slice;
    },
  });
}

/** Threads as they are when the run begins. */
function introduce(world: World, machine: Machine): void {
  for (const task of machine.tasks) {
    if (task.state === TASK.unborn) continue;
    const thread = threadOf(world.schedule, task.tid);
    thread.cpu = task.cpu;
    thread.prio = prioOf(task);
    thread.since = machine.demand.startNs;
    if (task.state === TASK.queued) thread.state = RUNNABLE;
  }
}

const prioOf = ({ rtPriority, nice, policy }: SimTask): number =>
  policy === 'STOP' ? 0 : rtPriority > 0 ? 99 - rtPriority : 120 + nice;

function startTimers(machine: Machine, { timers }: Session, state: { readonly over: boolean }): void {
  const next = (): void => {
    if (timers.next === Infinity) return;
    machine.callAt(timers.next, () => {
      if (state.over) return;
      timers.runUntil(machine.now);
      next();
    });
  };
  next();
}

/** The machine that a policy sees: the model answers where the trace did in a replay. */
function whatIfHost(world: World, recorded: Host, late: Late): Host {
  const calls = (): ExtCalls => required(late.calls);
  const isExt = world.program.target === 'sched_ext';
  return {
    ...recorded,
    dsqLen: (dsq) => (isExt ? queued(calls(), dsq).length : 0),
    dsqTasks: (dsq) => (isExt ? queued(calls(), dsq).map(({ tid }) => tid) : []),
    kernelCall: (call, site) =>
      (isExt ? extCall(calls, world, call, site) : undefined) ?? recorded.kernelCall(call, site),
    kernelField: (root, path, type, site) => {
      const field = recorded.kernelField(root, path, type, site);
      // SCX_TASK_QUEUED: is what `dispatch` is given as `prev` still runnable?
      if (isExt && path.join('.') === 'scx.flags')
        return { ...field, load: (tid) => Number(calls().core.tasks.get(tid)?.queued === true) };
      return field;
    },
    action: (action, site) => {
      const remember = recorded.action(action, site);
      return (args) => {
        remember(args);
        required(late.deliverer).ask(action.name, args);
      };
    },
  };
}

interface Around {
  readonly compiled: Execution;
  readonly firing: Firing;
  readonly session: Session;
  readonly late: Late;
  readonly state: { over: boolean };
}

function makeExt(
  machine: Machine,
  plan: WhatIfPlan & { readonly worker: number },
  world: World,
  around: Around,
): ExtClass {
  const { compiled, firing, session, late, state } = around;
  late.machine = machine;
  const hooks = new Map(
    compiled.handlers
      .filter(({ handler }) => handler.hook.family === 'op')
      .map(({ handler }) => [handler.hook.name, handlersOf(compiled.handlers, 'op', handler.hook.name)]),
  );
  const selected = flagBits(plan.program, 'SCX_ENQ_CPU_SELECTED');
  const policy: Policy = {
    has: (op) => hooks.has(op),
    call: (op, cpu, a, b, c) => {
      const handlers = hooks.get(op);
      if (!handlers || state.over) return undefined;
      session.at(machine.now, cpu, machine.current(cpu)?.tid ?? 0);
      return fireWith(world, firing, handlers, a, b, c);
    },
    enqueueFlags: (flags) => canonical(BigInt(flags) | ((flags & 1) !== 0 ? selected : 0n)),
    sliceOf: (tid) => threadOf(world.schedule, tid).slice,
    setSlice: (tid, slice) => {
      threadOf(world.schedule, tid).slice = slice;
    },
  };
  const eject = (): void => {
    policy.call('exit', 0, 0);
    state.over = true;
    late.deliverer?.undo();
    machine.removeExt();
  };
  const queues = plan.program.dsqs.map(({ name }) => name);
  const ext = new ExtClass(machine, policy, queues, { timeout: plan.watchdog, worker: plan.worker }, eject);
  late.ext = ext;
  late.calls = extCalls(world, ext.core);
  // Before the machine queues the threads that are runnable at the start.
  introduce(world, machine);
  session.begin(plan.demand.startNs);
  ext.begin();
  return ext;
}
