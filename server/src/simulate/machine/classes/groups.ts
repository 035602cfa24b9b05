import type { DemandGroup } from '../types.ts';
import { decayLoad, newEntity, newQueue, type Discipline, type Entity, type FairQueue } from './entity.ts';

/** The least weight that a group has on a CPU (kernel/sched/sched.h: MIN_SHARES). */
const MIN_SHARES = 2;

/** Groups of tasks, each with a queue a CPU, among which its weight is split by their loads. */
export class Groups {
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
      const weight = this.share(at, now);
      if (Math.abs(weight - entity.weight) < 1) continue;
      this.charge(entity.queue);
      decayLoad(entity.queue, now);
      this.discipline.reweigh(entity.queue, entity, weight);
      entity.queue.weight += weight - entity.weight;
      entity.weight = weight;
    }
  }

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
