import { RESTORE, Scheduler } from './scheduler.ts';
import { weightOf, type Task } from './task.ts';
import { TASK, type CpuSet, type Policy, type SimTask } from './types.ts';

/** What a policy changes of tasks: their class, priority, weight, slice and CPUs. */
export abstract class Attributes extends Scheduler {
  removeExt(): void {
    const { ext } = this;
    this.ext = undefined;
    for (const task of this.tasks) if (task.sched === ext) this.change(task, () => undefined);
  }

  setScheduler(changed: SimTask, policy: Policy, priority: number): void {
    const realTime = policy === 'FIFO' || policy === 'RR';
    this.change(changed as Task, (task) => {
      task.policy = policy;
      task.rtPriority = realTime ? Math.min(99, Math.max(1, priority)) : 0;
      if (!realTime) task.nice = Math.min(19, Math.max(-20, priority));
      task.weight = weightOf(task);
    });
  }

  setWeight(changed: SimTask, weight: number): void {
    this.change(changed as Task, (task) => {
      task.ownWeight = weight;
      task.weight = weightOf(task);
    });
  }

  setSlice(task: SimTask, slice: number): void {
    task.slice = slice;
  }

  setAffinity(changed: SimTask, allowed: CpuSet | undefined): void {
    const task = changed as Task;
    task.allowed = allowed;
    if (this.allows(task, task.cpu)) return;
    if (task.state === TASK.running) this.resched(task.cpu);
    else if (task.state === TASK.queued) this.moveTask(task, this.anyAllowed(task));
    else task.sched.forget?.(task);
  }

  /** Changes what classes know of a task, with the task taken out meanwhile (kernel/sched/core.c: sched_change). */
  private change(task: Task, apply: (task: Task) => void): void {
    const { cpu } = task;
    const runs = task.state === TASK.running;
    const queued = runs || task.state === TASK.queued;
    if (queued) {
      this.charge(cpu);
      task.sched.dequeue(task, cpu, false);
      if (runs) task.sched.stop(task, cpu, false, undefined);
    } else task.sched.forget?.(task);
    apply(task);
    task.sched = this.classOf(task.policy);
    if (!queued) return;
    task.sched.enqueue(task, cpu, RESTORE);
    if (runs) {
      task.sched.start(task, cpu);
      this.resched(cpu);
    } else this.preemptFor(task, cpu);
  }
}
