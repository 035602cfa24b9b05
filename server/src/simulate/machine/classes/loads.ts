import type { Machine } from '../types.ts';
import { decayEntity, decayLoad, type Entity, type FairQueue } from './entity.ts';

/** What queues and their entities have to do, as averages over the last tenths of a second (kernel/sched/pelt.c). */
export class Loads {
  private readonly machine: Machine;
  private readonly roots: readonly FairQueue[];

  constructor(machine: Machine, roots: readonly FairQueue[]) {
    this.machine = machine;
    this.roots = roots;
  }

  /** Of a CPU, in load weights (cpu_load). */
  of(cpu: number): number {
    const root = this.roots[cpu]!;
    decayLoad(root, this.machine.now);
    return root.load;
  }

  /** The entity's part of the load of its CPU (task_h_load). */
  ofTask(entity: Entity): number {
    this.bring(entity);
    let { load } = entity;
    for (let at = entity; at.parent; at = at.parent) load *= at.parent.load / (at.queue.load + 1);
    return load;
  }

  /** A task's load goes with it from its queue to `queue` (remove_entity_load_avg, attach_entity_load_avg). */
  move(entity: Entity, queue: FairQueue): void {
    this.bring(entity);
    const { load } = entity;
    const part = load / entity.weight;
    entity.queue.load = Math.max(0, entity.queue.load - load);
    for (let at = entity.parent; at; at = at.parent) {
      const { mine } = at;
      this.change(at, mine && mine.weight > 0 ? Math.min(at.load / at.weight, mine.load / mine.weight) : 0);
    }
    this.bringQueue(queue);
    queue.load += load;
    for (let at = queue.entity; at; at = at.parent) this.change(at, Math.min(1, at.load / at.weight + part));
  }

  /** A group's entity counts for `part` of the time now, in its queue too (update_tg_cfs_load). */
  private change(group: Entity, part: number): void {
    const load = part * group.weight;
    group.queue.load = Math.max(0, group.queue.load + load - group.load);
    group.load = load;
  }

  private bring(entity: Entity): void {
    decayEntity(entity, this.machine.now);
    this.bringQueue(entity.queue);
  }

  private bringQueue(queue: FairQueue): void {
    for (let at: FairQueue | undefined = queue; at; at = at.entity?.queue) {
      decayLoad(at, this.machine.now);
      if (at.entity) decayEntity(at.entity, this.machine.now);
    }
  }
}
