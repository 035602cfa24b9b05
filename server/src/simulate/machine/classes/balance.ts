import { TASK, type Machine, type SimTask } from '../types.ts';
import type { FairClass } from './fair.ts';
import { decayEntity, decayLoad, type Entity, type FairQueue } from './entity.ts';

/** A task that ran so recently stays where its data is (sysctl_sched_migration_cost). */
const CACHE_HOT_NS = 500_000;
/** How much busier another CPU of the same cache must be, of 100 (sd_init: imbalance_pct of an LLC domain). */
const IMBALANCE_PCT = 117;

/** Time between two balancings of an idle CPU, for each CPU of the domain, and how many times that a busy one waits. */
const INTERVAL_NS = 1_000_000;
const BUSY_FACTOR = 16;

/** Where fair tasks go: at a wake-up, when a CPU runs dry, and periodically. One domain that shares a cache. */
export class Balancer {
  private readonly fair: FairClass;
  private readonly machine: Machine;
  private readonly roots: readonly FairQueue[];
  private readonly lastBalance: Float64Array;
  private readonly failed: Int32Array;

  constructor(fair: FairClass, roots: readonly FairQueue[]) {
    this.fair = fair;
    this.machine = fair.machine;
    this.roots = roots;
    this.lastBalance = new Float64Array(roots.length).fill(-Infinity);
    this.failed = new Int32Array(roots.length);
  }

  select(task: SimTask, entity: Entity, previous: number, waker: number, fork: boolean): number {
    const { machine } = this;
    if (fork) return this.idlest(task, waker);
    const { affine, sharesCache } = machine.demand.placement;
    const target = affine && machine.allows(task, waker) ? this.affine(entity, waker, previous) : previous;
    if (machine.allows(task, target) && machine.isIdle(target)) return target;
    if (machine.allows(task, previous) && machine.isIdle(previous)) return previous;
    if (!sharesCache) return target;
    for (let i = 1; i < machine.cpus; i++) {
      const cpu = (target + i) % machine.cpus;
      if (machine.allows(task, cpu) && machine.isIdle(cpu)) return cpu;
    }
    return target;
  }

  /** wake_affine: the waker's CPU, or the one before? */
  private affine(entity: Entity, waker: number, previous: number): number {
    const { machine } = this;
    if (waker === previous) return previous;
    if (machine.isIdle(waker)) return machine.isIdle(previous) ? previous : waker;
    if (machine.isIdle(previous)) return previous;
    const load = this.taskLoad(entity);
    const here = (this.load(waker) + load) * 100;
    const there = Math.max(0, this.load(previous) - load) * (100 + (IMBALANCE_PCT - 100) / 2);
    return here < there ? waker : previous;
  }

  private load(cpu: number): number {
    const root = this.roots[cpu]!;
    decayLoad(root, this.machine.now);
    return root.load;
  }

  /** The entity's part of the load of its CPU (task_h_load). */
  private taskLoad(entity: Entity): number {
    const { now } = this.machine;
    decayEntity(entity, now);
    let { load } = entity;
    for (let at = entity; at.parent; at = at.parent) {
      decayLoad(at.queue, now);
      decayEntity(at.parent, now);
      load *= at.parent.load / (at.queue.load + 1);
    }
    return load;
  }

  /** For a new task: an idle CPU, else its parent's, unless another one is clearly less loaded. */
  private idlest(task: SimTask, near: number): number {
    const { machine } = this;
    let best = -1;
    let least = Infinity;
    for (let i = 0; i < machine.cpus; i++) {
      const cpu = (near + i) % machine.cpus;
      if (!machine.allows(task, cpu)) continue;
      if (machine.isIdle(cpu)) return cpu;
      const load = this.load(cpu) * (cpu === near ? 100 : IMBALANCE_PCT);
      if (load < least) {
        least = load;
        best = cpu;
      }
    }
    return best < 0 ? near : best;
  }

  /** `cpu` runs dry: takes a task that waits elsewhere (sched_balance_newidle). */
  newlyIdle(cpu: number): void {
    const source = this.busiest(cpu);
    if (source !== undefined) this.pull(source, cpu, 0, Infinity);
  }

  /** The other CPU with the most tasks of all classes, if fair ones may wait there. */
  private busiest(cpu: number): number | undefined {
    let best: number | undefined;
    let most = 1;
    for (let other = 0; other < this.machine.cpus; other++) {
      const count = other === cpu || this.fair.count(other) === 0 ? 0 : this.machine.count(other);
      if (count > most) {
        most = count;
        best = other;
      }
    }
    return best;
  }

  /**
   * Takes tasks that may move and are not hot in their cache, those that ran longest ago first, up to `imbalance` of
   * load; where that is Infinity, one. After failures hot and heavy ones too (detach_tasks, can_migrate_task).
   */
  private pull(source: number, cpu: number, failures: number, imbalance: number): boolean {
    const { machine } = this;
    const candidates = this.fair.waiting(source).toSorted((left, right) => left.ranAt - right.ranAt);
    let left = imbalance;
    for (const entity of candidates) {
      const { task, ranAt } = entity;
      if (!task || task.state !== TASK.queued || !machine.allows(task, cpu)) continue;
      if (machine.now - ranAt < CACHE_HOT_NS && failures <= 1) continue;
      const load = this.taskLoad(entity);
      if (imbalance !== Infinity && load / 2 ** failures > left) continue;
      machine.moveTask(task, cpu);
      left -= load;
      if (imbalance === Infinity || left <= 0) return true;
    }
    return left < imbalance;
  }

  /** At the tick of a busy CPU: an idle one is told to help (nohz_balancer_kick), or it looks itself, more seldom. */
  periodic(cpu: number): void {
    const { machine } = this;
    const interval = machine.cpus * INTERVAL_NS;
    if (this.fair.count(cpu) > 0 && machine.count(cpu) >= 2) {
      for (let other = 0; other < machine.cpus; other++)
        if (other !== cpu && machine.isIdle(other) && machine.now >= this.lastBalance[other]! + interval) {
          this.balanceTo(other);
          break;
        }
    }
    // A busy one a tick earlier (get_sd_balance_interval).
    const busy = BUSY_FACTOR * interval - machine.demand.calibration.tickNs;
    if (machine.now >= this.lastBalance[cpu]! + busy) this.balanceTo(cpu);
  }

  private balanceTo(cpu: number): void {
    this.lastBalance[cpu] = this.machine.now;
    const source = this.busiest(cpu);
    if (source === undefined) return;
    let imbalance = Infinity;
    if (!this.machine.isIdle(cpu)) {
      const [here, there] = [this.load(cpu), this.load(source)];
      if (there * 100 <= here * IMBALANCE_PCT) return;
      imbalance = (there - here) / 2;
    }
    if (this.pull(source, cpu, this.failed[cpu]!, imbalance)) this.failed[cpu] = 0;
    else this.failed[cpu]!++;
  }
}
