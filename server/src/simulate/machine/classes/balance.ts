import { placeAt } from '../places.ts';
import { CHANGES, has } from '../rules.ts';
import { FRACTION } from '../task.ts';
import { TASK, type Machine, type SimTask } from '../types.ts';
import { MIGRATION_COST_NS } from './average-idle.ts';
import type { Entity } from './entity.ts';
import type { FairClass } from './fair.ts';
import { findImbalance, type CpuState, type Imbalance, type Unit } from './imbalance.ts';
import type { Loads } from './loads.ts';
import { NewlyIdle } from './newly-idle.ts';
import type { Usage } from './usage.ts';

/**
 * Time between two balancings of an idle CPU, for each CPU of the domain, and how many times that a busy one waits
 * (kernel/sched/topology.c: sd_init, busy_factor; read in a tree between 6.9 and 6.14).
 */
const INTERVAL_NS = 1_000_000;
const BUSY_FACTOR = 16;
/**
 * Tasks that a balancing looks at (kernel/sched/sched.h: SCHED_NR_MIGRATE_BREAK without PREEMPT_RT; a tree of 6.7 or later), and failures from
 * which on it takes hot ones (sd_init in the same tree, cache_nice_tries).
 */
const MOST = 32;
const NICE_TRIES = 1;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Takes fair tasks from one CPU to another: when one runs dry, and periodically. One domain of CPUs. */
export class Balancer {
  private readonly fair: FairClass;
  private readonly machine: Machine;
  private readonly loads: Loads;
  private readonly usage: Usage;
  private readonly idling: NewlyIdle;
  private readonly lastBalance: Float64Array;
  private readonly failed: Int32Array;
  /** Time between two balancings, by CPU: twice as long after one that found the loads balanced (sd_init: min_interval, max_interval). */
  private readonly interval: Float64Array;
  private readonly byLag: boolean;
  /** By CPU; a search writes them anew. */
  private readonly states: readonly Writable<CpuState>[];

  constructor(fair: FairClass, loads: Loads, usage: Usage) {
    this.fair = fair;
    this.machine = fair.machine;
    this.loads = loads;
    this.usage = usage;
    this.idling = new NewlyIdle(fair.machine);
    this.byLag = has(fair.machine.demand.kernel, CHANGES.balanceByLag);
    this.states = Array.from({ length: fair.machine.cpus }, (_, cpu) => ({
      cpu,
      load: FRACTION,
      util: FRACTION,
      runnable: FRACTION,
      capacity: FRACTION,
      tasks: 0,
      fair: 0,
    }));
    this.lastBalance = new Float64Array(fair.machine.cpus).fill(-Infinity);
    this.failed = new Int32Array(fair.machine.cpus);
    this.interval = new Float64Array(fair.machine.cpus).fill(fair.machine.cpus * INTERVAL_NS);
  }

  /** `cpu` runs dry: takes a task that waits elsewhere (sched_balance_newidle). */
  newlyIdle(cpu: number): void {
    this.idling.begins(cpu);
    if (!this.isOverloaded(cpu)) return;
    this.idling.try(cpu, () => {
      const found = this.imbalance(cpu, true);
      return found !== undefined && this.pull(found, cpu, true, 0, 1);
    });
  }

  /** `cpu`, which idled, has something to do. */
  idleEnds(cpu: number): void {
    this.idling.ends(cpu);
  }

  /** Is another CPU there with fair tasks and more than one of all classes (rd->overload)? */
  private isOverloaded(cpu: number): boolean {
    const { fair, machine } = this;
    for (let other = 0; other < machine.cpus; other++)
      if (other !== cpu && fair.count(other) > 0 && machine.count(other) > 1) return true;
    return false;
  }

  /** From where `cpu` should take how much, if another one is overloaded. */
  private imbalance(cpu: number, idle: boolean): Imbalance | undefined {
    const { states, machine } = this;
    for (const state of states) this.look(state);
    return findImbalance(states[cpu]!, states, idle, machine.demand.placement.sharesCache);
  }

  /** Brings what is known of a CPU up to now. */
  private look(state: Writable<CpuState>): void {
    const { usage } = this;
    const { cpu } = state;
    state.load = this.loads.of(cpu);
    state.util = usage.cpu.of(cpu);
    state.runnable = usage.runnableOn(cpu);
    state.capacity = usage.capacity(cpu);
    state.tasks = this.machine.count(cpu);
    state.fair = usage.activeOn(cpu);
  }

  /**
   * Takes tasks of that much, of `most` at most (detach_tasks), after `failures`: none of them is too large for what is left.
   * Tells whether it took any.
   */
  private pull(found: Imbalance, cpu: number, idle: boolean, failures: number, most: number): boolean {
    const { fair, machine } = this;
    const { source, unit } = found;
    let left = found.amount;
    let moved = 0;
    let looks = Math.min(MOST, machine.count(source));
    for (const entity of this.candidates(source, cpu)) {
      if (looks-- <= 0 || (idle && machine.count(source) <= 1)) break;
      const size = this.mayMove(entity, cpu, unit, failures) ? this.sizeOf(entity, unit) : Infinity;
      if (size === Infinity || (unit !== 'task' && size / 2 ** failures > left)) {
        fair.relist(entity);
        continue;
      }
      machine.moveTask(entity.task!, cpu);
      left -= size;
      if (++moved >= most || left <= 0) break;
    }
    return moved > 0;
  }

  /**
   * What `cpu`, which is busy, takes to have all that runs or waits where the recording has it by now; undefined: more than
   * that is elsewhere. The kernel balanced by loads that no event tells: what it left or took shows where things are.
   */
  private missing(cpu: number): readonly SimTask[] | undefined {
    const { fair, machine } = this;
    const missing: SimTask[] = [];
    for (const task of machine.tasks) {
      const runs = task.state === TASK.running;
      const delayed = task.state === TASK.blocked && task.sched === fair && fair.isDelayed(task);
      if (!runs && !delayed && task.state !== TASK.queued) continue;
      const place = this.recorded(task);
      if (place === task.cpu) continue;
      if (place === cpu && !runs && task.sched === fair && machine.allows(task, cpu)) missing.push(task);
      else if (!delayed) return undefined;
    }
    return missing;
  }

  /**
   * The tasks of `source`: first those that the recording has on `cpu` by now, then those that were queued or picked longest
   * ago. In what order the kernel has them, and which of them is small enough, no event tells.
   */
  private candidates(source: number, cpu: number): readonly Entity[] {
    const list = this.fair.list(source);
    const there = list.filter(({ task }) => this.recorded(task!) === cpu);
    return there.length > 0 ? [...there, ...list.filter((entity) => !there.includes(entity))] : list;
  }

  /** Where the recording has the task by now. */
  private recorded({ index }: SimTask): number | undefined {
    return placeAt(this.machine.demand.places, index, this.machine.now);
  }

  private sizeOf(entity: Entity, unit: Unit): number {
    if (unit === 'task') return 1;
    return unit === 'load' ? Math.max(1, this.loads.ofTask(entity)) : this.usage.of(entity.task!);
  }

  /** can_migrate_task: after failures also what is owed nothing or is hot in its cache. */
  private mayMove(entity: Entity, cpu: number, unit: Unit, failures: number): boolean {
    const { fair, machine } = this;
    const task = entity.task!;
    if (this.byLag) {
      if (entity.delayed && unit !== 'load') return false;
      if (failures === 0 && fair.hasKin(entity, cpu) && !fair.isOwed(entity)) return false;
    }
    if (task.state === TASK.running || !machine.allows(task, cpu)) return false;
    const hot = !entity.idle && machine.now - entity.ranAt < MIGRATION_COST_NS;
    return !hot || failures > NICE_TRIES;
  }

  /** At the tick of a busy CPU: an idle one is told to help (nohz_balancer_kick), or it looks itself, more seldom. */
  periodic(cpu: number): void {
    const { machine, interval } = this;
    if (this.fair.count(cpu) > 0 && machine.count(cpu) >= 2) {
      for (let other = 0; other < machine.cpus; other++)
        if (
          other !== cpu &&
          machine.isIdle(other) &&
          machine.now >= this.lastBalance[other]! + interval[other]!
        ) {
          this.balanceTo(other);
          break;
        }
    }
    // A busy one a tick earlier (get_sd_balance_interval).
    const busy = BUSY_FACTOR * interval[cpu]! - machine.demand.calibration.tickNs;
    if (machine.now >= this.lastBalance[cpu]! + busy) this.balanceTo(cpu);
  }

  private balanceTo(cpu: number): void {
    this.lastBalance[cpu] = this.machine.now;
    this.fair.balances();
    const shortest = this.machine.cpus * INTERVAL_NS;
    this.interval[cpu] = shortest;
    const idle = this.machine.isIdle(cpu);
    const missing = idle ? undefined : this.missing(cpu);
    if (missing) {
      for (const task of missing) this.machine.moveTask(task, cpu);
      return;
    }
    const found = this.isOverloaded(cpu) ? this.imbalance(cpu, idle) : undefined;
    if (!found) {
      this.failed[cpu] = 0;
      this.interval[cpu] = 2 * shortest;
      return;
    }
    if (this.pull(found, cpu, idle, this.failed[cpu]!, MOST)) this.failed[cpu] = 0;
    else this.failed[cpu]!++;
  }
}
