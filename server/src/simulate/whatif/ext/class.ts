import { bit } from '../../../emit/executor/masks.ts';
import {
  ARRIVAL,
  COST,
  TASK,
  type CpuSet,
  type EnqueueFlags,
  type Machine,
  type SchedClass,
  type SimTask,
} from '../../machine/types.ts';
import { weightOfNice } from '../../weights.ts';
import { ENQ_WAKEUP, ExtCore } from './core.ts';
import type { Hardware, Rank } from './hardware.ts';
import type { Policy } from './policy.ts';
import { Watchdog } from './watchdog.ts';

/** ns until a CPU takes an interrupt that another one sends it, or it itself. */
const INTERRUPT = 1000;
const WAKE_FORK = 0x4;
const WAKE_TTWU = 0x8;

/** A set of CPUs as a mask; all of `cpus` where it is not limited. */
export function maskOf(allowed: CpuSet | undefined, cpus: number): bigint {
  if (!allowed) return (1n << BigInt(cpus)) - 1n;
  let mask = 0n;
  for (let cpu = 0; cpu < cpus; cpu++) if (allowed[cpu] === 1) mask |= bit(cpu);
  return mask;
}

/** sched_ext as a class of the simulated machine: the core between it and the policy. */
export class ExtClass implements SchedClass {
  readonly name = 'ext';
  readonly core: ExtCore;
  private readonly machine: Machine;
  private readonly policy: Policy;
  /** The weight of tasks that the policy was told of, by thread id. */
  private readonly enabled = new Map<number, number>();
  private readonly met = new Set<number>();
  /** Where the wake-up of the task that is enqueued next happens. */
  private waker = -1;
  /** The task that the core itself takes to another CPU. */
  private moving: SimTask | undefined;
  private over = false;
  private readonly watchdog: Watchdog;
  private readonly ejected: () => void;

  /**
   * `watchdog`: how long a task may be runnable without running, ns, and the thread that looks after that. `ejected` is
   * called when the policy is thrown out.
   */
  constructor(
    machine: Machine,
    policy: Policy,
    queues: readonly string[],
    watchdog: { readonly timeout: number; readonly worker: number },
    ejected: () => void,
  ) {
    this.machine = machine;
    this.policy = policy;
    this.ejected = ejected;
    const hardware = this.hardware();
    this.core = new ExtCore(hardware, policy, queues);
    this.watchdog = new Watchdog(machine, this.core, hardware, watchdog, () => this.watch());
  }

  private hardware(): Hardware {
    const { machine } = this;
    return {
      cpus: machine.cpus,
      now: () => machine.now,
      rankOf: (cpu) => this.rankOf(cpu),
      runningOn: (cpu) => machine.current(cpu)?.tid ?? -1,
      allowed: (tid) => maskOf(this.taskOf(tid)?.allowed, machine.cpus),
      resched: (cpu) => this.resched(cpu),
      moved: (tid, _, to) => {
        const task = machine.taskOf(tid);
        if (!task) return;
        this.moving = task;
        machine.moveTask(task, to);
        this.moving = undefined;
      },
      soon: (act) => void machine.callAt(machine.now + INTERRUPT, act),
      nameOf: (tid) => this.taskOf(tid)?.comm ?? '',
    };
  }

  /** Also while the machine is being made, when it does not know its tasks by their threads yet. */
  taskOf(tid: number): SimTask | undefined {
    return this.machine.taskOf(tid) ?? this.machine.tasks.find((task) => task.tid === tid);
  }

  /** An idle CPU has to wake up first. */
  private resched(cpu: number): void {
    const { machine } = this;
    if (machine.current(cpu)) return machine.resched(cpu);
    const costs = machine.demand.calibration.costs[COST.idleRemote]!;
    const cost = costs[costs.length >> 1] ?? 0;
    machine.callAt(machine.now + cost, () => machine.resched(cpu));
  }

  private rankOf(cpu: number): Rank {
    const current = this.machine.current(cpu);
    if (!current) return 'idle';
    return current.sched === this ? 'ext' : 'above';
  }

  /** Throws the policy out once the decision at hand is over, where it has given cause. */
  private watch(): void {
    if (!this.core.ejection || this.over) return;
    this.over = true;
    this.watchdog.stop();
    this.machine.callAt(this.machine.now, this.ejected);
  }

  /** Loads the policy: it is told of all threads that there are. */
  begin(): void {
    const { tasks, demand } = this.machine;
    this.policy.call('init', 0);
    for (const task of tasks)
      if (demand.bursts.arrival[demand.tasks[task.index]!.firstBurst] !== ARRIVAL.fork)
        this.meet(task, false);
    this.watch();
  }

  /** Tells the policy of a task that it has not met. */
  meet(task: SimTask, forked: boolean): void {
    const { policy, enabled } = this;
    const cpu = Math.max(0, task.cpu);
    if (!this.met.has(task.tid)) {
      this.met.add(task.tid);
      policy.call('init_task', cpu, task.tid, forked ? 1 : 0);
    }
    if (task.policy === 'FIFO' || task.policy === 'RR' || task.policy === 'STOP') return;
    const weight = weightOfNice(task.nice);
    if (!enabled.has(task.tid)) policy.call('enable', cpu, task.tid);
    if (enabled.get(task.tid) !== weight) policy.call('set_weight', cpu, task.tid, weight);
    enabled.set(task.tid, weight);
  }

  /** The task is over. */
  leave(task: SimTask): void {
    if (this.over || !this.met.delete(task.tid)) return;
    if (this.enabled.delete(task.tid)) this.policy.call('disable', task.cpu, task.tid);
    this.policy.call('exit_task', task.cpu, task.tid, 0);
  }

  selectCpu(task: SimTask, previous: number, waker: number, fork: boolean): number {
    const allowed = maskOf(task.allowed, this.machine.cpus);
    const single = (allowed & (allowed - 1n)) === 0n;
    this.meet(task, fork);
    this.waker = waker;
    const chosen = single
      ? previous
      : this.core.selectCpu(task.tid, previous, fork ? WAKE_FORK : WAKE_TTWU, waker);
    this.watch();
    // select_fallback_rq: the policy may name a CPU that the task must not use.
    for (const cpu of [chosen, previous]) if (this.machine.allows(task, cpu)) return cpu;
    return Math.max(0, task.allowed?.indexOf(1) ?? 0);
  }

  enqueue(task: SimTask, cpu: number, { wakeup, fork }: EnqueueFlags): void {
    if (task === this.moving) return;
    this.meet(task, fork);
    const here = this.waker >= 0 ? this.waker : cpu;
    this.waker = -1;
    this.core.enqueue(task.tid, cpu, wakeup ? ENQ_WAKEUP : 0, here);
    this.watch();
  }

  dequeue(task: SimTask, cpu: number, sleep: boolean): void {
    if (task === this.moving) return;
    this.core.dequeue(task.tid, cpu, task.state === TASK.running);
    this.watch();
    if (sleep) return;
    // Where its class changed it belongs to the policy no more; that shows when the change is done.
    this.machine.callAt(this.machine.now, () => {
      if (!this.over && task.sched !== this && this.enabled.delete(task.tid))
        this.policy.call('disable', cpu, task.tid);
    });
  }

  pick(cpu: number, prev: SimTask | undefined): SimTask | undefined {
    const own = prev?.sched === this ? prev.tid : -1;
    const runnable = own >= 0 && this.core.taskOf(own).queued;
    const tid = this.core.pick(cpu, own, runnable);
    this.watch();
    return tid < 0 ? undefined : this.machine.taskOf(tid);
  }

  start(task: SimTask, cpu: number): void {
    this.core.start(task.tid, cpu);
    this.watchdog.starts(task.tid);
    this.watch();
  }

  stop(task: SimTask, cpu: number, queued: boolean): void {
    if (queued) this.core.stop(task.tid, cpu);
    this.watch();
  }

  account(task: SimTask, _: number, ran: number): void {
    this.core.account(task.tid, ran);
  }

  tick(task: SimTask, cpu: number): void {
    if (this.core.tick(task.tid, cpu)) this.machine.resched(cpu);
    this.watch();
  }

  /** As in the kernel, which one task preempts is the policy's business alone. */
  wakeupPreempt(): void {}

  count(cpu: number): number {
    return this.core.queues.counts[cpu] ?? 0;
  }

  idle(cpu: number, idle: boolean): void {
    this.core.setIdle(cpu, idle);
    this.watch();
  }
}
