import { TASK, type Machine, type SimTask } from '../types.ts';
import type { FairClass } from './fair.ts';
import { decayLoad, type Entity, type FairQueue } from './entity.ts';

/** A task that ran so recently stays where its data is (sysctl_sched_migration_cost). */
const CACHE_HOT_NS = 500_000;
/** How much busier another CPU of the same cache must be, of 100 (sd_init: imbalance_pct of an LLC domain). */
const IMBALANCE_PCT = 117;

/** Where fair tasks go: at a wake-up, when a CPU runs dry, and periodically. One domain that shares a cache. */
export class Balancer {
  private readonly fair: FairClass;
  private readonly machine: Machine;
  private readonly roots: readonly FairQueue[];
  private readonly nextBalance: Float64Array;
  private readonly failed: Int32Array;
  private readonly idleSince: Float64Array;
  private readonly averageIdle: Float64Array;

  constructor(fair: FairClass, roots: readonly FairQueue[]) {
    this.fair = fair;
    this.machine = fair.machine;
    this.roots = roots;
    this.nextBalance = new Float64Array(roots.length);
    this.failed = new Int32Array(roots.length);
    this.idleSince = new Float64Array(roots.length);
    this.averageIdle = new Float64Array(roots.length).fill(CACHE_HOT_NS);
  }

  select(task: SimTask, entity: Entity, previous: number, waker: number, fork: boolean): number {
    const { machine } = this;
    if (fork) return this.idlest(task, waker);
    const target = machine.allows(task, waker) ? this.affine(entity, waker, previous) : previous;
    if (machine.allows(task, target) && machine.isIdle(target)) return target;
    if (machine.allows(task, previous) && machine.isIdle(previous)) return previous;
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
    const here = (this.load(waker) + entity.weight) * 100;
    const there = Math.max(0, this.load(previous) - entity.weight) * (100 + (IMBALANCE_PCT - 100) / 2);
    return here < there ? waker : previous;
  }

  private load(cpu: number): number {
    const root = this.roots[cpu]!;
    decayLoad(root, this.machine.now);
    return root.load;
  }

  private idlest(task: SimTask, near: number): number {
    const { machine } = this;
    let best = -1;
    let least = Infinity;
    for (let i = 0; i < machine.cpus; i++) {
      const cpu = (near + i) % machine.cpus;
      if (!machine.allows(task, cpu)) continue;
      const load = machine.isIdle(cpu) ? -1 : machine.count(cpu);
      if (load < least) {
        least = load;
        best = cpu;
      }
    }
    return best < 0 ? near : best;
  }

  idle(cpu: number, idle: boolean): void {
    if (idle) this.idleSince[cpu] = this.machine.now;
    else {
      // update_avg of rq->avg_idle, bounded by twice the balance cost.
      const slept = Math.min(2 * CACHE_HOT_NS, this.machine.now - this.idleSince[cpu]!);
      this.averageIdle[cpu]! += (slept - this.averageIdle[cpu]!) / 8;
    }
  }

  /** `cpu` runs dry: takes a task that waits elsewhere (sched_balance_newidle). */
  newlyIdle(cpu: number): void {
    const source = this.busiest(cpu);
    if (source !== undefined) this.pull(source, cpu, 0);
  }

  private busiest(cpu: number): number | undefined {
    let best: number | undefined;
    let most = 1;
    for (let other = 0; other < this.machine.cpus; other++) {
      const count = other === cpu ? 0 : this.fair.count(other);
      if (count > most) {
        most = count;
        best = other;
      }
    }
    return best;
  }

  /** Takes one task that may move and is not hot in its cache, or that is after several failures. */
  private pull(source: number, cpu: number, failures: number): boolean {
    const { machine } = this;
    const candidates = this.fair.waiting(source);
    for (const { task, ranAt } of candidates) {
      if (!task || task.state !== TASK.queued || !machine.allows(task, cpu)) continue;
      if (machine.now - ranAt < CACHE_HOT_NS && failures <= 1) continue;
      machine.moveTask(task, cpu);
      return true;
    }
    return false;
  }

  /** At the tick of a busy CPU: an idle one is told to help (nohz_balancer_kick), or it looks itself, more seldom. */
  periodic(cpu: number): void {
    const { machine } = this;
    if (this.fair.count(cpu) >= 2) {
      for (let other = 0; other < machine.cpus; other++)
        if (other !== cpu && machine.isIdle(other) && machine.now >= this.nextBalance[other]!) {
          this.balanceTo(other, machine.cpus * 1e6);
          break;
        }
    }
    if (machine.now < this.nextBalance[cpu]!) return;
    this.balanceTo(cpu, 16 * machine.cpus * 1e6);
  }

  private balanceTo(cpu: number, interval: number): void {
    this.nextBalance[cpu] = this.machine.now + interval;
    const source = this.busiest(cpu);
    if (source === undefined) return;
    const idle = this.machine.isIdle(cpu);
    if (!idle) {
      if (this.fair.count(source) < this.fair.count(cpu) + 2) return;
      if (this.load(source) * 100 <= this.load(cpu) * IMBALANCE_PCT) return;
    }
    if (this.pull(source, cpu, this.failed[cpu]!)) this.failed[cpu] = 0;
    else this.failed[cpu]!++;
  }
}
