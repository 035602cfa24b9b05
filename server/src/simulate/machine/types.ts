import type { Trace } from '../../trace/columns.ts';
import type { Row } from '../../trace/column-builder.ts';
import type { Places } from './places.ts';

/**
 * The shapes of the simulated machine. All times are whole ns since `Trace.baseNs` of the recording, so that rows of
 * the recorded and of the simulated schedule compare. A CPU is its number, the idle task is `undefined`.
 */

/** How a burst comes to be wanted. */
export const ARRIVAL = {
  /** Runnable when the simulation starts. */
  start: 0,
  /** Woken by another task when that gets there (`POINT.wake`). */
  dependent: 1,
  /** Woken at an absolute time: a device, a periodic timer. */
  absolute: 2,
  /** Woken a time after the burst before ended: a sleep, an I/O. */
  relative: 3,
  /** A new task, when its parent gets there (`POINT.fork`). */
  fork: 4,
} as const;

/** What happens at a point of a burst's progress. */
export const POINT = {
  /** Wakes a task: `pointArg` is the burst that it wants. */
  wake: 0,
  /** A row of the recording to be emitted again: `pointArg` is the row. */
  row: 1,
  /** Makes a task: `pointArg` is its first burst. */
  fork: 2,
  /** The recording preempted it here, so that this is a place where the kernel can. */
  preemptible: 4,
  /** The task's own kernel priority (nice + 120, or 99 − rtPriority) becomes `pointArg`. */
  prio: 3,
  /** It goes on only when burst `pointArg`, of a task that it woke, is done: it needs the answer. */
  answer: 5,
} as const;

/** What the workload wants, whatever the scheduler does: bursts of running, and what starts each. */
export interface Demand {
  /** The recording that it was taken from. */
  readonly trace: Trace;
  readonly cpus: number;
  /** When the simulation starts (all CPUs are recorded) and ends. */
  readonly startNs: number;
  readonly endNs: number;
  readonly tasks: readonly DemandTask[];
  /** Columns of the bursts; those of one task lie together, in order. */
  readonly bursts: {
    readonly length: number;
    /** Index into `tasks`. */
    readonly task: Int32Array;
    /** ns of running; Infinity for a long one that the end of the recording cuts off. */
    readonly demand: Float64Array;
    /** One of ARRIVAL. */
    readonly arrival: Uint8Array;
    /** Time of an absolute arrival; length of the sleep of a relative one; recorded time of a dependent one. */
    readonly when: Float64Array;
    /** CPU on which the wake-up of an absolute or relative arrival happens; −1: where the task ran last. */
    readonly waker: Int16Array;
    /** What its wake-up cost in the recording: which of COST, −1 where something came between, and its ns. */
    readonly costKind: Int8Array;
    readonly cost: Float64Array;
    /** What its wake-up found, and where it went (`choicesOf`); −1: not recorded. */
    readonly choice: Int8Array;
    /** `prev_state` (TASK_STATE) with which it ends. */
    readonly endState: Uint16Array;
    /** Its points are `pointStart[b]` up to, not including, `pointStart[b + 1]`. */
    readonly pointStart: Int32Array;
  };
  readonly points: {
    readonly length: number;
    /** ns of running in the burst before it happens; ascending within a burst. */
    readonly at: Float64Array;
    /** One of POINT. */
    readonly kind: Uint8Array;
    readonly arg: Int32Array;
  };
  /** Rows to emit again that happened outside any task, at their recorded time. */
  readonly ambientRows: Int32Array;
  /** Costs and habits of the machine that the recording shows. */
  readonly calibration: Calibration;
  readonly placement: Placement;
  /** Where the recording has its tasks, by their index. */
  readonly places: Places;
  readonly kernel: KernelParams;
  readonly recorded: Recorded;
  /** Does nothing tell the groups? */
  readonly groupsGuessed: boolean;
  /** What had to be assumed, for people. */
  readonly notes: readonly string[];
}

export interface DemandTask {
  readonly tid: number;
  readonly comm: string;
  readonly firstBurst: number;
  readonly lastBurst: number;
  /** It waits for timers and for others at once: its bursts are done in the order in which they come. */
  readonly anyOrder: boolean;
  /** The end of the recording cuts its last burst off. */
  readonly cut: boolean;
  readonly policy: Policy;
  readonly nice: number;
  /** 1 to 99 for FIFO and RR, else 0. */
  readonly rtPriority: number;
  /** The CPUs that it may use (1); undefined: all. */
  readonly allowed: CpuSet | undefined;
  /** Where it is when the simulation starts. */
  readonly cpu: number;
  /** Number of its scheduling group; 0 is the root. */
  readonly group: number;
}

export type Policy = 'NORMAL' | 'BATCH' | 'IDLE' | 'FIFO' | 'RR' | 'EXT' | 'STOP';

/** By CPU: 1 where it is in the set. */
export type CpuSet = Uint8Array;

/** How the simulated kernel schedules. */
export interface KernelParams {
  readonly scheduler: 'eevdf' | 'cfs';
  /** 100 × major + minor. */
  readonly version: number;
  /** The third number of its version; Infinity: the last one. */
  readonly patch: number;
  /** EEVDF: the base slice; CFS: the minimal granularity. Scaled by the number of CPUs. */
  readonly baseSliceNs: number;
  /** Scheduler features that are off although this version has them on, or the other way round. */
  readonly features: Readonly<Record<string, boolean>>;
  readonly rtPeriodNs: number;
  /** Infinity: no limit. */
  readonly rtRuntimeNs: number;
  /** Scheduling groups; the first is the root. */
  readonly groups: readonly DemandGroup[];
}

export interface DemandGroup {
  readonly name: string;
  /** Index; −1 of the root. A parent comes before its children. */
  readonly parent: number;
  /** Load weight (1024 is the default). */
  readonly weight: number;
  readonly idle: boolean;
}

/** How the kernel places tasks that wake up on this machine. */
export interface Placement {
  /** An idle CPU is looked for among all: they share a cache. */
  readonly sharesCache: boolean;
}

/** What a wake-up costs until the task runs, where nothing keeps it from the CPU: by what happens meanwhile. */
export const COST = {
  /** The CPU leaves idle: the wake-up happened there, or on another one. */
  idleLocal: 0,
  idleRemote: 1,
  /** It preempts: the task that runs there woke it, an interrupt there, or another CPU. */
  preemptTask: 2,
  preemptIrq: 3,
  preemptRemote: 4,
} as const;

/** By COST: which other one stands in for it where it was seen too seldom, and its ns where neither was seen. */
export const COSTS = [
  { kind: COST.idleLocal, instead: COST.idleRemote, otherwise: 8_000 },
  { kind: COST.idleRemote, instead: COST.idleLocal, otherwise: 8_000 },
  { kind: COST.preemptTask, instead: COST.preemptIrq, otherwise: 2_000 },
  { kind: COST.preemptIrq, instead: COST.preemptTask, otherwise: 2_000 },
  { kind: COST.preemptRemote, instead: COST.preemptIrq, otherwise: 2_000 },
] as const;

/** Habits of the recorded machine, in ns. */
export interface Calibration {
  readonly tickNs: number;
  /** A time at which CPUs tick. */
  readonly tickPhaseNs: number;
  /** By COST: values that occurred, ascending, to draw from. */
  readonly costs: readonly Float64Array[];
  /** What a CPU that runs dry pays for a look at the others. */
  readonly searchNs: number;
}

/** What the extraction saw of the recorded schedule, for comparison. */
export interface Recorded {
  /** ns of running between `startNs` and `endNs`, by task. */
  readonly ran: Float64Array;
  /** The same by CPU. */
  readonly busy: Float64Array;
  /** Bursts that the recording completed. */
  readonly completed: number;
}

/** A task of the simulated machine. Classes keep what they need to know of it by its `index`. */
export interface SimTask {
  /** Index into `Demand.tasks`. */
  readonly index: number;
  readonly tid: number;
  readonly comm: string;
  policy: Policy;
  /** −20 to 19. */
  nice: number;
  /** 1 to 99; 0 outside FIFO and RR. */
  rtPriority: number;
  /** The load weight of its nice value, or what `setWeight` set. */
  weight: number;
  /** A slice of its own, ns; 0: the class's default. */
  slice: number;
  allowed: CpuSet | undefined;
  state: TaskState;
  /** Where it runs, waits or ran last. */
  cpu: number;
  /** Who schedules it. */
  sched: SchedClass;
  /** ns that it has run, how many bursts it has completed, and which one last; −1: none. */
  readonly ran: number;
  readonly done: number;
  readonly ended: number;
  /** Its burst in the demand, and how far it is in it. */
  readonly burst: number;
  readonly progress: number;
  /** Does it sleep within its burst, for the answer of another task? */
  readonly asks: boolean;
}

export const TASK = { blocked: 0, queued: 1, running: 2, dead: 3, unborn: 4 } as const;
export type TaskState = (typeof TASK)[keyof typeof TASK];

export interface EnqueueFlags {
  /** It slept until now. */
  readonly wakeup: boolean;
  /** It is new. */
  readonly fork: boolean;
  /** It comes from another CPU's queue or its attributes changed, without having slept. */
  readonly restore: boolean;
}

/**
 * A scheduling class, as in kernel/sched/sched.h. The machine asks the classes from the highest to the lowest; a
 * class keeps the queues of its tasks, one a CPU. A running task stays enqueued: `dequeue` of it takes it out for good.
 */
export interface SchedClass {
  readonly name: string;
  /** The CPU for a task that wakes up (`waker`: the CPU on which that happens); must be allowed. */
  selectCpu(task: SimTask, previous: number, waker: number, fork: boolean): number;
  enqueue(task: SimTask, cpu: number, flags: EnqueueFlags): void;
  /** `sleep`: it blocks; else it moves or changes its attributes. */
  dequeue(task: SimTask, cpu: number, sleep: boolean): void;
  /** Who should run on `cpu` next, undefined for none of this class; may take tasks from elsewhere (`moveTask`).
   * `prev` ran here until now; still enqueued unless it blocked. */
  pick(cpu: number, prev: SimTask | undefined): SimTask | undefined;
  /** `task`, which `pick` returned, starts to run. */
  start(task: SimTask, cpu: number): void;
  /** `task` stops running; `queued`: it is still runnable. `next` runs after it, undefined: nothing. */
  stop(task: SimTask, cpu: number, queued: boolean, next: SimTask | undefined): void;
  /** `task` has run for `ran` ns more; called at ticks, and before it sleeps or the CPU chooses anew. */
  account(task: SimTask, cpu: number, ran: number): void;
  /** The tick found `task` running; may call `resched`. */
  tick(task: SimTask, cpu: number): void;
  /** `task` of this class was enqueued on `cpu`, where `current` of the same class runs; may call `resched`.
   * `fork`: it is new. */
  wakeupPreempt(task: SimTask, cpu: number, current: SimTask, fork?: boolean): void;
  /** Tasks of this class on `cpu`, the running one included. */
  count(cpu: number): number;
  /** Is `task` queued still, although it sleeps? */
  isDelayed?(task: SimTask): boolean;
  /** `task` sleeps, and leaves the class or must move: drop what is kept of it. */
  forget?(task: SimTask): void;
  /** A task gives up the CPU without blocking. */
  yield?(task: SimTask, cpu: number): void;
  /** Periodic balancing on `cpu`, after its tick. */
  balance?(cpu: number): void;
  /** `cpu` starts or stops idling. */
  idle?(cpu: number, idle: boolean): void;
}

/** An event that the machine emits: the same columns as a row of a Trace, at `time`. Reused: copy what you keep. */
export interface SimEvent extends Row {
  time: number;
}

/** Called for each event when it happens, after the machine's state has changed; may use all controls. */
export type Listener = (event: SimEvent) => void;

/** What runs the demand. */
export interface Machine {
  readonly demand: Demand;
  readonly cpus: number;
  readonly now: number;
  /** By `SimTask.index`. */
  readonly tasks: readonly SimTask[];
  taskOf(tid: number): SimTask | undefined;
  /** The task that runs on `cpu`; undefined: idle. */
  current(cpu: number): SimTask | undefined;
  /** May `task` use `cpu`? */
  allows(task: SimTask, cpu: number): boolean;

  /** Changes policy and priority, like sched_setattr: `priority` is the nice value, or 1..99 for FIFO and RR. */
  setScheduler(task: SimTask, policy: Policy, priority: number): void;
  /** Changes the CPUs that it may use, and moves it away from others. */
  setAffinity(task: SimTask, allowed: CpuSet | undefined): void;
  /** A slice of its own from its next one on, ns; 0: the default. */
  setSlice(task: SimTask, slice: number): void;
  /** Replaces the load weight that its nice value gives (1024 is nice 0); 0: that of its nice value again. */
  setWeight(task: SimTask, weight: number): void;
  /** Makes `cpu` choose anew as soon as it can. */
  resched(cpu: number): void;
  /** Has `cpu` been told to choose anew? */
  needsResched(cpu: number): boolean;
  /** Takes a task, which is queued, to the queue of another CPU. */
  moveTask(task: SimTask, cpu: number): void;
  /** Is `cpu` idle, with nothing on its way to it? */
  isIdle(cpu: number): boolean;
  /** Tasks that run or wait on `cpu`. */
  count(cpu: number): number;
  /** A number from 0 up to, not including, 1: the same for the same run, whatever the others draw, for each `key`. */
  draw(key: number): number;
  /** Every task of the EXT class belongs to fair from now on. */
  removeExt(): void;
  /** Calls `action` at `time` (now at the earliest). Returns a function that cancels it. */
  callAt(time: number, action: () => void): () => void;

  /** Runs until `time` or the end of the demand. */
  run(time?: number): void;
  /** The schedule so far as a trace: its format is 'simulated'. */
  schedule(): Trace;
}

export interface MachineOptions {
  readonly listener?: Listener;
  /** Scheduler of the EXT class, below fair; with `all`, of NORMAL, BATCH and IDLE tasks too (not SCX_OPS_SWITCH_PARTIAL). */
  readonly ext?: { readonly make: (machine: Machine) => SchedClass; readonly all: boolean };
}

/** One quantity, in the recording and in the simulated baseline. */
export interface Pair {
  readonly recorded: number;
  readonly simulated: number;
}

/** How well the simulated baseline reproduces the recording. ns, counts, ratios. */
export interface Fidelity {
  readonly verdict: 'good' | 'fair' | 'poor';
  /** Quantiles; no p99 below 1,000 wake-ups, no p999 below 10,000. */
  readonly wakeup_latency: Readonly<Partial<Record<'p50' | 'p90' | 'p95' | 'p99' | 'p999', Pair>>>;
  readonly switches: Pair;
  readonly migrations: Pair;
  /** ½ Σ |simulated − recorded run time of a task| / Σ recorded. */
  readonly runtime_error: number;
  /** Part of the bursts that the recording completed which the simulation completed too. */
  readonly bursts_completed: number;
  /** ns by CPU. */
  readonly busy: readonly Pair[];
  /** Kolmogorov-Smirnov distance of the wake-up latencies. */
  readonly ks: number;
  /** What kept the verdict from being better. */
  readonly reasons: readonly string[];
  /** What was not recorded, and is inferred. */
  readonly inferred: readonly string[];
}
