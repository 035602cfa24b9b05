import { TASK, type Machine, type SchedClass, type SimTask } from '../types.ts';
import type { Averages } from './averages.ts';

/** RR_TIMESLICE (include/linux/sched/rt.h): 100 ms. */
const RR_SLICE_NS = 100_000_000;
/** Since this version a server of the deadline class keeps the rest for fair tasks, only where some wait. */
const FAIR_SERVER = 612;

/** SCHED_FIFO and SCHED_RR (kernel/sched/rt.c): the highest priority first, pushed and pulled between CPUs. */
export class RtClass implements SchedClass {
  readonly name = 'rt';
  private readonly machine: Machine;
  /** By CPU, the highest priority first, those of one priority in the order of their turns. */
  private readonly queues: SimTask[][];
  private readonly sliceLeft: Float64Array;
  private readonly usedNs: Float64Array;
  private readonly periodEnd: Float64Array;
  private readonly throttled: Uint8Array;
  private readonly share: Averages;

  /** `share`: by CPU, the part of the time that real-time tasks run (avg_rt). */
  constructor(machine: Machine, share: Averages) {
    this.machine = machine;
    this.share = share;
    this.queues = Array.from({ length: machine.cpus }, () => []);
    this.sliceLeft = new Float64Array(machine.demand.tasks.length).fill(RR_SLICE_NS);
    this.usedNs = new Float64Array(machine.cpus);
    this.periodEnd = new Float64Array(machine.cpus);
    this.throttled = new Uint8Array(machine.cpus);
  }

  selectCpu(task: SimTask, previous: number, _waker: number, fork: boolean): number {
    if (fork && this.machine.allows(task, previous)) return previous;
    const current = this.machine.current(previous);
    const stays =
      this.machine.allows(task, previous) &&
      (!current ||
        current.rtPriority === 0 ||
        (bound(current) ? false : current.rtPriority < task.rtPriority));
    return stays ? previous : (this.lowestCpu(task, previous) ?? previous);
  }

  /** The allowed CPU where the least important task runs, if that is less important than `task`; `near` if it is one. */
  private lowestCpu(task: SimTask, near: number): number | undefined {
    let best: number | undefined;
    let lowest = task.rtPriority;
    for (let i = 0; i < this.machine.cpus; i++) {
      const cpu = (near + i) % this.machine.cpus;
      if (!this.machine.allows(task, cpu)) continue;
      const level = this.machine.isIdle(cpu) ? -1 : this.highest(cpu);
      if (level < lowest) {
        lowest = level;
        best = cpu;
      }
    }
    return best;
  }

  private highest(cpu: number): number {
    return this.queues[cpu]![0]?.rtPriority ?? 0;
  }

  enqueue(task: SimTask, cpu: number): void {
    const queue = this.queues[cpu]!;
    let at = queue.length;
    while (at > 0 && queue[at - 1]!.rtPriority < task.rtPriority) at--;
    queue.splice(at, 0, task);
  }

  dequeue(task: SimTask, cpu: number): void {
    const queue = this.queues[cpu]!;
    const at = queue.indexOf(task);
    if (at >= 0) queue.splice(at, 1);
  }

  pick(cpu: number): SimTask | undefined {
    this.newPeriod(cpu);
    if (this.mustYield(cpu)) return undefined;
    this.pull(cpu);
    return this.queues[cpu]![0];
  }

  /** Takes over tasks that wait elsewhere and are more important than anything here (pull_rt_task). */
  private pull(cpu: number): void {
    if (!this.queues.some((queue, other) => other !== cpu && queue.length > 1)) return;
    for (let other = 0; other < this.machine.cpus; other++) {
      if (other === cpu) continue;
      const waiting = this.queues[other]!.find(
        (task) => task.state === TASK.queued && this.machine.allows(task, cpu),
      );
      if (waiting && waiting.rtPriority > this.highest(cpu)) this.machine.moveTask(waiting, cpu);
    }
  }

  start(_task: SimTask, cpu: number): void {
    this.share.set(cpu, 1);
  }

  /** Pushes what waits behind a more important task to where it can run (push_rt_task). */
  stop(task: SimTask, cpu: number, queued: boolean): void {
    this.share.set(cpu, 0);
    if (queued) this.push(task, cpu);
  }

  private push(task: SimTask, cpu: number): void {
    const target = this.lowestCpu(task, cpu);
    if (target === undefined || target === cpu) return;
    this.machine.callAt(this.machine.now, () => {
      if (task.state === TASK.queued && task.sched === this && task.cpu === cpu)
        this.machine.moveTask(task, target);
    });
  }

  account(_task: SimTask, cpu: number, ran: number): void {
    this.newPeriod(cpu);
    this.usedNs[cpu]! += ran;
    if (this.usedNs[cpu]! >= this.machine.demand.kernel.rtRuntimeNs && this.throttled[cpu] === 0) {
      this.throttled[cpu] = 1;
      if (this.mustYield(cpu)) this.machine.resched(cpu);
      this.machine.callAt(this.periodEnd[cpu]!, () => {
        if (this.queues[cpu]!.length > 0) this.machine.resched(cpu);
      });
    }
  }

  /** Real-time tasks may use rt_runtime of each rt_period; since 6.12 more where no fair task waits. */
  private newPeriod(cpu: number): void {
    const { rtPeriodNs } = this.machine.demand.kernel;
    if (this.machine.now < this.periodEnd[cpu]!) return;
    this.periodEnd[cpu] = (Math.floor(this.machine.now / rtPeriodNs) + 1) * rtPeriodNs;
    this.usedNs[cpu] = 0;
    this.throttled[cpu] = 0;
  }

  private mustYield(cpu: number): boolean {
    if (this.throttled[cpu] === 0) return false;
    return (
      this.machine.demand.kernel.version < FAIR_SERVER || this.machine.count(cpu) > this.queues[cpu]!.length
    );
  }

  tick(task: SimTask, cpu: number): void {
    if (this.throttled[cpu] === 1 && this.mustYield(cpu)) this.machine.resched(cpu);
    if (task.policy !== 'RR') return;
    // The slice is counted in ticks (task_tick_rt).
    this.sliceLeft[task.index]! -= this.machine.demand.calibration.tickNs;
    if (this.sliceLeft[task.index]! > 0) return;
    this.sliceLeft[task.index] = RR_SLICE_NS;
    const queue = this.queues[cpu]!;
    if (!queue.some((other) => other !== task && other.rtPriority === task.rtPriority)) return;
    this.dequeue(task, cpu);
    this.enqueue(task, cpu);
    this.machine.resched(cpu);
  }

  wakeupPreempt(task: SimTask, cpu: number, current: SimTask): void {
    if (task.rtPriority > current.rtPriority) this.machine.resched(cpu);
    else this.push(task, cpu);
  }

  count(cpu: number): number {
    return this.queues[cpu]!.length;
  }
}

const bound = (task: SimTask): boolean =>
  task.allowed !== undefined && task.allowed.reduce((sum, bit) => sum + bit, 0) < 2;
