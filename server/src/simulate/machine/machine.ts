import type { Trace } from '../../trace/columns.ts';
import { TASK_STATE } from '../../trace/kinds.ts';
import { Attributes } from './attributes.ts';
import { RESTORE } from './scheduler.ts';
import { Sources } from './sources.ts';
import { startBurst, type Task } from './task.ts';
import {
  ARRIVAL,
  POINT,
  TASK,
  type Demand,
  type EnqueueFlags,
  type Machine,
  type MachineOptions,
} from './types.ts';

const WAKEUP: EnqueueFlags = { wakeup: true, fork: false, restore: false };
const FORK: EnqueueFlags = { wakeup: true, fork: true, restore: false };

/** A machine that is ready to run `demand` from its start. */
export function createMachine(demand: Demand, options: MachineOptions = {}): Machine {
  return new SimMachine(demand, options);
}

/** What the tasks do: how far they are in their bursts, what happens there, and what they wait for between them. */
class SimMachine extends Attributes implements Machine {
  /** By burst: the task that waits for it to be done. */
  private readonly asking = new Map<number, Task>();
  private readonly sources: Sources;
  private nextAmbient = 0;

  constructor(demand: Demand, options: MachineOptions) {
    super(demand, options);
    this.sources = new Sources(demand);
    this.begin();
  }

  private begin(): void {
    const { bursts, tasks, ambientRows, trace } = this.demand;
    for (const task of this.tasks) {
      if (task.lastBurst === task.firstBurst) continue;
      const arrival = bursts.arrival[task.firstBurst]!;
      if (arrival !== ARRIVAL.fork) this.byTid.set(task.tid, task);
      if (arrival === ARRIVAL.start) {
        startBurst(task, this.demand, task.firstBurst);
        task.state = TASK.queued;
        if (!this.allows(task, task.cpu)) task.cpu = this.anyAllowed(task);
        task.sched.enqueue(task, task.cpu, RESTORE);
      } else if (arrival === ARRIVAL.fork) task.state = TASK.unborn;
      else if (arrival === ARRIVAL.absolute || this.sources.anyOrder(task)) this.armArrival(task);
    }
    for (const task of tasks)
      if (!this.byTid.has(task.tid)) this.byTid.set(task.tid, this.tasks[tasks.indexOf(task)]!);
    for (let cpu = 0; cpu < this.cpus; cpu++)
      if (this.count(cpu) > 0) this.timers.set(this.reschedTimers + cpu, this.now);
    if (ambientRows.length > 0) this.timers.set(this.ambientTimer, trace.time[ambientRows[0]!]!);
  }

  schedule(): Trace {
    return this.emitter.finish(this.demand, this.now);
  }

  run(time = Infinity): void {
    const end = Math.min(time, this.demand.endNs);
    const { timers } = this;
    for (let timer = timers.first(); timer >= 0; timer = timers.first()) {
      const at = timers.timeOf(timer);
      if (at > end) break;
      this.now = at;
      timers.cancel(timer);
      if (timer < this.reschedTimers) this.progress(timer);
      else if (timer < this.tickTimers) this.reschedule(timer - this.reschedTimers);
      else if (timer < this.ambientTimer) this.tick(timer - this.tickTimers);
      else if (timer === this.ambientTimer) this.ambient();
      else if (timer < this.actions.first) this.arrive(this.tasks[timer - this.arrivalTimers]!);
      else this.actions.fire(timer);
    }
    this.now = Math.max(this.now, end);
    for (let cpu = 0; cpu < this.cpus; cpu++) this.account(cpu);
  }

  private ambient(): void {
    const { ambientRows, trace } = this.demand;
    const row = ambientRows[this.nextAmbient++]!;
    const cpu = trace.cpu[row]!;
    this.emitter.again(this.now, row, cpu, this.running[cpu]?.tid ?? 0);
    const next = ambientRows[this.nextAmbient];
    if (next !== undefined) this.timers.set(this.ambientTimer, trace.time[next]!);
  }

  protected arm(cpu: number): void {
    const task = this.running[cpu];
    if (!task) return;
    const { points, bursts } = this.demand;
    const until = task.point < task.pointEnd ? points.at[task.point]! : bursts.demand[task.burst]!;
    if (until === Infinity) this.timers.cancel(cpu);
    else this.timers.set(cpu, this.now + Math.max(0, until - task.progress));
  }

  /** The running task got to its next point, or to the end of its burst. */
  private progress(cpu: number): void {
    this.account(cpu);
    const task = this.running[cpu];
    if (!task) return;
    const { points, bursts } = this.demand;
    while (this.running[cpu] === task) {
      if (task.point < task.pointEnd && points.at[task.point]! <= task.progress)
        this.reach(task, task.point++, cpu);
      else if (task.point < task.pointEnd || task.progress < bursts.demand[task.burst]!) break;
      else {
        this.answer(task, cpu);
        if (!this.goesOn(task)) {
          this.block(task, cpu);
          return;
        }
      }
    }
    this.arm(cpu);
  }

  private reach(task: Task, point: number, cpu: number): void {
    const arg = this.demand.points.arg[point]!;
    switch (this.demand.points.kind[point]) {
      case POINT.wake:
        this.wantBurst(arg, cpu, false);
        break;
      case POINT.fork:
        this.born(arg, cpu);
        break;
      case POINT.answer:
        this.ask(task, arg, cpu);
        break;
      case POINT.preemptible:
        if (this.needsResched(cpu)) this.timers.set(this.reschedTimers + cpu, this.now);
        break;
      case POINT.prio:
        if (arg < 100) this.setScheduler(task, task.policy === 'RR' ? 'RR' : 'FIFO', Math.min(99, 99 - arg));
        else this.setScheduler(task, task.rtPriority > 0 ? 'NORMAL' : task.policy, Math.min(19, arg - 120));
        break;
      default:
        this.emitter.again(this.now, arg, cpu, task.tid);
    }
  }

  /** `task` needs what `burst` of another one brings, and sleeps until that is done. */
  private ask(task: Task, burst: number, cpu: number): void {
    if (this.sources.isDone(burst) || this.asking.has(burst)) return;
    this.asking.set(burst, task);
    task.asks = true;
    this.sleep(task, cpu);
    task.state = TASK.blocked;
    this.choose(cpu, TASK_STATE.interruptible);
  }

  /** The burst that `task` is in is done: who waits for that goes on. */
  private answer(task: Task, cpu: number): void {
    const asks = this.asking.get(task.burst);
    if (!asks) return;
    this.asking.delete(task.burst);
    asks.asks = false;
    this.wake(asks, cpu, false, WAKEUP);
  }

  /** The burst is done: does another one begin at once, because what it waits for has come already? */
  private goesOn(task: Task): boolean {
    this.sources.end(task);
    const come = this.sources.come(task, this.now);
    if (come < 0) return false;
    startBurst(task, this.demand, come);
    return true;
  }

  private block(task: Task, cpu: number): void {
    const state = this.demand.bursts.endState[task.burst]!;
    this.sleep(task, cpu);
    task.burst = this.sources.next(task);
    task.state = task.burst >= task.lastBurst && (state & 0x30) !== 0 ? TASK.dead : TASK.blocked;
    if (task.burst < task.lastBurst) this.armArrival(task);
    this.choose(cpu, state);
  }

  /** Sets the timer of the burst that a sleeping task waits for. */
  private armArrival(task: Task): void {
    const at = this.sources.dueAt(task, this.now);
    if (at < Infinity) this.timers.set(this.arrivalTimers + task.index, Math.max(this.now, at));
  }

  private arrive(task: Task): void {
    if (task.state !== TASK.blocked || task.asks) return;
    task.burst = this.sources.timed(task);
    const waker = this.demand.bursts.waker[task.burst]!;
    this.wakeFor(task, waker < 0 ? task.cpu : waker, true, WAKEUP);
  }

  private wantBurst(burst: number, cpu: number, interrupt: boolean): void {
    const task = this.tasks[this.demand.bursts.task[burst]!]!;
    const waits = task.state === TASK.blocked && !task.asks;
    if (waits && (task.burst === burst || this.sources.anyOrder(task))) {
      task.burst = burst;
      this.wakeFor(task, cpu, interrupt, WAKEUP);
    } else this.sources.early(task, burst);
  }

  private born(burst: number, cpu: number): void {
    const task = this.tasks[this.demand.bursts.task[burst]!]!;
    if (task.state !== TASK.unborn) return;
    this.byTid.set(task.tid, task);
    task.cpu = cpu;
    task.state = TASK.blocked;
    this.wakeFor(task, cpu, false, FORK);
  }

  /** Wakes `task` for the burst that it waits for. */
  private wakeFor(task: Task, waker: number, interrupt: boolean, flags: EnqueueFlags): void {
    startBurst(task, this.demand, task.burst);
    this.wake(task, waker, interrupt, flags);
  }
}
