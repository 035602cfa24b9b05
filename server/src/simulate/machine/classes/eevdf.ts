import { CHANGES, has } from '../rules.ts';
import type { KernelParams } from '../types.ts';
import type { Discipline, Entity, FairQueue } from './entity.ts';

/**
 * Earliest eligible virtual deadline first, as kernel/sched/fair.c has it since 6.6. Of entities with weights w,
 * virtual run times v and slices r: V = Σwv / Σw; eligible are those with v ≤ V; of these the one with the earliest
 * deadline d = v + r·1024/w runs.
 */
export class Eevdf implements Discipline {
  private readonly base: number;
  private readonly tickNs: number;
  private readonly delays: boolean;
  private readonly parity: boolean;
  private readonly short: boolean;
  private readonly protectsMinSlice: boolean;
  private readonly placeLag: boolean;
  private readonly buddies: boolean;
  private readonly forkWaits: boolean;
  private readonly wakeupDequeues: boolean;
  private readonly reweighPlaces: boolean;
  private readonly lagByQueue: boolean;

  constructor(kernel: KernelParams, tickNs: number) {
    const feature = (name: string, otherwise = true): boolean => kernel.features[name] ?? otherwise;
    this.base = kernel.baseSliceNs;
    this.tickNs = tickNs;
    this.delays = feature('DELAY_DEQUEUE', has(kernel, CHANGES.delayDequeue));
    this.parity = feature('RUN_TO_PARITY');
    this.short = feature('PREEMPT_SHORT', has(kernel, CHANGES.delayDequeue));
    this.placeLag = feature('PLACE_LAG');
    this.buddies = feature('PICK_BUDDY', has(kernel, CHANGES.pickBuddy));
    this.forkWaits = has(kernel, CHANGES.forkWaits);
    this.lagByQueue = has(kernel, CHANGES.lagByQueue);
    this.reweighPlaces = has(kernel, CHANGES.reweighPlaces);
    this.wakeupDequeues = has(kernel, CHANGES.wakeupDequeues);
    this.protectsMinSlice = has(kernel, CHANGES.minSliceProtection);
  }

  place(queue: FairQueue, entity: Entity, initial: boolean): void {
    entity.slice = this.sliceOf(entity);
    let lag = 0;
    if (this.placeLag && queue.entities.length > 0 && entity.vlag !== 0)
      lag = (entity.vlag * (queue.weight + entity.weight)) / Math.max(1, queue.weight);
    entity.vruntime = average(queue) - lag;
    if (entity.relative) {
      entity.deadline += entity.vruntime;
      entity.relative = false;
      return;
    }
    const slice = virtual(entity.slice, entity);
    entity.deadline = entity.vruntime + (initial ? slice / 2 : slice);
  }

  /** A group asks for the shortest slice that one of its members asks for (cfs_rq_min_slice). */
  private sliceOf(entity: Entity): number {
    if (entity.mine) return this.shortest(entity.mine);
    return entity.task && entity.task.slice > 0 ? entity.task.slice : this.base;
  }

  private shortest(queue: FairQueue): number {
    let shortest = Infinity;
    for (const { slice } of queue.entities) if (slice < shortest) shortest = slice;
    return shortest === Infinity ? this.base : shortest;
  }

  leave(queue: FairQueue, entity: Entity, sleep: boolean): boolean {
    if (sleep && this.delays && !eligible(queue, entity)) {
      this.noteLag(queue, entity);
      return true;
    }
    this.noteLag(queue, entity);
    if (!sleep) {
      entity.deadline -= entity.vruntime;
      entity.relative = true;
    }
    return false;
  }

  private lagOf(queue: FairQueue, entity: Entity): number {
    const limit = virtual(
      this.lagByQueue ? longest(queue) + this.tickNs : Math.max(2 * entity.slice, this.tickNs),
      entity,
    );
    return Math.min(limit, Math.max(-limit, average(queue) - entity.vruntime));
  }

  private noteLag(queue: FairQueue, entity: Entity): void {
    entity.vlag = this.lagOf(queue, entity);
    if (queue.entities.length === 1) queue.minVruntime = entity.vruntime;
  }

  /** DELAY_ZERO: what it gained while it was gone does not count. */
  undelay(queue: FairQueue, entity: Entity, wakes: boolean): void {
    this.noteLag(queue, entity);
    if (entity.vlag <= 0) return;
    entity.vlag = 0;
    if (!wakes) return;
    const at = queue.entities.indexOf(entity);
    queue.entities.splice(at, 1);
    queue.weight -= entity.weight;
    this.place(queue, entity, false);
    queue.entities.push(entity);
    queue.weight += entity.weight;
  }

  ran(_queue: FairQueue, entity: Entity, ns: number): boolean {
    entity.vruntime += virtual(ns, entity);
    if (entity.vruntime >= entity.deadline) {
      entity.slice = this.sliceOf(entity);
      entity.deadline = entity.vruntime + virtual(entity.slice, entity);
      return true;
    }
    return this.protectsMinSlice && !isProtected(entity);
  }

  pick(queue: FairQueue): Entity | undefined {
    return this.choose(queue, true);
  }

  private choose(queue: FairQueue, protect: boolean): Entity | undefined {
    const { entities } = queue;
    if (entities.length <= 1) return entities[0];
    const limit = average(queue);
    const { current, buddy } = queue;
    if (this.buddies && buddy && buddy.vruntime <= limit) return buddy;
    const parity = protect && current !== undefined && isProtected(current);
    if (parity && current.queued && current.vruntime <= limit) return current;
    let best: Entity | undefined;
    let leftmost = entities[0]!;
    for (const entity of entities) {
      if (entity.vruntime < leftmost.vruntime) leftmost = entity;
      if (entity.vruntime > limit) continue;
      if (!best || entity.deadline < best.deadline || (best === current && entity.deadline === best.deadline))
        best = entity;
    }
    return best ?? leftmost;
  }

  started(queue: FairQueue, entity: Entity): void {
    if (!this.parity) {
      entity.vprot = entity.vruntime + virtual(Math.min(700_000, entity.slice), entity);
      return;
    }
    entity.vprot = entity.deadline;
    if (!this.protectsMinSlice) return;
    const slice = Math.min(this.shortest(queue), entity.slice);
    if (slice !== entity.slice)
      entity.vprot = Math.min(entity.vprot, entity.vruntime + virtual(slice, entity));
  }

  preempts(
    queue: FairQueue,
    current: Entity,
    entity: Entity,
    fork: boolean,
    leave: (delayed: Entity) => void,
  ): boolean {
    const short = this.short && entity.slice < current.slice;
    if (fork && this.forkWaits && !short) return false;
    let best = this.choose(queue, !short);
    while (this.wakeupDequeues && best?.delayed) {
      leave(best);
      best = this.choose(queue, !short);
    }
    if (best === entity) {
      if (short) current.vprot = Math.min(current.vprot, current.vruntime);
      return true;
    }
    if (this.parity && this.protectsMinSlice)
      current.vprot = Math.min(current.vprot, current.vruntime + virtual(this.shortest(queue), current));
    return false;
  }

  tick(): boolean {
    return false;
  }

  isOwed(queue: FairQueue, entity: Entity): boolean {
    return eligible(queue, entity);
  }

  /** Keeps the lag and the rest of the slice, both in real time (reweight_entity). */
  reweigh(queue: FairQueue, entity: Entity, weight: number): void {
    if (this.reweighPlaces) {
      this.replace(queue, entity, weight);
      return;
    }
    const centre = average(queue);
    const scale = entity.weight / weight;
    const left = entity.deadline - entity.vruntime;
    const kept = entity.vprot - entity.vruntime;
    entity.vruntime = centre - (centre - entity.vruntime) * scale;
    entity.deadline = entity.vruntime + left * scale;
    entity.vprot = entity.vruntime + kept * scale;
  }

  /**
   * A new weight is a new place (place_entity). The one that runs is in the average already, yet its lag is made larger as
   * if it were not: each change of its weight takes it further from V, up to the limit of the lag.
   */
  private replace(queue: FairQueue, entity: Entity, weight: number): void {
    if (queue.entities.length < 2) return;
    const scale = entity.weight / weight;
    const left = (entity.deadline - entity.vruntime) * scale;
    const kept = (entity.vprot - entity.vruntime) * scale;
    const lag = this.lagOf(queue, entity) * scale;
    const [centre, load] = centreWith(queue, entity, entity === queue.current ? weight : 0);
    entity.vruntime = centre - (lag * (load + weight)) / load;
    entity.deadline = entity.vruntime + left;
    entity.vprot = entity.vruntime + kept;
  }
}

/** V of the other entities and of `entity`, at `weight`, which may be 0; and the sum of these weights. */
function centreWith(queue: FairQueue, entity: Entity, weight: number): readonly [V: number, load: number] {
  let sum = 0;
  let load = weight;
  for (const other of queue.entities) {
    if (other === entity) continue;
    sum += other.weight * (other.vruntime - entity.vruntime);
    load += other.weight;
  }
  return [entity.vruntime + (load > 0 ? sum / load : 0), load];
}

const virtual = (ns: number, { weight }: Entity): number => (ns * 1024) / weight;

const longest = ({ entities }: FairQueue): number =>
  entities.reduce((most, { slice }) => Math.max(most, slice), 0);

const isProtected = (entity: Entity): boolean => entity.vruntime < entity.vprot;

/** V: the average of the virtual run times, by weight. */
function average(queue: FairQueue): number {
  const { entities } = queue;
  if (entities.length === 0) return queue.minVruntime;
  const base = entities[0]!.vruntime;
  if (entities.length === 1) return base;
  let sum = 0;
  let weight = 0;
  for (const entity of entities) {
    sum += entity.weight * (entity.vruntime - base);
    weight += entity.weight;
  }
  return base + sum / weight;
}

const eligible = (queue: FairQueue, entity: Entity): boolean => entity.vruntime <= average(queue);
