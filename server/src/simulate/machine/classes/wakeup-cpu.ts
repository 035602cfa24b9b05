import { situation, WENT, wentAs } from '../choices.ts';
import { CHANGES, has } from '../rules.ts';
import type { Machine, SimTask } from '../types.ts';
import type { Entity } from './entity.ts';
import { IMBALANCE_PCT } from './imbalance.ts';
import type { Loads } from './loads.ts';
import type { Usage } from './usage.ts';
import { Wakers } from './wakers.ts';

/** Where fair tasks go when they wake up (kernel/sched/fair.c: select_task_rq_fair). One domain of CPUs. */
export class WakeupCpu {
  private readonly machine: Machine;
  private readonly loads: Loads;
  private readonly usage: Usage;
  private readonly wakers: Wakers;
  /** By task: a CPU that it used before (recent_used_cpu). */
  private readonly recent: Int32Array;
  private readonly scanLimited: boolean;
  /** How many CPUs a wake-up looks at for an idle one (nr_idle_scan). */
  private scan: number;

  constructor(machine: Machine, loads: Loads, usage: Usage) {
    const { kernel, tasks } = machine.demand;
    this.machine = machine;
    this.loads = loads;
    this.usage = usage;
    this.wakers = new Wakers(machine);
    this.recent = Int32Array.from(tasks, ({ cpu }) => cpu);
    this.scanLimited = kernel.features['SIS_UTIL'] ?? has(kernel, CHANGES.scanByUtilization);
    this.scan = machine.cpus;
  }

  select(task: SimTask, entity: Entity, previous: number, waker: number, fork: boolean): number {
    const { machine } = this;
    const wide = !fork && this.wakers.wakes(machine.current(waker), task, machine.now);
    const went = this.recorded(task, fork ? waker : previous, waker);
    if (fork) return this.idlest(task, waker, went);
    if (went === WENT.stayed && machine.allows(task, previous)) return previous;
    if (went === WENT.toWaker && machine.allows(task, waker)) return waker;
    const target = !wide && machine.allows(task, waker) ? this.affine(entity, waker, previous) : previous;
    return this.idleNear(task, previous, target);
  }

  /** Where this wake-up went in the recording, if it finds what it found there. */
  private recorded(task: SimTask, previous: number, waker: number): ReturnType<typeof wentAs> {
    const { machine } = this;
    const [ownIdles, wakerIdles] = [machine.isIdle(previous), machine.isIdle(waker)];
    let any = ownIdles || wakerIdles;
    for (let cpu = 0; cpu < machine.cpus && !any; cpu++) any = machine.isIdle(cpu);
    const found = situation(ownIdles, waker !== previous, wakerIdles, any);
    return wentAs(machine.demand.bursts.choice[task.burst] ?? -1, found);
  }

  /** Fewer CPUs are looked at the busier they are, none from 85 % on; set by the periodic balancing (update_idle_cpu_scan). */
  setScan(): void {
    if (!this.scanLimited) return;
    const { cpus } = this.machine;
    let sum = 0;
    for (let cpu = 0; cpu < cpus; cpu++) sum += this.usage.cpu.of(cpu);
    const busy = ((sum / cpus) * IMBALANCE_PCT) / 100;
    this.scan = Math.floor(cpus * Math.max(0, 1 - busy * busy));
  }

  /** `target`, or an idle CPU that shares its cache (select_idle_sibling). */
  private idleNear(task: SimTask, previous: number, target: number): number {
    const { machine, recent } = this;
    const idle = (cpu: number): boolean => machine.allows(task, cpu) && machine.isIdle(cpu);
    if (idle(target)) return target;
    if (!machine.demand.placement.sharesCache) return target;
    if (idle(previous)) return previous;
    const before = recent[task.index]!;
    recent[task.index] = previous;
    if (before !== previous && before !== target && idle(before)) return before;
    for (let i = 1; i <= Math.min(this.scan, machine.cpus - 1); i++) {
      const cpu = (target + i) % machine.cpus;
      if (idle(cpu)) return cpu;
    }
    return target;
  }

  /** wake_affine: the waker's CPU, or the one before? */
  private affine(entity: Entity, waker: number, previous: number): number {
    const { machine, loads, usage } = this;
    if (waker === previous) return previous;
    if (machine.isIdle(waker)) return machine.isIdle(previous) ? previous : waker;
    if (machine.isIdle(previous)) return previous;
    const load = loads.ofTask(entity);
    const here = (loads.of(waker) + load) * 100 * usage.capacity(previous);
    const bias = 100 + Math.floor((IMBALANCE_PCT - 100) / 2);
    const there = Math.max(0, loads.of(previous) - load) * bias * usage.capacity(waker);
    return here < there ? waker : previous;
  }

  /** For a new task: an idle CPU, else its parent's, unless another one is clearly less loaded. */
  private idlest(task: SimTask, near: number, went: ReturnType<typeof wentAs>): number {
    const { machine } = this;
    if (went === WENT.stayed && machine.allows(task, near)) return near;
    let best = -1;
    let least = Infinity;
    for (let i = 0; i < machine.cpus; i++) {
      const cpu = (near + i) % machine.cpus;
      if (!machine.allows(task, cpu) || (cpu === near && went === WENT.elsewhere)) continue;
      if (machine.isIdle(cpu)) return cpu;
      const load = this.loads.of(cpu) * (cpu === near ? 100 : IMBALANCE_PCT);
      if (load < least) {
        least = load;
        best = cpu;
      }
    }
    return best < 0 ? near : best;
  }
}
