import type { DemandGroup } from '../types.ts';
import {
  decayEntity,
  decayLoad,
  newEntity,
  newQueue,
  type Discipline,
  type Entity,
  type FairQueue,
} from './entity.ts';

/** The least weight that a group has on a CPU (kernel/sched/sched.h: MIN_SHARES). */
export const MIN_SHARES = 2;

/** What scheduling groups do to their tasks: which queue they wait in, and what they weigh there. */
export interface TaskGroups {
  /** Where the tasks of `group` on `cpu` wait. */
  queueOf(group: number, cpu: number): FairQueue;
  /** Gives the groups above `queue` the weights that their loads earn. */
  update(queue: FairQueue, now: number): void;
  /** The task of `entity` in `group` is about to be queued: gives the entity the weight that it has in the queue. */
  join(entity: Entity, group: number, cpu: number, now: number): void;
  /** It is in no queue any more. */
  leave(entity: Entity, group: number, now: number): void;
  /** It starts to run, or the tick found it running. */
  weigh(entity: Entity, group: number, now: number): void;
}

/** Gives a queued entity another weight; `charge` brings what runs on its queue up to now. */
export function setWeight(
  discipline: Discipline,
  charge: (queue: FairQueue) => void,
  entity: Entity,
  weight: number,
  now: number,
): void {
  if (Math.abs(weight - entity.weight) < 1) return;
  const { queue } = entity;
  charge(queue);
  decayLoad(queue, now);
  decayEntity(entity, now);
  discipline.reweigh(queue, entity, weight);
  queue.weight += weight - entity.weight;
  const load = (entity.load * weight) / entity.weight;
  queue.load = Math.max(0, queue.load + load - entity.load);
  entity.load = load;
  entity.weight = weight;
}

/** Groups of tasks, each with a queue a CPU, among which its weight is split by their loads. */
export class Groups implements TaskGroups {
  private readonly groups: readonly DemandGroup[];
  private readonly discipline: Discipline;
  /** By group, by CPU. */
  private readonly queues: FairQueue[][];

  private readonly charge: (queue: FairQueue) => void;

  /** `charge` brings what runs on a queue up to now. */
  constructor(
    groups: readonly DemandGroup[],
    roots: FairQueue[],
    discipline: Discipline,
    charge: (queue: FairQueue) => void,
  ) {
    this.groups = groups;
    this.charge = charge;
    this.discipline = discipline;
    this.queues = [roots];
    for (let group = 1; group < groups.length; group++) {
      const above = this.queues[groups[group]!.parent]!;
      this.queues.push(above.map((parent) => queueIn(parent, group, groups[group]!)));
    }
  }

  queueOf(group: number, cpu: number): FairQueue {
    return this.queues[group]![cpu]!;
  }

  /** Gives the groups above `queue` the weights that their loads earn (calc_group_shares). */
  update(queue: FairQueue, now: number): void {
    for (let at = queue; at.entity; at = at.entity.queue) {
      const { entity } = at;
      if (!entity.queued) continue;
      setWeight(this.discipline, this.charge, entity, this.share(at, now), now);
    }
  }

  join(entity: Entity): void {
    entity.weight = entity.nominal;
  }

  leave(): void {}

  weigh(): void {}

  private share(queue: FairQueue, now: number): number {
    const { weight } = this.groups[queue.group]!;
    let total = 0;
    let load = 0;
    for (const other of this.queues[queue.group]!) {
      decayLoad(other, now);
      const part = other === queue ? Math.max(other.weight, other.load) : other.load;
      if (other === queue) load = part;
      total += part;
    }
    const share = total > 0 ? (weight * load) / total : weight;
    return Math.min(weight, Math.max(MIN_SHARES, share));
  }
}

function queueIn(parent: FairQueue, group: number, { weight, idle }: DemandGroup): FairQueue {
  const queue: FairQueue & { entity: Entity | undefined } = {
    ...newQueue(parent.cpu, group, undefined),
    entity: undefined,
  };
  const entity = newEntity(undefined, queue, parent);
  entity.parent = parent.entity;
  entity.weight = weight;
  entity.idle = idle;
  queue.entity = entity;
  return queue;
}
