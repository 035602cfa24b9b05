import type { Executable, Execution } from '../emit/executor/execute.ts';
import { fitting } from '../emit/executor/store-ops.ts';
import { dropEntity } from '../emit/executor/store.ts';
import type { IrType, Program } from '../ir/ir.ts';
import { walkSide } from '../ir/walk.ts';
import { KINDS } from '../trace/kinds.ts';
import { bindParam, type Reader } from './bindings.ts';
import { fire, fireWith, handlersOf, type Firing, type Step } from './firing.ts';
import { startHints } from './hints.ts';
import { asksForTasks } from './invariants.ts';
import type { Ops } from './ops.ts';
import { field, has, kvmKinds } from './prepass.ts';
import { firstRead } from './support.ts';
import { applyFork, applySwitch, applyWake, threadOf } from './threads.ts';
import { taskAt, type World } from './world.ts';

/** What happens at each kind of event, in the order in which the kernel does it. */
export interface Steps {
  /** By kind of event. */
  readonly byKind: readonly (readonly Step[])[];
}

/** Builds the steps of a replay: the policy's hooks where the kernel has them, then the schedule's own bookkeeping. */
export function stepsOf(
  world: World,
  firing: Firing,
  { handlers, machine }: Execution,
  opSteps: Ops | undefined,
): Steps {
  const { trace } = world;
  const pvsched = pvschedSteps(world, firing, handlers);
  const forget = (tid: number): void => {
    for (const scope of ['task', 'vcpu'] as const) {
      const store = machine.stores.get(scope);
      if (store) dropEntity(store, tid);
    }
    machine.changes.count++;
  };
  const track = trackers(world, forget, asksForSchedule(world.program));
  const byKind = KINDS.map(({ name, system }, kind): Step[] => {
    const own = tracepointSteps(world, firing, handlers, name);
    const hint = hintSteps(world, name, kind);
    const before = [...(system === 'kvm' ? pvsched.first : []), ...(pvsched.before[name] ?? [])];
    const after = [...(pvsched.after[name] ?? []), ...hint];
    const tracked = track[name] ? [track[name]] : [];
    switch (name) {
      case 'sched_switch':
        return [...before, ...optional(opSteps?.onSwitch), ...own, ...tracked, ...hint];
      case 'sched_waking':
        return [...own, ...optional(opSteps?.onWaking), ...tracked, ...hint];
      case 'sched_wakeup':
        return [...optional(opSteps?.onWakeup), ...own, ...tracked, ...hint];
      case 'sched_wakeup_new':
        return [...optional(opSteps?.onNew), ...own, ...tracked, ...hint];
      case 'sched_process_fork':
        return [...tracked, ...own, ...hint];
      case 'sched_process_exit':
        return [...own, ...optional(opSteps?.onExit), ...after];
      default:
        return [...before, ...own, ...tracked, ...after];
    }
  });
  return {
    byKind: byKind.map((steps, kind) => (has(trace, KINDS[kind]?.name ?? '') ? steps : [])),
  };
}

const optional = (step: Step | undefined): Step[] => (step ? [step] : []);

/** Handlers of a tracepoint, with their arguments read from the event. Arguments that nobody reads are left alone. */
function tracepointSteps(
  world: World,
  firing: Firing,
  handlers: readonly Executable[],
  event: string,
): Step[] {
  return handlersOf(handlers, 'tracepoint', event).map((executable) => {
    const { handler, frame } = executable;
    const bound: { id: number; read: Reader }[] = [];
    for (const [i, local] of handler.params.entries()) {
      if (!firstRead(handler, local.id)) continue;
      const read = bindParam(world.trace, event, handler.hook.params[i]?.name ?? '', world.idleOf);
      if (typeof read === 'string') throw new Error(`${event} without its argument ${local.name}`);
      bound.push({ id: local.id, read: fitted(read, local.type) });
    }
    return (row) => {
      for (const { id, read } of bound) frame[id] = read(row);
      fire(world, firing, executable);
    };
  });
}

/** Numbers of fewer than 64 bits as wide as the kernel passes them. */
function fitted(read: Reader, type: IrType): Reader {
  if (type.kind !== 'int' || type.bits === 64) return read;
  const fit = fitting(type);
  return (row) => fit(read(row));
}

interface PvschedSteps {
  /** At every event of KVM. */
  readonly first: readonly Step[];
  readonly before: Readonly<Record<string, readonly Step[]>>;
  readonly after: Readonly<Record<string, readonly Step[]>>;
}

/** The callbacks of pvsched_vcpu_ops at the recorded events that they follow (docs/simulation.md). */
function pvschedSteps(world: World, firing: Firing, handlers: readonly Executable[]): PvschedSteps {
  const { trace, machines, hints } = world;
  const registered = new Set<number>();
  const call = (name: string): Step[] => {
    const hooks = handlersOf(handlers, 'pvsched', name);
    if (hooks.length === 0 && !isAssumed(world, `pvsched ${name}`)) return [];
    return [
      (row) => {
        const tid = trace.tid[row] ?? 0;
        if (hooks.length > 0) fireWith(world, firing, hooks, tid);
        startHints(hints, `pvsched ${name}`, tid, world.moment.t);
      },
    ];
  };
  const register = handlersOf(handlers, 'pvsched', 'register');
  const unregister = handlersOf(handlers, 'pvsched', 'unregister');
  const ofVcpu = kvmKinds();
  const first: Step = (row) => {
    const tid = trace.tid[row] ?? 0;
    if (registered.has(tid) || ofVcpu[trace.kind[row] ?? 0] !== 1 || !machines.vcpuOf.has(tid)) return;
    registered.add(tid);
    fireWith(world, firing, register, tid);
  };
  const exiting = field(trace, 'sched_process_exit', 'pid');
  const last: Step = (row) => {
    const tid = exiting(row);
    if (registered.delete(tid)) fireWith(world, firing, unregister, tid);
  };
  return {
    first: register.length + unregister.length > 0 ? [first] : [],
    before: { kvm_entry: call('vmenter'), sched_switch: haltSteps(world, call('halt')) },
    after: {
      kvm_exit: call('vmexit'),
      kvm_inj_virq: call('intr_inj'),
      sched_process_exit: unregister.length > 0 ? [last] : [],
    },
  };
}

/** `halt` at the switch-outs of halted vCPUs; the search for them is left out where nobody asks. */
function haltSteps(world: World, halt: readonly Step[]): Step[] {
  if (halt.length === 0) return [];
  return halt.map((step) => (row) => {
    if (world.haltsAt(row)) step(row);
  });
}

/** Starts what a scenario assumes after the tracepoint `event`: for the thread that it names, else for its own. */
function hintSteps(world: World, event: string, kind: number): Step[] {
  const { hints, trace, moment } = world;
  const hook = `tracepoint ${event}`;
  if (!isAssumed(world, hook)) return [];
  const named = event === 'sched_switch' ? 'next_pid' : 'pid';
  const thread = KINDS[kind]?.fields[named] ? field(trace, event, named) : undefined;
  return [(row) => startHints(hints, hook, thread?.(row) ?? trace.tid[row] ?? 0, moment.t)];
}

/** Can the policy tell what the schedule was? If not, keeping track of it is time spent for nothing. */
function asksForSchedule({ target, host, invariants }: Program): boolean {
  let asks =
    target === 'sched_ext' ||
    invariants.some(asksForTasks) ||
    host.handlers.some(({ hook }) => hook.family === 'every');
  walkSide(host, {
    expr: (expr) => {
      if (expr.kind === 'kernel-call') asks = true;
      if (expr.kind === 'load' && expr.place.kind === 'kernel') asks = true;
      if (expr.kind === 'intrinsic' && expr.name === 'is-kthread') asks = true;
    },
    stmt: (stmt) => {
      if (stmt.kind === 'store' && stmt.place.kind === 'kernel') asks = true;
    },
  });
  return asks;
}

/** Does the scenario assume something after this hook? */
function isAssumed(world: World, hook: string): boolean {
  return world.hints.running.some(({ assumption: { when } }) => when.kind === 'after' && when.hook === hook);
}

/** The bookkeeping of the recorded schedule, by event; only that of new threads where `all` is not asked for. */
function trackers(world: World, forget: (tid: number) => void, all: boolean): Readonly<Record<string, Step>> {
  const { trace, schedule, moment } = world;
  const read = {
    prev: field(trace, 'sched_switch', 'prev_pid'),
    next: field(trace, 'sched_switch', 'next_pid'),
    prevPrio: field(trace, 'sched_switch', 'prev_prio'),
    nextPrio: field(trace, 'sched_switch', 'next_prio'),
    state: field(trace, 'sched_switch', 'prev_state'),
    pid: field(trace, 'sched_wakeup', 'pid'),
    prio: field(trace, 'sched_wakeup', 'prio'),
    target: field(trace, 'sched_wakeup', 'target_cpu'),
    moved: field(trace, 'sched_migrate_task', 'pid'),
    dest: field(trace, 'sched_migrate_task', 'dest_cpu'),
    parent: field(trace, 'sched_process_fork', 'parent_pid'),
    child: field(trace, 'sched_process_fork', 'child_pid'),
    boosted: field(trace, 'sched_pi_setprio', 'pid'),
    newPrio: field(trace, 'sched_pi_setprio', 'newprio'),
  };
  const wake: Step = (row) => {
    applyWake(threadOf(schedule, read.pid(row)), moment.t, read.target(row), read.prio(row));
  };
  const fork: Step = (row) => {
    const child = read.child(row);
    forget(child);
    applyFork(schedule, moment.t, read.parent(row), child);
  };
  if (!all) return { sched_process_fork: fork };
  return {
    sched_switch: (row) => {
      const cpu = trace.cpu[row] ?? 0;
      const prev = threadOf(schedule, taskAt(world, cpu, read.prev(row)));
      const next = threadOf(schedule, taskAt(world, cpu, read.next(row)));
      applySwitch(
        schedule,
        moment.t,
        cpu,
        prev,
        read.prevPrio(row),
        read.state(row),
        next,
        read.nextPrio(row),
      );
    },
    sched_waking: wake,
    sched_wakeup: wake,
    sched_wakeup_new: wake,
    sched_migrate_task: (row) => {
      threadOf(schedule, read.moved(row)).cpu = read.dest(row);
    },
    sched_process_fork: fork,
    sched_pi_setprio: (row) => {
      threadOf(schedule, read.boosted(row)).prio = read.newPrio(row);
    },
  };
}

/** Threads that an event of each kind names, besides the one that it fired in. */
export function namedThreads(world: World): readonly ((row: number) => readonly number[])[] {
  const { trace } = world;
  return KINDS.map(({ name, fields }) => {
    const readers = Object.entries(fields)
      .filter(([, place]) => place.as === 'tid')
      .map(([key]) => field(trace, name, key));
    return (row) => [trace.tid[row] ?? 0, ...readers.map((read) => read(row))];
  });
}
