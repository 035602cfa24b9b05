import type { Machine, SimTask } from '../types.ts';
import { Averages } from './averages.ts';

/** The least capacity that a CPU has for fair tasks (kernel/sched/fair.c: scale_rt_capacity, 6.1.158). */
const LEAST = 1 / 1024;

/** How much CPUs and fair tasks are used, in parts of the time (util_avg, runnable_avg). */
export class Usage {
  /** By CPU: the part of the time that fair tasks run. */
  readonly cpu: Averages;
  private readonly realTime: Averages;
  /** By CPU: fair tasks that run or wait, now and on average. */
  private readonly active: Int32Array;
  private readonly runnable: Averages;
  private readonly task: Averages;
  /** By task: what it used when it went to sleep. */
  private readonly sleptWith: Float64Array;

  /** `realTime`: by CPU, the part of the time that real-time tasks run. */
  constructor(machine: Machine, realTime: Averages) {
    const { tasks } = machine.demand;
    this.cpu = new Averages(machine, machine.cpus);
    this.realTime = realTime;
    this.active = new Int32Array(machine.cpus);
    this.runnable = new Averages(machine, machine.cpus);
    this.task = new Averages(machine, tasks.length);
    this.sleptWith = new Float64Array(tasks.length);
  }

  starts({ index }: SimTask, cpu: number): void {
    this.task.set(index, 1);
    this.cpu.set(cpu, 1);
  }

  /** `follows`: another fair task runs after it. */
  stops({ index }: SimTask, cpu: number, follows: boolean): void {
    this.task.set(index, 0);
    if (!follows) this.cpu.set(cpu, 0);
  }

  sleeps({ index }: SimTask): void {
    this.sleptWith[index] = this.task.of(index);
  }

  /** What the task used counts on its new CPU. */
  moves({ index }: SimTask, from: number, to: number): void {
    const used = this.task.of(index);
    this.cpu.add(from, -used);
    this.cpu.add(to, used);
  }

  /** `by` more tasks run or wait on `cpu`. */
  activate(cpu: number, by: number): void {
    this.active[cpu]! += by;
    this.runnable.set(cpu, this.active[cpu]!);
  }

  /** The part of the time that the task uses, or used before it slept (task_util_est). */
  of({ index }: SimTask): number {
    return Math.max(this.task.of(index), this.sleptWith[index]!);
  }

  /** The part of the time that is left for fair tasks. */
  capacity(cpu: number): number {
    return Math.max(LEAST, 1 - this.realTime.of(cpu));
  }

  activeOn(cpu: number): number {
    return this.active[cpu]!;
  }

  runnableOn(cpu: number): number {
    return this.runnable.of(cpu);
  }
}
