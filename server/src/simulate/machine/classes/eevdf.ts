import type { KernelParams } from '../types.ts';
import type { Discipline, Entity, FairQueue } from './entity.ts';

/** Versions of Linux in which rules changed: 100 × major + minor. */
const DELAY_DEQUEUE_SINCE = 612;
const MIN_SLICE_PROTECTION_SINCE = 617;
const PICK_BUDDY_SINCE = 614;

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

  constructor(kernel: KernelParams, tickNs: number) {
    const feature = (name: string, otherwise = true): boolean => kernel.features[name] ?? otherwise;
    this.base = kernel.baseSliceNs;
    this.tickNs = tickNs;
    this.delays = feature('DELAY_DEQUEUE', kernel.version >= DELAY_DEQUEUE_SINCE);
    this.parity = feature('RUN_TO_PARITY');
    this.short = feature('PREEMPT_SHORT', kernel.version >= DELAY_DEQUEUE_SINCE);
    this.placeLag = feature('PLACE_LAG');
    this.buddies = feature('PICK_BUDDY', kernel.version >= PICK_BUDDY_SINCE);
    this.protectsMinSlice = kernel.version >= MIN_SLICE_PROTECTION_SINCE;
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

  private noteLag(queue: FairQueue, entity: Entity): void {
    const limit = virtual(Math.max(2 * entity.slice, this.tickNs), entity);
    entity.vlag = Math.min(limit, Math.max(-limit, average(queue) - entity.vruntime));
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

  preempts(queue: FairQueue, current: Entity, entity: Entity): boolean {
    const short = this.short && entity.slice < current.slice;
    if (this.choose(queue, !short) === entity) {
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

  /** Keeps the lag and the rest of the slice, both in real time (reweight_entity). */
  reweigh(queue: FairQueue, entity: Entity, weight: number): void {
    const centre = average(queue);
    const scale = entity.weight / weight;
    const left = entity.deadline - entity.vruntime;
    const kept = entity.vprot - entity.vruntime;
    entity.vruntime = centre - (centre - entity.vruntime) * scale;
    entity.deadline = entity.vruntime + left * scale;
    entity.vprot = entity.vruntime + kept * scale;
  }
}

const virtual = (ns: number, { weight }: Entity): number => (ns * 1024) / weight;

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
