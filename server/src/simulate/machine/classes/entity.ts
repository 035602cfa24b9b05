import { FRACTION, type Task } from '../task.ts';

/** What a fair queue schedules: a task, or a group's queue of the same CPU (struct sched_entity). */
export interface Entity {
  readonly task: Task | undefined;
  /** The queue of the group that it stands for. */
  readonly mine: FairQueue | undefined;
  /** The group's entity on this CPU; undefined in the root. */
  parent: Entity | undefined;
  /** The queue that it is or was on. */
  queue: FairQueue;
  weight: number;
  /** A task's weight in its group. */
  nominal: number;
  queued: boolean;
  /** Left, but still queued until it is picked while eligible (DELAY_DEQUEUE). */
  delayed: boolean;
  idle: boolean;
  vruntime: number;
  /** EEVDF: virtual deadline, what it lags behind the others, and until when it is protected from wake-ups. */
  deadline: number;
  vlag: number;
  vprot: number;
  slice: number;
  /** Is `deadline` relative to its vruntime, because it moves to another CPU? */
  relative: boolean;
  /** ns that it has run since it was picked. */
  stretch: number;
  /** Up to when its running is charged (exec_start). */
  chargedAt: number;
  /** When it last started or stopped to run on the CPU where it is; −Infinity: it did not. */
  ranAt: number;
  /** A task's place in the list of its CPU, by when it was queued or picked last (rq->cfs_tasks). */
  listed: number;
  /** Average of its weight while it is queued, and when that was computed (PELT). */
  load: number;
  loadAt: number;
}

/** The queue of one group on one CPU (struct cfs_rq); the running entity stays in it. */
export interface FairQueue {
  readonly cpu: number;
  readonly group: number;
  /** The entity that stands for it in its parent; undefined: the root. */
  readonly entity: Entity | undefined;
  readonly entities: Entity[];
  current: Entity | undefined;
  /** To be picked next if eligible: the group of a task that went to sleep (cfs_rq->next). */
  buddy: Entity | undefined;
  /** Sum of the weights of `entities`. */
  weight: number;
  /** Lowest vruntime that it may have (CFS), or where the average stood when it was last not empty (EEVDF). */
  minVruntime: number;
  /** Average of `weight` over the last tenths of a second, and when it was computed (PELT). */
  load: number;
  loadAt: number;
}

/** Half-life of the kernel's load averages: 32 periods of 1024 µs (kernel/sched/pelt.c). */
const HALF_LIFE_NS = 32 * 1024 * 1024;

/** What was left after stretches of late, by the low bits of their lengths: most come again, and a power takes long. */
const SLOTS = 4096;
const stretches = new Float64Array(SLOTS).fill(NaN);
const leftAfter = new Float64Array(SLOTS);

/** What is left of an average after `ns`. */
export function decay(ns: number): number {
  const slot = ns & (SLOTS - 1);
  if (stretches[slot] !== ns) {
    stretches[slot] = ns;
    leftAfter[slot] = 2 ** (-ns / HALF_LIFE_NS);
  }
  return leftAfter[slot]!;
}

/** Brings the load average of `entity` up to `now`; to be called before it is queued or leaves. */
export function decayEntity(entity: Entity, now: number): void {
  const passed = now - entity.loadAt;
  if (passed <= 0) return;
  const weight = entity.queued ? entity.weight : 0;
  entity.load = weight + (entity.load - weight) * decay(passed);
  entity.loadAt = now;
}

/** Brings the load average of `queue` up to `now`; to be called before its weight changes. */
export function decayLoad(queue: FairQueue, now: number): void {
  const passed = now - queue.loadAt;
  if (passed <= 0) return;
  queue.load = queue.weight + (queue.load - queue.weight) * decay(passed);
  queue.loadAt = now;
}

export function newQueue(cpu: number, group: number, entity: Entity | undefined): FairQueue {
  return {
    cpu,
    group,
    entity,
    entities: [],
    current: undefined,
    buddy: undefined,
    weight: FRACTION,
    minVruntime: FRACTION,
    load: FRACTION,
    loadAt: FRACTION,
  };
}

export function newEntity(task: Task | undefined, mine: FairQueue | undefined, queue: FairQueue): Entity {
  return {
    task,
    mine,
    parent: undefined,
    queue,
    weight: 1024,
    nominal: 1024,
    queued: false,
    delayed: false,
    idle: false,
    vruntime: FRACTION,
    deadline: FRACTION,
    vlag: FRACTION,
    vprot: FRACTION,
    slice: FRACTION,
    relative: false,
    stretch: FRACTION,
    chargedAt: FRACTION,
    ranAt: -Infinity,
    listed: 0,
    load: 1024,
    loadAt: FRACTION,
  };
}

/** How a fair queue chooses: EEVDF or CFS. */
export interface Discipline {
  /** Gives an entity that is about to be queued its place. `initial`: a new task; `wakeup`: it slept. */
  place(queue: FairQueue, entity: Entity, initial: boolean, wakeup: boolean): void;
  /** Notes what a leaving entity takes with it; true: it stays queued for now, delayed. */
  leave(queue: FairQueue, entity: Entity, sleep: boolean): boolean;
  /** A delayed entity wakes up (true) or really leaves (false). */
  undelay(queue: FairQueue, entity: Entity, wakes: boolean): void;
  /** The current entity ran: is its slice over? */
  ran(queue: FairQueue, entity: Entity, ns: number): boolean;
  pick(queue: FairQueue): Entity | undefined;
  /** `entity` starts to run. */
  started(queue: FairQueue, entity: Entity): void;
  /**
   * Does `entity`, just queued, take the CPU from the current one? `fork`: it is new; `leave` takes out a delayed one
   * whose time has come.
   */
  preempts(
    queue: FairQueue,
    current: Entity,
    entity: Entity,
    fork: boolean,
    leave: (delayed: Entity) => void,
  ): boolean;
  /** Does the tick end the current entity's turn? */
  tick(queue: FairQueue, entity: Entity): boolean;
  /** Is the entity owed time, so that it may be picked? */
  isOwed(queue: FairQueue, entity: Entity): boolean;
  /** The weight of a queued entity is about to change to `weight`. */
  reweigh(queue: FairQueue, entity: Entity, weight: number): void;
}
