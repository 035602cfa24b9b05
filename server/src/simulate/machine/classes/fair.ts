import type { Task } from '../task.ts';
import { TASK, type EnqueueFlags, type Machine, type SchedClass, type SimTask } from '../types.ts';
import { Balancer } from './balance.ts';
import { Cfs } from './cfs.ts';
import { Eevdf } from './eevdf.ts';
import {
  decayEntity,
  decayLoad,
  newEntity,
  newQueue,
  type Discipline,
  type Entity,
  type FairQueue,
} from './entity.ts';
import { Groups } from './groups.ts';
import { SliceTimers } from './slice-timers.ts';

/** HRTICK is on by default since this version: 100 × major + minor. */
const HRTICK_SINCE = 700;

/** SCHED_NORMAL, SCHED_BATCH and SCHED_IDLE (kernel/sched/fair.c), with groups. */
export class FairClass implements SchedClass {
  readonly name = 'fair';
  readonly machine: Machine;
  private readonly roots: FairQueue[];
  private readonly entities: Entity[];
  private readonly discipline: Discipline;
  private readonly groups: Groups;
  private readonly balancer: Balancer;
  private readonly counts: Int32Array;
  private readonly sliceTimers: SliceTimers | undefined;

  constructor(machine: Machine) {
    const { kernel, calibration, tasks } = machine.demand;
    this.machine = machine;
    this.discipline = kernel.scheduler === 'cfs' ? new Cfs(kernel) : new Eevdf(kernel, calibration.tickNs);
    this.roots = Array.from({ length: machine.cpus }, (_, cpu) => newQueue(cpu, 0, undefined));
    this.groups = new Groups(kernel.groups, this.roots, this.discipline, (queue) => this.charge(queue));
    this.entities = tasks.map((task) =>
      newEntity(undefined, undefined, this.groups.queueOf(task.group, task.cpu)),
    );
    this.counts = new Int32Array(machine.cpus);
    this.balancer = new Balancer(this, this.roots);
    if (kernel.features['HRTICK'] ?? kernel.version >= HRTICK_SINCE) this.sliceTimers = new SliceTimers(this);
  }

  entityOf(task: SimTask): Entity {
    const known = this.entities[task.index]!;
    if (known.task) return known;
    const entity = newEntity(task as Task, undefined, known.queue);
    entity.parent = known.queue.entity;
    this.entities[task.index] = entity;
    return entity;
  }

  selectCpu(task: SimTask, previous: number, waker: number, fork: boolean): number {
    if (this.entityOf(task).delayed) return previous;
    return this.balancer.select(task, this.entityOf(task), previous, waker, fork);
  }

  enqueue(task: SimTask, cpu: number, flags: EnqueueFlags): void {
    const entity = this.entityOf(task);
    entity.idle = task.policy === 'IDLE';
    if (entity.delayed) {
      this.discipline.undelay(entity.queue, entity, true);
      entity.delayed = false;
      return;
    }
    entity.weight = task.weight;
    entity.queue = this.groups.queueOf((task as Task).group, cpu);
    entity.parent = entity.queue.entity;
    let wakeup = flags.wakeup;
    for (let at: Entity | undefined = entity; at; at = at.parent) {
      if (at.queued && at !== entity) {
        if (!at.delayed) break;
        this.discipline.undelay(at.queue, at, true);
        at.delayed = false;
        break;
      }
      this.insert(at.queue, at, flags.fork, wakeup);
      wakeup = true;
    }
    this.groups.update(entity.queue, this.machine.now);
    this.counts[cpu]!++;
    this.sliceTimers?.arm(cpu);
  }

  /** Charges what runs on `queue` for the time since that was last done; its turn may be over (update_curr). */
  private charge(queue: FairQueue): void {
    const { current } = queue;
    if (!current) return;
    const ran = this.machine.now - current.chargedAt;
    current.chargedAt = this.machine.now;
    if (ran <= 0) return;
    current.stretch += ran;
    if (!this.discipline.ran(queue, current, ran) || queue.entities.length < 2) return;
    this.machine.resched(queue.cpu);
    clearBuddies(current);
  }

  private insert(queue: FairQueue, entity: Entity, initial: boolean, wakeup: boolean): void {
    this.charge(queue);
    decayLoad(queue, this.machine.now);
    decayEntity(entity, this.machine.now);
    this.discipline.place(queue, entity, initial, wakeup);
    queue.entities.push(entity);
    queue.weight += entity.weight;
    entity.queued = true;
  }

  private remove(queue: FairQueue, entity: Entity): void {
    decayLoad(queue, this.machine.now);
    decayEntity(entity, this.machine.now);
    queue.entities.splice(queue.entities.indexOf(entity), 1);
    queue.weight -= entity.weight;
    entity.queued = false;
    entity.delayed = false;
  }

  dequeue(task: SimTask, cpu: number, sleep: boolean): void {
    this.leave(this.entityOf(task), cpu, sleep);
  }

  /** Takes the entity out, and the groups that it leaves empty; one that is not eligible only later. */
  private leave(entity: Entity, cpu: number, sleep: boolean): void {
    let sleeps = sleep;
    for (let at: Entity | undefined = entity; at; at = at.parent) {
      this.charge(at.queue);
      clearBuddies(at);
      if (at.delayed) this.discipline.undelay(at.queue, at, false);
      else if (this.discipline.leave(at.queue, at, sleeps)) {
        at.delayed = true;
        break;
      }
      this.remove(at.queue, at);
      if (at.task) this.counts[cpu]!--;
      const { entity: group, entities } = at.queue;
      if (group && entities.length > 0 && sleep) setBuddies(group);
      if (!group || entities.length > 0) break;
      sleeps = true;
    }
    this.groups.update(entity.queue, this.machine.now);
  }

  forget(task: SimTask): void {
    const entity = this.entityOf(task);
    if (entity.delayed) this.leave(entity, entity.queue.cpu, true);
  }

  pick(cpu: number): SimTask | undefined {
    if (this.counts[cpu] === 0) this.balancer.newlyIdle(cpu);
    let queue = this.roots[cpu]!;
    while (this.counts[cpu]! > 0) {
      const entity = this.discipline.pick(queue);
      if (!entity) break;
      if (entity.delayed) {
        this.leave(entity, cpu, true);
        queue = this.roots[cpu]!;
        if (this.counts[cpu] === 0) this.balancer.newlyIdle(cpu);
      } else if (entity.mine) queue = entity.mine;
      else return entity.task;
    }
    return undefined;
  }

  /** The groups that it shares with the one before go on (pick_next_task_fair). */
  start(task: SimTask, cpu: number): void {
    for (let at: Entity | undefined = this.entityOf(task); at && at.queue.current !== at; at = at.parent) {
      clearBuddies(at);
      at.queue.current = at;
      at.stretch = 0;
      at.chargedAt = this.machine.now;
      at.ranAt = this.machine.now;
      this.discipline.started(at.queue, at);
    }
    this.sliceTimers?.arm(cpu);
  }

  stop(task: SimTask, cpu: number, _queued: boolean, next: SimTask | undefined): void {
    this.sliceTimers?.cancel(cpu);
    const follows = next?.sched === this ? this.entityOf(next) : undefined;
    for (let at: Entity | undefined = this.entityOf(task); at; at = at.parent) {
      if (follows && isWithin(follows, at)) break;
      if (at.queue.current === at) at.queue.current = undefined;
      at.ranAt = this.machine.now;
    }
  }

  account(task: SimTask): void {
    for (let at: Entity | undefined = this.entityOf(task); at; at = at.parent) this.charge(at.queue);
  }

  tick(task: SimTask, cpu: number): void {
    const entity = this.entityOf(task);
    this.groups.update(entity.queue, this.machine.now);
    for (let at: Entity | undefined = entity; at; at = at.parent)
      if (this.discipline.tick(at.queue, at)) this.machine.resched(cpu);
  }

  wakeupPreempt(task: SimTask, cpu: number, running: SimTask): void {
    if (this.machine.needsResched(cpu)) return;
    let entity = this.entityOf(task);
    let current = this.entityOf(running);
    while (entity.queue !== current.queue) {
      const deeper = depth(entity) - depth(current);
      if (deeper >= 0 && entity.parent) entity = entity.parent;
      if (deeper <= 0 && current.parent) current = current.parent;
    }
    if (current.idle && !entity.idle) this.machine.resched(cpu);
    if (current.idle !== entity.idle || task.policy !== 'NORMAL') return;
    this.charge(entity.queue);
    if (this.discipline.preempts(entity.queue, current, entity)) this.machine.resched(cpu);
  }

  balance(cpu: number): void {
    this.balancer.periodic(cpu);
  }

  count(cpu: number): number {
    return this.counts[cpu]!;
  }

  /** Tasks that wait on `cpu`, in no order that means anything. */
  waiting(cpu: number): readonly Entity[] {
    const found: Entity[] = [];
    collectWaiting(this.roots[cpu]!, found);
    return found;
  }
}

function collectWaiting(queue: FairQueue, found: Entity[]): void {
  for (const entity of queue.entities) {
    if (entity.mine) collectWaiting(entity.mine, found);
    else if (!entity.delayed && entity.task?.state === TASK.queued) found.push(entity);
  }
}

/** Is `entity` in the group that `above` stands for, or itself `above`? */
function isWithin(entity: Entity, above: Entity): boolean {
  for (let at: Entity | undefined = entity; at; at = at.parent) if (at === above) return true;
  return false;
}

/** What of `group` still waits is to run next: its task went to sleep before its turn was over (set_next_buddy). */
function setBuddies(group: Entity): void {
  for (let at: Entity | undefined = group; at?.queued && !at.idle; at = at.parent) at.queue.buddy = at;
}

function clearBuddies(entity: Entity): void {
  for (let at: Entity | undefined = entity; at && at.queue.buddy === at; at = at.parent)
    at.queue.buddy = undefined;
}

function depth(entity: Entity): number {
  let count = 0;
  for (let at = entity.parent; at; at = at.parent) count++;
  return count;
}
