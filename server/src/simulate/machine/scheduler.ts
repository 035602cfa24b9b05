import type { Trace } from '../../trace/columns.ts';
import { Actions } from './actions.ts';
import { Averages } from './classes/averages.ts';
import { FairClass } from './classes/fair.ts';
import { RtClass } from './classes/rt.ts';
import { StopClass } from './classes/stop.ts';
import { Emitter } from './emitter.ts';
import { FRACTION, newTask, weightOf, type Task } from './task.ts';
import { TimerHeap } from './timer-heap.ts';
import {
  COST,
  TASK,
  type CpuSet,
  type Demand,
  type EnqueueFlags,
  type Machine,
  type MachineOptions,
  type Policy,
  type SchedClass,
  type SimTask,
} from './types.ts';

/** As it is enqueued when something about it changed. */
export const RESTORE: EnqueueFlags = { wakeup: false, fork: false, restore: true };

/** Who runs where: the CPUs and the scheduling classes. What tasks are and do is the business of those that extend it. */
export abstract class Scheduler implements Machine {
  readonly demand: Demand;
  readonly cpus: number;
  now: number = FRACTION;
  readonly tasks: Task[];
  protected readonly byTid = new Map<number, Task>();
  protected readonly running: (Task | undefined)[];
  /** The progress, the reschedule and the tick of each CPU, the ambient rows, each task's arrival, actions. */
  protected readonly timers: TimerHeap;
  protected readonly reschedTimers: number;
  protected readonly tickTimers: number;
  protected readonly ambientTimer: number;
  protected readonly arrivalTimers: number;
  protected readonly actions: Actions;
  protected readonly emitter: Emitter;
  private readonly classes: SchedClass[];
  private readonly fair: FairClass;
  private readonly rt: RtClass;
  private readonly stopper: StopClass;
  protected ext: SchedClass | undefined;
  private readonly extAll: boolean;
  private readonly accountedAt: Float64Array;
  /** What ran by CPU, but the class was not told of yet. */
  private readonly uncharged: Float64Array;
  private ticking = false;
  /** Which of COST a reschedule takes that is asked for now. */
  private delay: number = COST.preemptTask;
  /** The burst that was wanted last: the same wake-up costs the same, whatever the policy. */
  private woken = 0;

  constructor(demand: Demand, options: MachineOptions) {
    this.demand = demand;
    this.cpus = demand.cpus;
    this.now = demand.startNs;
    this.running = Array.from({ length: this.cpus }, () => undefined);
    this.accountedAt = new Float64Array(this.cpus).fill(this.now);
    this.uncharged = new Float64Array(this.cpus);
    this.reschedTimers = this.cpus;
    this.tickTimers = 2 * this.cpus;
    this.ambientTimer = 3 * this.cpus;
    this.arrivalTimers = this.ambientTimer + 1;
    const actionTimers = this.arrivalTimers + demand.tasks.length;
    this.timers = new TimerHeap(actionTimers + 16);
    this.actions = new Actions(this.timers, actionTimers);
    this.emitter = new Emitter(demand.trace, options.listener);
    this.stopper = new StopClass(this);
    const realTime = new Averages(this, this.cpus);
    this.rt = new RtClass(this, realTime);
    this.fair = new FairClass(this, realTime);
    this.tasks = demand.tasks.map((task, index) => newTask(task, index, this.fair));
    this.ext = options.ext?.make(this);
    this.extAll = options.ext?.all ?? false;
    this.classes = [this.stopper, this.rt, this.fair, ...(this.ext ? [this.ext] : [])];
    for (const task of this.tasks) {
      task.weight = weightOf(task);
      task.sched = this.classOf(task.policy);
    }
  }

  abstract run(time?: number): void;
  abstract schedule(): Trace;
  abstract setScheduler(task: SimTask, policy: Policy, priority: number): void;
  abstract setAffinity(task: SimTask, allowed: CpuSet | undefined): void;
  abstract setSlice(task: SimTask, slice: number): void;
  abstract setWeight(task: SimTask, weight: number): void;
  abstract removeExt(): void;

  /** Sets the timer for the next thing that the task that runs on `cpu` does. */
  protected abstract arm(cpu: number): void;

  protected classOf(policy: Policy): SchedClass {
    switch (policy) {
      case 'STOP':
        return this.stopper;
      case 'FIFO':
      case 'RR':
        return this.rt;
      case 'EXT':
        return this.ext ?? this.fair;
      case 'NORMAL':
      case 'BATCH':
      case 'IDLE':
        return this.ext && this.extAll ? this.ext : this.fair;
    }
  }

  // Looking at it.

  taskOf(tid: number): SimTask | undefined {
    return this.byTid.get(tid);
  }

  current(cpu: number): Task | undefined {
    return this.running[cpu];
  }

  allows(task: SimTask, cpu: number): boolean {
    return task.allowed === undefined || task.allowed[cpu] === 1;
  }

  isIdle(cpu: number): boolean {
    return this.running[cpu] === undefined && this.count(cpu) === 0;
  }

  count(cpu: number): number {
    let count = 0;
    for (const sched of this.classes) count += sched.count(cpu);
    return count;
  }

  draw(key: number): number {
    let hash = Math.imul(key ^ 0x5bd1e995, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  }

  callAt(time: number, action: () => void): () => void {
    return this.actions.at(Math.max(this.now, Math.round(time)), action);
  }

  /** Notes how far the task that runs on `cpu` got. */
  protected account(cpu: number): void {
    const ran = this.now - this.accountedAt[cpu]!;
    this.accountedAt[cpu] = this.now;
    const task = this.running[cpu];
    if (!task || ran <= 0) return;
    task.ran += ran;
    task.progress += ran;
    this.uncharged[cpu]! += ran;
  }

  /** Tells the class what ran on `cpu`, as the kernel does when it looks at the queue, not before. */
  protected charge(cpu: number): void {
    this.account(cpu);
    const ran = this.uncharged[cpu]!;
    if (ran === 0) return;
    this.uncharged[cpu] = 0;
    const task = this.running[cpu];
    task?.sched.account(task, cpu, ran);
  }

  protected sleep(task: Task, cpu: number): void {
    this.charge(cpu);
    task.sched.dequeue(task, cpu, true);
  }

  /** Wakes `task`, from `waker`. */
  protected wake(task: Task, waker: number, interrupt: boolean, flags: EnqueueFlags): void {
    const by = this.running[waker]?.tid ?? 0;
    if (!flags.fork) this.emitter.wake('waking', this.now, waker, by, task, interrupt);
    task.wokenAt = this.now;
    this.woken = task.burst;
    let cpu = task.sched.selectCpu(task, task.cpu, waker, flags.fork);
    if (!this.allows(task, cpu)) cpu = this.anyAllowed(task);
    // No event tells where a new task goes (wake_up_new_task: __set_task_cpu).
    if (flags.fork) task.cpu = cpu;
    else if (cpu !== task.cpu) this.setCpu(task, cpu, waker);
    this.delay = cpu !== waker ? COST.preemptRemote : interrupt ? COST.preemptIrq : COST.preemptTask;
    task.state = TASK.queued;
    task.sched.enqueue(task, cpu, flags);
    this.preemptFor(task, cpu, cpu !== waker, flags.fork);
    this.delay = COST.preemptTask;
    this.emitter.wake(flags.fork ? 'new' : 'wakeup', this.now, waker, by, task, interrupt);
  }

  /** `task` was enqueued on `cpu`: does it run at once? */
  protected preemptFor(task: Task, cpu: number, remote = false, fork = false): void {
    const current = this.running[cpu];
    if (!current) {
      const timer = this.reschedTimers + cpu;
      if (!this.timers.isSet(timer))
        this.timers.set(timer, this.now + this.cost(remote ? COST.idleRemote : COST.idleLocal));
    } else if (current.sched === task.sched) task.sched.wakeupPreempt(task, cpu, current, fork);
    else if (this.rank(task.sched) < this.rank(current.sched)) this.resched(cpu);
  }

  private rank(sched: SchedClass): number {
    return this.classes.indexOf(sched);
  }

  /** What the recording shows for this very wake-up, if it was of that kind there too. */
  private cost(kind: number): number {
    const { bursts, calibration } = this.demand;
    if (bursts.costKind[this.woken] === kind) return bursts.cost[this.woken]!;
    const samples = calibration.costs[kind]!;
    return samples[Math.floor(this.draw(this.woken) * samples.length)]!;
  }

  private setCpu(task: Task, cpu: number, at: number): void {
    this.emitter.migrate(this.now, at, this.running[at]?.tid ?? 0, task, task.cpu, cpu);
    task.cpu = cpu;
  }

  protected anyAllowed(task: Task): number {
    const set = task.allowed;
    if (!set || set[task.cpu] === 1) return task.cpu;
    let best = -1;
    for (let cpu = 0; cpu < this.cpus; cpu++)
      if (set[cpu] === 1 && (best < 0 || this.count(cpu) < this.count(best))) best = cpu;
    return Math.max(0, best);
  }

  // Choosing who runs.

  resched(cpu: number): void {
    const timer = this.reschedTimers + cpu;
    const task = this.running[cpu];
    if (!task) {
      if (!this.timers.isSet(timer)) this.timers.set(timer, this.now);
      return;
    }
    const at =
      this.now + (this.ticking ? this.demand.calibration.costs[this.delay]![0]! : this.cost(this.delay));
    if (this.timers.timeOf(timer) > at) this.timers.set(timer, at);
  }

  /** Has `cpu` been told to choose anew? */
  needsResched(cpu: number): boolean {
    return this.timers.isSet(this.reschedTimers + cpu);
  }

  protected reschedule(cpu: number): void {
    this.charge(cpu);
    const task = this.running[cpu];
    if (task && !this.allows(task, cpu)) {
      task.sched.dequeue(task, cpu, false);
      task.state = TASK.queued;
      this.choose(cpu, 0);
      this.setCpu(task, this.anyAllowed(task), cpu);
      task.sched.enqueue(task, task.cpu, RESTORE);
      this.preemptFor(task, task.cpu);
    } else this.choose(cpu, 0);
  }

  /** Lets the classes choose for `cpu`; what runs there leaves in `state`. */
  protected choose(cpu: number, state: number): void {
    const previous = this.running[cpu];
    let next: Task | undefined;
    for (const sched of this.classes) {
      next = sched.pick(cpu, previous?.sched === sched ? previous : undefined) as Task | undefined;
      if (next) break;
    }
    this.timers.cancel(this.reschedTimers + cpu);
    if (next === previous) {
      this.arm(cpu);
      return;
    }
    if (previous) {
      const queued = previous.state === TASK.running;
      if (queued) previous.state = TASK.queued;
      previous.sched.stop(previous, cpu, queued, next);
    } else for (const sched of this.classes) sched.idle?.(cpu, false);
    this.running[cpu] = next;
    if (next) {
      next.sched.start(next, cpu);
      next.state = TASK.running;
      this.arm(cpu);
      if (!this.timers.isSet(this.tickTimers + cpu)) this.armTick(cpu);
    } else {
      this.timers.cancel(cpu);
      this.timers.cancel(this.tickTimers + cpu);
      for (const sched of this.classes) sched.idle?.(cpu, true);
    }
    this.emitter.change(this.now, cpu, previous, state, next);
  }

  private armTick(cpu: number): void {
    const { tickNs, tickPhaseNs } = this.demand.calibration;
    const ticks = Math.floor((this.now - tickPhaseNs) / tickNs) + 1;
    this.timers.set(this.tickTimers + cpu, tickPhaseNs + ticks * tickNs);
  }

  protected tick(cpu: number): void {
    this.ticking = true;
    this.charge(cpu);
    const task = this.running[cpu];
    if (task) {
      task.sched.tick(task, cpu);
      this.armTick(cpu);
    }
    this.ticking = false;
    for (const sched of this.classes) sched.balance?.(cpu);
  }

  moveTask(moved: SimTask, cpu: number): void {
    const task = moved as Task;
    if ((task.state !== TASK.queued && !task.sched.isDelayed?.(task)) || task.cpu === cpu) return;
    task.sched.dequeue(task, task.cpu, false);
    this.setCpu(task, cpu, cpu);
    task.sched.enqueue(task, cpu, RESTORE);
    this.preemptFor(task, cpu);
  }
}
