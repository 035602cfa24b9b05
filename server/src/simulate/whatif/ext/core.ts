import { DSQ } from '../../../emit/executor/host.ts';
import type { Num } from '../../../emit/executor/number.ts';
import { push, remove, type Insertion, type ScxTask } from './dsq.ts';
import type { Ejection, Hardware } from './hardware.ts';
import { IdleCpus } from './idle-cpus.ts';
import type { Policy } from './policy.ts';
import { ScxQueues } from './queues.ts';

/**
 * The core of sched_ext, as kernel/sched/ext.c of 6.12 to 7.3 has it, between the machine and the policy's ops. What
 * is left out is said in docs/simulation.md.
 */

/** Flags that are the same in all these kernels (include/linux/sched/ext.h, kernel/sched/ext.c). */
export const ENQ_WAKEUP = 0x1;
export const DEQ_SLEEP = 0x1;
export const KICK = { idle: 1, preempt: 2 } as const;
/** An insertion in the order of arrival. */
const PLAIN = { head: false, preempt: false, vtime: undefined } as const;
/** A slice where the policy gives none, in ns. */
const SLICE_DFL = 20_000_000;
/** Rounds of ops.dispatch() that find tasks which cannot run here, before the CPU gives up (SCX_DSP_MAX_LOOPS). */
const MOST_LOOPS = 32;
/** dispatch_max_batch where the policy does not set it (SCX_DSP_DFL_MAX_BATCH). */
export const MAX_BATCH = 32;

/** What may insert at the moment: an op about one task, or `dispatch` about the tasks that the policy holds. */
type Inserting =
  | { readonly kind: 'one'; readonly task: ScxTask; done: boolean }
  | {
      readonly kind: 'dispatch';
      readonly cpu: number;
      readonly buffer: { task: ScxTask; insertion: Insertion }[];
    };

export class ExtCore {
  readonly tasks = new Map<number, ScxTask>();
  readonly queues: ScxQueues;
  readonly idle: IdleCpus;
  ejection: Ejection | undefined;
  private readonly machine: Hardware;
  private readonly policy: Policy;
  private inserting: Inserting | undefined;
  private readonly released: Uint8Array;

  constructor(machine: Hardware, policy: Policy, queues: readonly string[]) {
    this.machine = machine;
    this.policy = policy;
    const { cpus } = machine;
    this.queues = new ScxQueues(machine, policy, queues, (message, tid) => this.fail(message, tid));
    this.idle = new IdleCpus(machine);
    this.released = new Uint8Array(cpus);
  }

  taskOf(tid: number): ScxTask {
    let task = this.tasks.get(tid);
    if (!task) {
      task = {
        tid,
        cpu: 0,
        queued: false,
        owned: false,
        dsq: undefined,
        key: 0,
        direct: undefined,
        runnableAt: 0,
      };
      this.tasks.set(tid, task);
    }
    return task;
  }

  /** Throws the policy out, once. */
  fail(message: string, tid = -1, reason: Ejection['reason'] = 'runtime error'): void {
    this.ejection ??= { t: this.machine.now(), reason, message, tid };
  }

  /** select_task_rq_scx: the CPU for a task that wakes. Tasks that may use one CPU only are not asked for. */
  selectCpu(tid: number, prev: number, flags: number, here: number): number {
    const task = this.taskOf(tid);
    task.direct = undefined;
    if (!this.policy.has('select_cpu')) {
      const found = this.idle.find(tid, prev);
      if (found === undefined) return prev;
      this.policy.setSlice(tid, SLICE_DFL);
      task.direct = { dsq: DSQ.local, ...PLAIN };
      return found;
    }
    const chosen = this.inserts(task, () => Number(this.policy.call('select_cpu', here, tid, prev, flags)));
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < this.machine.cpus) return chosen;
    this.fail(`invalid CPU ${chosen} from ops.select_cpu()`, tid);
    return prev;
  }

  private inserts<T>(task: ScxTask, act: () => T): T {
    const outer = this.inserting;
    this.inserting = { kind: 'one', task, done: task.direct !== undefined };
    const result = act();
    this.inserting = outer;
    return result;
  }

  /** enqueue_task_scx: `tid` becomes runnable on `cpu`; `here` is the CPU that the ops run on. */
  enqueue(tid: number, cpu: number, flags: number, here: number): void {
    const task = this.taskOf(tid);
    if (task.queued) return;
    task.queued = true;
    task.cpu = cpu;
    this.queues.counts[cpu]!++;
    task.runnableAt = this.machine.now();
    this.policy.call('runnable', here, tid, flags);
    this.place(task, flags, here);
  }

  /** do_enqueue_task: to where select_cpu inserted it, else to where the policy's enqueue does. */
  private place(task: ScxTask, flags: number, here: number): void {
    if (!task.direct) {
      if (!this.policy.has('enqueue')) {
        this.policy.setSlice(task.tid, SLICE_DFL);
        return this.queues.put(this.queues.global, task, { dsq: DSQ.global, ...PLAIN });
      }
      const given = this.policy.enqueueFlags(flags);
      this.inserts(task, () => this.policy.call('enqueue', here, task.tid, given));
    }
    const { direct } = task;
    task.direct = undefined;
    task.owned = direct === undefined;
    if (direct) this.queues.put(this.queues.find(direct.dsq, task, task.cpu), task, direct);
  }

  /** scx_bpf_dsq_insert() and scx_bpf_dsq_insert_vtime(); false: it was refused. */
  insert(tid: number, slice: Num, insertion: Insertion): boolean {
    const { inserting } = this;
    const task = this.taskOf(tid);
    if (!inserting) {
      this.fail('kfunc with mask 0x18 called from an operation only allowed 0x0');
      return false;
    }
    if (inserting.kind === 'dispatch') {
      if (inserting.buffer.length >= MAX_BATCH) {
        this.fail('dispatch buffer overflow', tid);
        return false;
      }
      this.policy.setSlice(tid, slice === 0 ? this.policy.sliceOf(tid) || 1 : slice);
      inserting.buffer.push({ task, insertion });
      return true;
    }
    if (inserting.task !== task) {
      const wanted = this.queues.label(inserting.task.tid);
      this.fail(`scheduling for ${wanted} but trying to direct-dispatch ${this.queues.label(tid)}`, tid);
      return false;
    }
    if (inserting.done) {
      this.fail(`${this.queues.label(tid)} already direct-dispatched`, tid);
      return false;
    }
    inserting.done = true;
    this.policy.setSlice(tid, slice === 0 ? this.policy.sliceOf(tid) || 1 : slice);
    task.direct = insertion;
    return true;
  }

  /** flush_dispatch_buf: tasks that the policy holds no longer are passed over. */
  private flush(dispatch: Inserting & { kind: 'dispatch' }): void {
    for (const { task, insertion } of dispatch.buffer.splice(0)) {
      if (!task.queued || !task.owned) continue;
      this.queues.put(this.queues.find(insertion.dsq, task, dispatch.cpu), task, insertion);
    }
  }

  /** Room for insertions of the `dispatch` that goes on. */
  slots(): number {
    return this.inserting?.kind === 'dispatch' ? MAX_BATCH - this.inserting.buffer.length : 0;
  }

  /** scx_bpf_dispatch_cancel(). */
  cancel(): void {
    if (this.inserting?.kind === 'dispatch') this.inserting.buffer.pop();
  }

  /** scx_bpf_dsq_move_to_local(): the first task of the queue that may run on this CPU. */
  moveToLocal(dsq: number, cpu: number): boolean {
    const queue = dsq === DSQ.global ? this.queues.global : this.queues.users[dsq];
    if (!queue) {
      this.fail(`invalid DSQ ID 0x${Math.max(0, dsq).toString(16)}`);
      return false;
    }
    if (this.inserting?.kind === 'dispatch') this.flush(this.inserting);
    return this.queues.consume(queue, cpu);
  }

  /** scx_bpf_dsq_move() and scx_bpf_dsq_move_vtime(): a task of a queue that is walked, to another queue. */
  move(tid: number, insertion: Insertion, cpu: number): boolean {
    const task = this.tasks.get(tid);
    if (!task?.dsq || task.dsq.kind === 'local') return false;
    if (this.inserting?.kind === 'dispatch') this.flush(this.inserting);
    const target = this.queues.find(insertion.dsq, task, cpu);
    remove(task);
    this.queues.put(target, task, insertion);
    return true;
  }

  /** scx_bpf_reenqueue_local(): what waits in the CPU's own queue goes through `enqueue` again. */
  reenqueueLocal(cpu: number): number {
    const waiting = this.queues.local[cpu]!.tasks.filter((task) => task.queued);
    for (const task of waiting) remove(task);
    this.machine.soon(() => {
      for (const task of waiting) if (task.queued && !task.dsq) this.place(task, 0, cpu);
    });
    return waiting.length;
  }

  /** dequeue_task_scx: `tid`, which runs on `cpu` or waits there, is runnable no more. */
  dequeue(tid: number, cpu: number, running: boolean): void {
    const task = this.taskOf(tid);
    if (!task.queued) return;
    if (task.owned && !running) this.policy.call('dequeue', cpu, tid, DEQ_SLEEP);
    task.owned = false;
    if (running) {
      this.policy.call('stopping', cpu, tid, false);
    }
    this.policy.call('quiescent', cpu, tid, DEQ_SLEEP);
    task.queued = false;
    this.queues.counts[task.cpu]!--;
    remove(task);
  }

  /**
   * balance_one and pick_task_scx: the task that `cpu` runs next; `prev` again where it goes on; −1 where there is none.
   * `prev` is the task of sched_ext that ran until now, −1 where that was another's; `runnable`: it could go on.
   */
  pick(cpu: number, prev: number, runnable: boolean): number {
    if (this.released[cpu] === 1) {
      this.released[cpu] = 0;
      this.policy.call('cpu_acquire', cpu, cpu, undefined);
    }
    const keeps = this.balance(cpu, prev, runnable);
    const tid = keeps ? prev : (this.queues.local[cpu]!.tasks[0]?.tid ?? -1);
    if (tid >= 0 && this.policy.sliceOf(tid) === 0) this.policy.setSlice(tid, SLICE_DFL);
    if (tid < 0 && this.machine.rankOf(cpu) === 'idle') this.idle.set(cpu, true);
    return tid;
  }

  /** Fills the CPU's own queue; true: `prev` is to go on. While it runs, `prev` is on no queue. */
  private balance(cpu: number, prev: number, runnable: boolean): boolean {
    const local = this.queues.local[cpu]!.tasks;
    const lasts = (): boolean => runnable && this.policy.sliceOf(prev) !== 0;
    if (lasts()) return true;
    if (local.length > 0 || this.queues.consume(this.queues.global, cpu)) return false;
    if (!this.policy.has('dispatch')) return runnable;
    const dispatch: Inserting & { kind: 'dispatch' } = { kind: 'dispatch', cpu, buffer: [] };
    for (let loop = 0; loop < MOST_LOOPS; loop++) {
      this.inserting = dispatch;
      this.policy.call('dispatch', cpu, cpu, prev >= 0 ? prev : undefined);
      this.inserting = undefined;
      const dispatched = dispatch.buffer.length;
      this.flush(dispatch);
      if (lasts()) return true;
      if (local.length > 0 || this.queues.consume(this.queues.global, cpu)) return false;
      if (dispatched === 0) return runnable;
    }
    this.kick(cpu, 0);
    return runnable;
  }

  /** set_next_task_scx: `tid` begins to run on `cpu`. */
  start(tid: number, cpu: number): void {
    const task = this.taskOf(tid);
    if (task.owned) {
      this.policy.call('dequeue', cpu, tid, 0);
      task.owned = false;
    }
    remove(task);
    task.cpu = cpu;
    this.policy.call('running', cpu, tid);
  }

  /** put_prev_task_scx: `tid`, still runnable, leaves `cpu` for `next`. */
  stop(tid: number, cpu: number): void {
    const task = this.taskOf(tid);
    if (task.queued) {
      this.policy.call('stopping', cpu, tid, true);
      task.runnableAt = this.machine.now();
      if (this.policy.sliceOf(tid) !== 0) push(this.queues.local[cpu]!, task, true);
      else this.place(task, 0, cpu);
    }
  }

  /** switch_class: a class above takes the CPU. */
  release(cpu: number): void {
    if (!this.policy.has('cpu_release') && !this.policy.has('cpu_acquire')) return;
    if (this.released[cpu] === 1) return;
    this.released[cpu] = 1;
    this.policy.call('cpu_release', cpu, cpu, undefined);
  }

  /** task_tick_scx: true where the CPU is to choose again. */
  tick(tid: number, cpu: number): boolean {
    this.policy.call('tick', cpu, tid);
    return this.policy.sliceOf(tid) === 0;
  }

  /** update_curr_scx: `tid` ran for `ran` ns. SCX_SLICE_INF, and whatever else is beyond 2^53 ns, never ends. */
  account(tid: number, ran: number): void {
    const slice = this.policy.sliceOf(tid);
    if (typeof slice === 'number') this.policy.setSlice(tid, Math.max(0, slice - ran));
  }

  /** The CPU begins or ends to idle. */
  setIdle(cpu: number, idle: boolean): void {
    this.policy.call('update_idle', cpu, cpu, idle);
    this.idle.set(cpu, idle);
  }

  /** scx_bpf_kick_cpu(): done by an interrupt, so after the decision at hand. */
  kick(cpu: number, flags: number): void {
    const { machine } = this;
    if (!(cpu >= 0 && cpu < machine.cpus)) return this.fail(`invalid CPU ${cpu} for kick`);
    machine.soon(() => {
      const rank = machine.rankOf(cpu);
      if (rank === 'above' || ((flags & KICK.idle) !== 0 && rank !== 'idle')) return;
      if (rank === 'ext' && (flags & KICK.preempt) !== 0) this.policy.setSlice(machine.runningOn(cpu), 0);
      machine.resched(cpu);
    });
  }
}
