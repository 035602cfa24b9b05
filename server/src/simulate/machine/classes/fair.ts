import type { Task } from '../task.ts';
import { CHANGES, has } from '../rules.ts';
import { TASK, type EnqueueFlags, type Machine, type SchedClass, type SimTask } from '../types.ts';
import type { Averages } from './averages.ts';
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
import { FlatGroups } from './flat-groups.ts';
import { Groups, type TaskGroups } from './groups.ts';
import { Loads } from './loads.ts';
import { SliceTimers } from './slice-timers.ts';
import { Usage } from './usage.ts';
import { WakeupCpu } from './wakeup-cpu.ts';

/** SCHED_NORMAL, SCHED_BATCH and SCHED_IDLE (kernel/sched/fair.c), with groups. */
export class FairClass implements SchedClass {
  readonly name = 'fair';
  readonly machine: Machine;
  private readonly roots: FairQueue[];
  private readonly entities: Entity[];
  private readonly discipline: Discipline;
  private readonly groups: TaskGroups;
  private readonly balancer: Balancer;
  private readonly loads: Loads;
  private readonly usage: Usage;
  private readonly wakeupCpu: WakeupCpu;
  private readonly counts: Int32Array;
  private listings = 0;
  private readonly requeueCharges: boolean;
  private readonly sliceTimers: SliceTimers | undefined;

  /** `realTime`: by CPU, the part of the time that real-time tasks run. */
  constructor(machine: Machine, realTime: Averages) {
    const { kernel, calibration, tasks } = machine.demand;
    this.machine = machine;
    this.discipline = kernel.scheduler === 'cfs' ? new Cfs(kernel) : new Eevdf(kernel, calibration.tickNs);
    this.roots = Array.from({ length: machine.cpus }, (_, cpu) => newQueue(cpu, 0, undefined));
    const grouping = has(kernel, CHANGES.singleQueue) ? FlatGroups : Groups;
    this.groups = new grouping(kernel.groups, this.roots, this.discipline, (queue) => this.charge(queue));
    this.entities = tasks.map((task) =>
      newEntity(undefined, undefined, this.groups.queueOf(task.group, task.cpu)),
    );
    this.counts = new Int32Array(machine.cpus);
    this.requeueCharges = has(kernel, CHANGES.requeueCharges);
    this.loads = new Loads(machine, this.roots);
    this.usage = new Usage(machine, realTime);
    this.wakeupCpu = new WakeupCpu(machine, this.loads, this.usage);
    this.balancer = new Balancer(this, this.loads, this.usage);
    if (kernel.features['HRTICK'] ?? has(kernel, CHANGES.hrtick)) this.sliceTimers = new SliceTimers(this);
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
    const entity = this.entityOf(task);
    return entity.delayed ? previous : this.wakeupCpu.select(task, entity, previous, waker, fork);
  }

  /** A CPU balances periodically. */
  balances(): void {
    this.wakeupCpu.setScan();
  }

  enqueue(task: SimTask, cpu: number, flags: EnqueueFlags): void {
    const entity = this.entityOf(task);
    entity.idle = task.policy === 'IDLE';
    if (flags.wakeup && !flags.fork) this.balancer.idleEnds(cpu);
    const sleeps = task.state === TASK.blocked;
    if (!sleeps) this.usage.activate(cpu, 1);
    if (entity.delayed) {
      if (this.requeueCharges) this.charge(entity.queue);
      this.discipline.undelay(entity.queue, entity, true);
      entity.delayed = false;
      return;
    }
    const { group } = task as Task;
    entity.nominal = task.weight;
    this.groups.join(entity, group, cpu, this.machine.now);
    const queue = this.groups.queueOf(group, cpu);
    if (queue !== entity.queue) this.loads.move(entity, queue);
    if (cpu !== entity.queue.cpu) {
      this.usage.moves(task, entity.queue.cpu, cpu);
      // It is not hot there (ENQUEUE_MIGRATED).
      entity.ranAt = -Infinity;
    }
    entity.listed = ++this.listings;
    entity.queue = queue;
    entity.parent = queue.entity;
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
    entity.delayed = sleeps;
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
    if (entity.task) this.groups.leave(entity, entity.task.group, this.machine.now);
    entity.queued = false;
    entity.delayed = false;
  }

  dequeue(task: SimTask, cpu: number, sleep: boolean): void {
    const entity = this.entityOf(task);
    if (sleep) this.usage.sleeps(task);
    if (entity.delayed) entity.delayed = false;
    else this.usage.activate(cpu, -1);
    this.leave(entity, cpu, sleep);
  }

  isDelayed(task: SimTask): boolean {
    return this.entityOf(task).delayed;
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
      if (at.task) this.groups.weigh(at, at.task.group, this.machine.now);
      this.discipline.started(at.queue, at);
    }
    this.entityOf(task).listed = ++this.listings;
    this.usage.starts(task, cpu);
    this.sliceTimers?.arm(cpu);
  }

  stop(task: SimTask, cpu: number, _queued: boolean, next: SimTask | undefined): void {
    this.sliceTimers?.cancel(cpu);
    const follows = next?.sched === this ? this.entityOf(next) : undefined;
    this.usage.stops(task, cpu, follows !== undefined);
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
    this.groups.weigh(entity, (task as Task).group, this.machine.now);
    for (let at: Entity | undefined = entity; at; at = at.parent)
      if (this.discipline.tick(at.queue, at)) this.machine.resched(cpu);
  }

  wakeupPreempt(task: SimTask, cpu: number, running: SimTask, fork = false): void {
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
    const leave = (delayed: Entity): void => this.leave(delayed, cpu, true);
    if (this.discipline.preempts(entity.queue, current, entity, fork, leave)) this.machine.resched(cpu);
  }

  balance(cpu: number): void {
    this.balancer.periodic(cpu);
  }

  idle(cpu: number, idle: boolean): void {
    if (!idle) this.balancer.idleEnds(cpu);
  }

  count(cpu: number): number {
    return this.counts[cpu]!;
  }

  /** Is the entity owed time in its queue? */
  isOwed(entity: Entity): boolean {
    return this.discipline.isOwed(entity.queue, entity);
  }

  /** Do tasks of the same group wait or run on `cpu`? */
  hasKin({ task }: Entity, cpu: number): boolean {
    return this.groups.queueOf(task!.group, cpu).entities.length > 0;
  }

  /** Tasks that run or wait on `cpu`, and delayed ones, those first that were queued or picked longest ago. */
  list(cpu: number): readonly Entity[] {
    const found: Entity[] = [];
    collect(this.roots[cpu]!, found);
    return found.sort((left, right) => left.listed - right.listed);
  }

  /** Puts the entity last in the list. */
  relist(entity: Entity): void {
    entity.listed = ++this.listings;
  }
}

function collect(queue: FairQueue, found: Entity[]): void {
  for (const entity of queue.entities) {
    if (entity.mine) collect(entity.mine, found);
    else if (entity.task) found.push(entity);
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
