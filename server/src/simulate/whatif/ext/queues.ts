import { DSQ } from '../../../emit/executor/host.ts';
import { has } from '../../../emit/executor/masks.ts';
import { insertByTime, newDsq, push, remove, type Dsq, type Insertion, type ScxTask } from './dsq.ts';
import type { Hardware } from './hardware.ts';
import type { Policy } from './policy.ts';

type Fail = (message: string, tid?: number) => void;

/** The queues of sched_ext: one of each CPU, the global one, and the policy's own. */
export class ScxQueues {
  readonly local: readonly Dsq[];
  readonly global = newDsq('GLOBAL', 'global');
  readonly users: readonly Dsq[];
  /** Runnable tasks by CPU. */
  readonly counts: Int32Array;
  private readonly machine: Hardware;
  private readonly policy: Policy;
  private readonly fail: Fail;

  constructor(machine: Hardware, policy: Policy, names: readonly string[], fail: Fail) {
    this.machine = machine;
    this.policy = policy;
    this.fail = fail;
    this.local = Array.from({ length: machine.cpus }, (_, cpu) => newDsq(`local_on(${cpu})`, 'local', cpu));
    this.counts = new Int32Array(machine.cpus);
    this.users = names.map((name) => newDsq(name, 'user'));
  }

  /** `comm[tid]`, as the kernel names tasks. */
  label(tid: number): string {
    return `${this.machine.nameOf(tid)}[${tid}]`;
  }

  /** The queue that a program means on `cpu`; undefined where there is none. */
  at(dsq: number, cpu: number): Dsq | undefined {
    if (dsq === DSQ.local) return this.local[cpu];
    if (dsq === DSQ.global) return this.global;
    const on = DSQ.cpuOf(dsq);
    return on === undefined ? this.users[dsq] : this.local[on];
  }

  /** find_dsq_for_dispatch; what does not exist ejects, and the global queue stands in. */
  find(dsq: number, task: ScxTask, cpu: number): Dsq {
    const found = this.at(dsq, cpu);
    if (found) return found;
    const on = DSQ.cpuOf(dsq);
    if (on === undefined)
      this.fail(`non-existent DSQ 0x${dsq.toString(16)} for ${this.label(task.tid)}`, task.tid);
    else this.fail(`invalid CPU ${on} in SCX_DSQ_LOCAL_ON dispatch verdict`, task.tid);
    return this.global;
  }

  /** dispatch_enqueue, and dispatch_to_local_dsq where the queue is another CPU's own. */
  put(dsq: Dsq, task: ScxTask, insertion: Insertion): void {
    task.owned = false;
    if (dsq.kind === 'local') return this.putLocal(dsq, task, insertion);
    const { head, vtime } = insertion;
    if (vtime !== undefined && dsq.kind === 'user') return insertByTime(dsq, task, vtime);
    if (vtime !== undefined) this.fail('cannot use vtime ordering for built-in DSQs', task.tid);
    push(dsq, task, head);
  }

  private putLocal(dsq: Dsq, task: ScxTask, { head, preempt }: Insertion): void {
    const { cpu } = dsq;
    const { machine } = this;
    if (task.cpu !== cpu) {
      if (!has(machine.allowed(task.tid), cpu)) {
        this.fail(`SCX_DSQ_LOCAL[_ON] target CPU ${cpu} not allowed for ${this.label(task.tid)}`, task.tid);
        return push(this.global, task, false);
      }
      this.moveTo(task, cpu);
    }
    push(dsq, task, head);
    const rank = machine.rankOf(cpu);
    if (rank === 'ext' && preempt && machine.runningOn(cpu) !== task.tid) {
      this.policy.setSlice(machine.runningOn(cpu), 0);
      machine.resched(cpu);
    } else if (rank === 'idle') machine.resched(cpu);
  }

  private moveTo(task: ScxTask, cpu: number): void {
    const from = task.cpu;
    task.cpu = cpu;
    this.counts[from]!--;
    this.counts[cpu]!++;
    this.machine.moved(task.tid, from, cpu);
  }

  /** consume_dispatch_q: moves the first task of `queue` that may run on `cpu` to the CPU's own queue. */
  consume(queue: Dsq, cpu: number): boolean {
    const { tasks } = queue;
    for (let i = 0; i < tasks.length; i++) {
      const task = tasks[i]!;
      if (task.cpu !== cpu && !has(this.machine.allowed(task.tid), cpu)) continue;
      remove(task);
      if (task.cpu !== cpu) this.moveTo(task, cpu);
      push(this.local[cpu]!, task, false);
      return true;
    }
    return false;
  }
}
