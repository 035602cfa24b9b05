import type { Machine, SchedClass, SimTask } from '../types.ts';

/** The stop class (kernel/sched/stop_task.c): at most one thread a CPU, above everything. */
export class StopClass implements SchedClass {
  readonly name = 'stop';
  private readonly queued: (SimTask | undefined)[];

  constructor({ cpus }: Machine) {
    this.queued = Array.from({ length: cpus }, () => undefined);
  }

  selectCpu(task: SimTask): number {
    return task.cpu;
  }

  enqueue(task: SimTask, cpu: number): void {
    this.queued[cpu] = task;
  }

  dequeue(_task: SimTask, cpu: number): void {
    this.queued[cpu] = undefined;
  }

  pick(cpu: number): SimTask | undefined {
    return this.queued[cpu];
  }

  count(cpu: number): number {
    return this.queued[cpu] ? 1 : 0;
  }

  start(): void {}
  stop(): void {}
  account(): void {}
  tick(): void {}
  wakeupPreempt(): void {}
}
