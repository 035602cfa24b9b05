import { createMachine } from '../../../server/src/simulate/machine/machine.ts';
import {
  COSTS,
  ARRIVAL,
  POINT,
  type CpuSet,
  type Demand,
  type DemandGroup,
  type KernelParams,
  type Machine,
  type Policy,
} from '../../../server/src/simulate/machine/types.ts';
import type { Trace } from '../../../server/src/trace/columns.ts';
import { trace } from '../../support/trace.ts';

export const MS = 1_000_000;

export interface Burst {
  /** ns; Infinity for one that never ends. */
  readonly demand: number;
  /** Absolute time, or how long it slept before; neither: runnable from the start, or woken by another's `wakes`. */
  readonly at?: number;
  readonly after?: number;
  /** After how much running it wakes which task's next burst that is woken so. */
  readonly wakes?: readonly { readonly at: number; readonly tid: number }[];
  /** After how much running it needs the answer of which burst, counted over all tasks. */
  readonly needs?: { readonly at: number; readonly burst: number };
}

export interface TaskSpec {
  readonly tid: number;
  readonly bursts: readonly Burst[];
  readonly policy?: Policy;
  readonly nice?: number;
  readonly rtPriority?: number;
  readonly cpu?: number;
  readonly allowed?: readonly number[];
  readonly group?: number;
  readonly anyOrder?: boolean;
}

export interface Setup {
  readonly cpus?: number;
  readonly ms: number;
  readonly kernel?: Partial<KernelParams>;
  readonly groups?: readonly DemandGroup[];
}

const NEVER: Trace = trace('1.000000 0 swapper-0 sched_waking: comm=t1 pid=1 prio=120 target_cpu=000');

/** A demand by hand. */
export function demandOf(tasks: readonly TaskSpec[], { cpus = 1, ms, kernel, groups }: Setup): Demand {
  const all = tasks.flatMap((task, index) =>
    task.bursts.map((burst, i) => ({ burst, index, first: i === 0 })),
  );
  const points = pointsOf(tasks);
  const one = Float64Array.of(1000);
  return {
    trace: {
      ...NEVER,
      cpus,
      tasks: new Map(tasks.map(({ tid }) => [tid, { tid, comm: `t${tid}`, tgid: undefined }])),
    },
    cpus,
    startNs: 0,
    endNs: ms * MS,
    tasks: tasks.map((task, index) => ({
      tid: task.tid,
      comm: `t${task.tid}`,
      firstBurst: all.findIndex((other) => other.index === index),
      lastBurst: all.findLastIndex((other) => other.index === index) + 1,
      anyOrder: task.anyOrder ?? false,
      cut: all.findLast((other) => other.index === index)?.burst.demand === Infinity,
      policy: task.policy ?? 'NORMAL',
      nice: task.nice ?? 0,
      rtPriority: task.rtPriority ?? 0,
      allowed: task.allowed ? maskOf(task.allowed, cpus) : undefined,
      cpu: task.cpu ?? task.allowed?.[0] ?? 0,
      group: task.group ?? 0,
    })),
    bursts: {
      length: all.length,
      task: Int32Array.from(all, ({ index }) => index),
      demand: Float64Array.from(all, ({ burst }) => burst.demand),
      arrival: Uint8Array.from(all, ({ burst, first }) => arrivalOf(burst, first)),
      when: Float64Array.from(all, ({ burst }) => burst.at ?? burst.after ?? 0),
      waker: new Int16Array(all.length).fill(-1),
      costKind: new Int8Array(all.length).fill(-1),
      cost: new Float64Array(all.length),
      choice: new Int8Array(all.length).fill(-1),
      endState: new Uint16Array(all.length).fill(1),
      pointStart: points.start,
    },
    points: points.columns,
    ambientRows: new Int32Array(0),
    calibration: {
      tickNs: 4 * MS,
      tickPhaseNs: 0,
      costs: COSTS.map(() => one),
      searchNs: 0,
    },
    placement: { sharesCache: true },
    places: { start: new Int32Array(0), since: new Float64Array(0), cpu: new Int16Array(0) },
    kernel: {
      scheduler: 'eevdf',
      version: 618,
      patch: Infinity,
      baseSliceNs: 1.4 * MS,
      features: {},
      rtPeriodNs: 1000 * MS,
      rtRuntimeNs: 950 * MS,
      groups: groups ?? [{ name: '/', parent: -1, weight: 1024, idle: false }],
      ...kernel,
    },
    recorded: { ran: new Float64Array(tasks.length), busy: new Float64Array(cpus), completed: 0 },
    groupsGuessed: false,
    notes: [],
  };
}

function arrivalOf({ at, after }: Burst, first: boolean): number {
  if (at !== undefined) return ARRIVAL.absolute;
  if (after !== undefined) return ARRIVAL.relative;
  return first ? ARRIVAL.start : ARRIVAL.dependent;
}

/** The points of all bursts; each wake-up of a task is for its next burst that is woken so. */
function pointsOf(tasks: readonly TaskSpec[]) {
  const waiting = new Map<number, number[]>();
  let burst = 0;
  for (const { tid, bursts } of tasks)
    for (const [i, { at, after }] of bursts.entries()) {
      if (i > 0 && at === undefined && after === undefined)
        waiting.set(tid, [...(waiting.get(tid) ?? []), burst]);
      burst++;
    }
  const start = [0];
  const at: number[] = [];
  const arg: number[] = [];
  const kind: number[] = [];
  for (const { wakes, needs } of tasks.flatMap(({ bursts }) => bursts)) {
    for (const wake of wakes ?? []) {
      at.push(wake.at);
      kind.push(POINT.wake);
      arg.push(waiting.get(wake.tid)?.shift() ?? -1);
    }
    if (needs) {
      at.push(needs.at);
      kind.push(POINT.answer);
      arg.push(needs.burst);
    }
    start.push(at.length);
  }
  const columns = {
    length: at.length,
    at: Float64Array.from(at),
    kind: Uint8Array.from(kind),
    arg: Int32Array.from(arg),
  };
  return { start: Int32Array.from(start), columns };
}

export function maskOf(list: readonly number[], cpus: number): CpuSet {
  const mask = new Uint8Array(cpus);
  for (const cpu of list) mask[cpu] = 1;
  return mask;
}

/** A machine that ran the tasks to the end. */
export function ran(tasks: readonly TaskSpec[], setup: Setup): Machine {
  const machine = createMachine(demandOf(tasks, setup));
  machine.run();
  return machine;
}

/** ns that each task ran, by thread. */
export const runTimes = (machine: Machine): Readonly<Record<number, number>> =>
  Object.fromEntries(machine.tasks.map(({ tid, ran: ns }) => [tid, ns]));

/** Who ran on `cpu`, in order: thread (0 is idle) and since when, in µs. */
export function timeline(machine: Machine, cpu = 0): readonly (readonly [tid: number, us: number])[] {
  const schedule = machine.schedule();
  const found: (readonly [number, number])[] = [];
  for (let row = 0; row < schedule.length; row++)
    if (schedule.kind[row] === 0 && schedule.cpu[row] === cpu)
      found.push([schedule.b[row]!, schedule.time[row]! / 1000]);
  return found;
}

/** A task that always has work. */
export const hog = (tid: number, more: Partial<TaskSpec> = {}): TaskSpec => ({
  tid,
  bursts: [{ demand: Infinity }],
  ...more,
});
