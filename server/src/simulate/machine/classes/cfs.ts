import type { KernelParams } from '../types.ts';
import type { Discipline, Entity, FairQueue } from './entity.ts';

/** sched_latency, sched_wakeup_granularity in units of sched_min_granularity (6 ms, 1 ms, 0.75 ms). */
const LATENCY = 8;
const WAKEUP = 4 / 3;

/** The completely fair scheduler of kernels up to 6.5 (kernel/sched/fair.c): the lowest vruntime runs. */
export class Cfs implements Discipline {
  private readonly granularity: number;

  constructor(kernel: KernelParams) {
    this.granularity = kernel.baseSliceNs;
  }

  place(queue: FairQueue, entity: Entity, initial: boolean, wakeup: boolean): void {
    let vruntime = queue.minVruntime;
    if (initial) vruntime += virtual(this.sliceOf(queue, entity), entity);
    else if (wakeup) vruntime -= (LATENCY * this.granularity) / 2;
    if (entity.relative) {
      entity.vruntime += queue.minVruntime;
      entity.relative = false;
    }
    if (initial || wakeup) entity.vruntime = Math.max(entity.vruntime, vruntime);
  }

  leave(queue: FairQueue, entity: Entity, sleep: boolean): boolean {
    if (!sleep) {
      entity.vruntime -= queue.minVruntime;
      entity.relative = true;
    }
    return false;
  }

  undelay(): void {}

  isOwed(): boolean {
    return true;
  }

  private sliceOf(queue: FairQueue, entity: Entity): number {
    const others = queue.entities.includes(entity) ? 0 : entity.weight;
    const count = queue.entities.length + (others > 0 ? 1 : 0);
    const period = count > LATENCY ? count * this.granularity : LATENCY * this.granularity;
    return Math.max((period * entity.weight) / (queue.weight + others), this.granularity);
  }

  ran(queue: FairQueue, entity: Entity, ns: number): boolean {
    entity.vruntime += virtual(ns, entity);
    let lowest = entity.vruntime;
    for (const other of queue.entities) if (other.vruntime < lowest) lowest = other.vruntime;
    queue.minVruntime = Math.max(queue.minVruntime, lowest);
    return false;
  }

  pick(queue: FairQueue): Entity | undefined {
    let best: Entity | undefined;
    for (const entity of queue.entities) if (!best || entity.vruntime < best.vruntime) best = entity;
    return best;
  }

  started(): void {}

  preempts(_queue: FairQueue, current: Entity, entity: Entity): boolean {
    return current.vruntime - entity.vruntime > virtual(WAKEUP * this.granularity, entity);
  }

  tick(queue: FairQueue, entity: Entity): boolean {
    if (queue.entities.length < 2) return false;
    const slice = this.sliceOf(queue, entity);
    if (entity.stretch > slice) return true;
    if (entity.stretch < this.granularity) return false;
    let lowest = Infinity;
    for (const other of queue.entities)
      if (other !== entity && other.vruntime < lowest) lowest = other.vruntime;
    return entity.vruntime - lowest > slice;
  }

  reweigh(): void {}
}

const virtual = (ns: number, { weight }: Entity): number => (ns * 1024) / weight;
