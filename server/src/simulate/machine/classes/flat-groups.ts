import type { DemandGroup } from '../types.ts';
import { decay, type Discipline, type Entity, type FairQueue } from './entity.ts';
import { MIN_SHARES, setWeight, type TaskGroups } from './groups.ts';

/** What a group has on one CPU, for the weights of its tasks (struct cfs_rq of a group, without the queue). */
interface Member {
  /** Sum of the weights of its tasks and of the shares of the groups in it, of those that are queued. */
  weight: number;
  /** Tasks in it and in the groups in it. */
  tasks: number;
  /** Averages of both over the last tenths of a second (load_avg, runnable_avg), and when they were computed. */
  load: number;
  runnable: number;
  at: number;
  /** What it weighs in its parent. */
  share: number;
}

/**
 * Groups since 7.3: all tasks of a CPU wait in one queue, and a group is only what its tasks weigh there: its share,
 * split by their weights (85570f10a4c6, "sched/eevdf: Move to a single runqueue"; enqueue_hierarchy, __calc_prop_weight).
 */
export class FlatGroups implements TaskGroups {
  private readonly groups: readonly DemandGroup[];
  private readonly roots: readonly FairQueue[];
  private readonly discipline: Discipline;
  private readonly charge: (queue: FairQueue) => void;
  /** By group, by CPU. */
  private readonly members: readonly (readonly Member[])[];

  /** `charge` brings what runs on a queue up to now. */
  constructor(
    groups: readonly DemandGroup[],
    roots: readonly FairQueue[],
    discipline: Discipline,
    charge: (queue: FairQueue) => void,
  ) {
    this.groups = groups;
    this.roots = roots;
    this.discipline = discipline;
    this.charge = charge;
    this.members = groups.map(({ weight }) =>
      roots.map(() => ({ weight: 0, tasks: 0, load: 0, runnable: 0, at: 0, share: weight })),
    );
  }

  queueOf(_group: number, cpu: number): FairQueue {
    return this.roots[cpu]!;
  }

  update(): void {}

  join(entity: Entity, group: number, cpu: number, now: number): void {
    let gained = entity.nominal;
    for (let at = group; at > 0; at = this.groups[at]!.parent) {
      const member = this.bring(at, cpu, now);
      const before = member.weight > 0 ? member.share : 0;
      member.weight += gained;
      member.tasks++;
      this.reshare(at, cpu, now);
      gained = member.share - before;
    }
    const weight = this.effective(group, cpu, entity.nominal);
    const scale = entity.weight / weight;
    entity.vlag *= scale;
    if (entity.relative) entity.deadline *= scale;
    entity.weight = weight;
  }

  leave(entity: Entity, group: number, now: number): void {
    const { cpu } = entity.queue;
    let lost = entity.nominal;
    for (let at = group; at > 0; at = this.groups[at]!.parent) {
      const member = this.bring(at, cpu, now);
      const before = member.share;
      member.tasks--;
      member.weight = member.tasks > 0 ? Math.max(0, member.weight - lost) : 0;
      if (member.weight > 0) this.reshare(at, cpu, now);
      lost = member.weight > 0 ? before - member.share : before;
    }
  }

  /** The task starts to run or is found running by the tick (set_next_task_fair, task_tick_fair): what does it weigh now? */
  weigh(entity: Entity, group: number, now: number): void {
    const { cpu } = entity.queue;
    for (let at = group; at > 0; at = this.groups[at]!.parent) {
      const member = this.bring(at, cpu, now);
      const before = member.share;
      this.reshare(at, cpu, now);
      const { parent } = this.groups[at]!;
      if (parent > 0) this.members[parent]![cpu]!.weight += member.share - before;
    }
    setWeight(this.discipline, this.charge, entity, this.effective(group, cpu, entity.nominal), now);
  }

  /** `weight` in its group, as a weight among all tasks of the CPU. */
  private effective(group: number, cpu: number, weight: number): number {
    let effective = weight;
    for (let at = group; at > 0; at = this.groups[at]!.parent) {
      const member = this.members[at]![cpu]!;
      effective *= member.share / member.weight;
    }
    return Math.max(MIN_SHARES, effective);
  }

  /** calc_concur_shares: the weight for each CPU that the group's tasks can use, split by its loads there. */
  private reshare(group: number, cpu: number, now: number): void {
    let total = 0;
    let runnable = 0;
    for (const [other] of this.roots.entries()) {
      const member = this.bring(group, other, now);
      total += other === cpu ? Math.max(member.weight, member.load) : member.load;
      runnable += member.runnable;
    }
    const member = this.members[group]![cpu]!;
    const most = this.groups[group]!.weight * Math.min(Math.max(1, Math.floor(runnable)), this.roots.length);
    const share = total > 0 ? (most * Math.max(member.weight, member.load)) / total : most;
    member.share = Math.min(most, Math.max(MIN_SHARES, share));
  }

  private bring(group: number, cpu: number, now: number): Member {
    const member = this.members[group]![cpu]!;
    const left = decay(now - member.at);
    member.load = member.weight + (member.load - member.weight) * left;
    member.runnable = member.tasks + (member.runnable - member.tasks) * left;
    member.at = now;
    return member;
  }
}
