import type { Trace } from '../../trace/columns.ts';
import { CONTEXT } from '../../trace/columns.ts';
import { kindIndex, TASK_STATE } from '../../trace/kinds.ts';
import { wholeFrom } from '../../trace/part.ts';
import { staysRunnable } from '../threads.ts';
import { Answers } from './answers.ts';
import { beganAt } from './began.ts';
import { BurstLists } from './burst-lists.ts';
import { BLOCKED, DEAD, newFound, RUNNABLE, RUNNING, UNSEEN, type Found } from './found.ts';
import { ARRIVAL, POINT } from './types.ts';

/** Nobody knows who runs there. */
const UNKNOWN = -2;
const IDLE = -1;
/** What one pass over the rows gives. */
export class Extraction extends BurstLists {
  readonly tasks: Found[] = [];
  readonly busy: Float64Array;
  completed = 0;
  /** Switches that the recording does not show. */
  missing = 0;
  startNs = 0;
  readonly endNs: number;

  private readonly byTid: Int32Array;
  private readonly current: Int32Array;
  private readonly currentSince: Float64Array;
  private readonly lastSeen: Float64Array;
  private readonly trace: Trace;
  private readonly hasWaking: boolean;
  private started = false;
  private readonly answers = new Answers();

  constructor(trace: Trace) {
    super();
    this.trace = trace;
    this.endNs = trace.durationNs;
    let highest = 0;
    for (const tid of trace.tasks.keys()) if (tid > highest) highest = tid;
    this.byTid = new Int32Array(highest + 2).fill(-1);
    this.current = new Int32Array(trace.cpus).fill(UNKNOWN);
    this.currentSince = new Float64Array(trace.cpus);
    this.lastSeen = new Float64Array(trace.cpus);
    this.busy = new Float64Array(trace.cpus);
    this.hasWaking = (trace.counts.get('sched_waking') ?? 0) > 0;
    this.startNs = wholeFrom(trace);
    this.run();
  }

  private run(): void {
    const { trace } = this;
    const [change, waking, wakeup, wakeupNew, migrate, statRuntime, fork] = [
      'sched_switch',
      'sched_waking',
      'sched_wakeup',
      'sched_wakeup_new',
      'sched_migrate_task',
      'sched_stat_runtime',
      'sched_process_fork',
    ].map(kindIndex);
    const irq = CONTEXT.hardirq | CONTEXT.softirq | CONTEXT.nmi;
    for (let row = 0; row < trace.length; row++) {
      const t = trace.time[row]!;
      if (!this.started && t >= this.startNs) this.begin();
      const cpu = trace.cpu[row]!;
      const kind = trace.kind[row]!;
      const tid = trace.tid[row]!;
      const inTask = tid > 0 && (trace.context[row]! & irq) === 0;
      if (kind === change) {
        const c = trace.c[row]!;
        this.switched(
          row,
          t,
          cpu,
          trace.a[row]!,
          (c & 255) - 1,
          (c >>> 16) & 0x7fff,
          trace.b[row]!,
          ((c >>> 8) & 255) - 1,
        );
        continue;
      }
      if (tid >= 0) this.seen(row, t, cpu, tid);
      if (kind === waking || kind === wakeup) {
        if (kind === waking || !this.hasWaking)
          this.woken(t, row, cpu, tid, inTask, trace.a[row]!, trace.b[row]!, trace.c[row]! - 1, false);
        else if (this.find(trace.a[row]!).state === BLOCKED)
          this.woken(t, row, cpu, tid, false, trace.a[row]!, trace.b[row]!, trace.c[row]! - 1, false);
      } else if (kind === wakeupNew) {
        this.woken(t, row, cpu, tid, inTask, trace.a[row]!, trace.b[row]!, trace.c[row]! - 1, true);
      } else if (kind === migrate) {
        const task = this.find(trace.a[row]!);
        if (task.cpu >= 0) task.moved = true;
      } else if (kind !== statRuntime) {
        if (kind === fork) this.forked(trace.a[row]!, trace.b[row]!);
        this.again(t, cpu, row, inTask);
      }
    }
    if (!this.started) this.begin();
    this.finish();
  }

  /** All CPUs are recorded from now on: what was collected so far only told who does what. */
  private begin(): void {
    this.started = true;
    this.clear();
    this.completed = 0;
    this.busy.fill(0);
    for (const task of this.tasks) {
      task.ran = 0;
      task.progress = 0;
      task.burst = -1;
      task.asked = -1;
      task.askedBurst = -1;
      task.wokenBy = -1;
      task.firstCpu = task.cpu;
      task.firstPrio = task.prio;
      if (task.state === RUNNING) task.since = this.startNs;
      if (task.state === RUNNING || task.state === RUNNABLE)
        this.open(task, ARRIVAL.start, this.startNs, NaN, -1);
    }
    for (let cpu = 0; cpu < this.current.length; cpu++) {
      this.currentSince[cpu] = Math.max(this.currentSince[cpu]!, this.startNs);
      this.lastSeen[cpu] = this.currentSince[cpu]!;
    }
  }

  /** Who made the thread; −1: not seen. */
  parentOf(tid: number): number {
    const known = tid < this.byTid.length ? this.byTid[tid]! : -1;
    return known >= 0 ? this.tasks[known]!.parent : -1;
  }

  private find(tid: number): Found {
    const known = tid < this.byTid.length ? this.byTid[tid]! : -1;
    return known >= 0 ? this.tasks[known]! : this.make(tid);
  }

  private make(tid: number): Found {
    const task = newFound(tid, this.tasks.length);
    this.tasks.push(task);
    if (tid < this.byTid.length) this.byTid[tid] = task.index;
    return task;
  }

  private open(
    task: Found,
    arrival: number,
    wokenAt: number,
    slept: number,
    waker: number,
    wakeRow = -1,
  ): number {
    const burst = this.add(task.index, arrival, wokenAt, slept, waker, wakeRow);
    task.burst = burst;
    task.progress = 0;
    return burst;
  }

  private point(task: Found, at: number, kind: number, arg: number): void {
    if (task.burst < 0) return;
    this.addPoint(task.burst, at, kind, arg);
  }

  /** How far a running task is in its burst. */
  private progressAt(task: Found, t: number): number {
    return task.state === RUNNING ? task.progress + Math.max(0, t - task.since) : task.progress;
  }

  private notePrio(task: Found, t: number, prio: number): void {
    if (task.prio === prio) return;
    if (Number.isNaN(task.firstPrio)) task.firstPrio = prio;
    else if (!Number.isNaN(task.prio)) this.point(task, this.progressAt(task, t), POINT.prio, prio);
    task.prio = prio;
  }

  /** An event shows that `tid` runs on `cpu`: where another was thought to, a switch is missing. */
  private seen(row: number, t: number, cpu: number, tid: number): void {
    const current = this.current[cpu]!;
    const index = tid === 0 ? IDLE : this.find(tid).index;
    if (current !== index) {
      const from = this.currentSince[cpu]!;
      const at =
        current === UNKNOWN ? from : this.guess(this.lastSeen[cpu]!, t, beganAt(this.trace, row, cpu, tid));
      if (current >= 0) this.cut(this.tasks[current]!, at);
      if (current !== UNKNOWN) this.missing++;
      if (index >= 0) this.startRunning(this.tasks[index]!, at, cpu);
      this.current[cpu] = index;
      this.currentSince[cpu] = at;
    }
    this.lastSeen[cpu] = t;
  }

  /** When a switch happened that must lie between two times: as a charge tells, or in the middle, or soon after the first. */
  private guess(from: number, to: number, told: number | undefined): number {
    if (told !== undefined) return Math.min(to, Math.max(from, told));
    return Math.round(Math.min((from + to) / 2, from + 100_000));
  }

  /** The task left its CPU at `t`, unseen: for good as far as is known, so its burst ends. */
  private cut(task: Found, t: number): void {
    if (task.state !== RUNNING) return;
    this.stopRunning(task, t);
    this.close(task, t, TASK_STATE.interruptible);
  }

  private stopRunning(task: Found, t: number): void {
    const ran = Math.max(0, t - task.since);
    task.progress += ran;
    task.ran += ran;
    this.busy[task.cpu]! += ran;
  }

  private close(task: Found, t: number, state: number): void {
    const dead = (state & (TASK_STATE.dead | TASK_STATE.zombie)) !== 0;
    if (task.burst >= 0) {
      // Whether it needs the answer shows only at the end.
      const waker = this.tasks[task.wokenBy];
      if (this.answers.isDone(task, waker)) this.point(waker!, waker!.progress, POINT.answer, task.burst);
      this.answers.sleeps(task);
      this.demand[task.burst] = task.progress;
      this.endState[task.burst] = state;
      this.completed++;
    }
    task.burst = -1;
    task.state = dead ? DEAD : BLOCKED;
    task.blockedAt = t;
  }

  private startRunning(task: Found, t: number, cpu: number): void {
    if (task.state === RUNNING) {
      // Its way off another CPU was not recorded.
      this.stopRunning(task, t);
      if (task.cpu !== cpu && this.current[task.cpu] === task.index) this.current[task.cpu] = UNKNOWN;
    } else if (task.state === UNSEEN) {
      task.firstCpu = cpu;
      this.open(task, ARRIVAL.start, this.startNs, NaN, -1);
    } else if (task.state === BLOCKED || task.state === DEAD) {
      // Its wake-up was not recorded.
      this.open(task, ARRIVAL.absolute, t, NaN, cpu);
    }
    if (task.cpu >= 0 && task.cpu !== cpu) task.moved = true;
    task.state = RUNNING;
    task.since = t;
    task.cpu = cpu;
    task.switches++;
  }

  private switched(
    row: number,
    t: number,
    cpu: number,
    prev: number,
    prevPrio: number,
    state: number,
    next: number,
    nextPrio: number,
  ): void {
    this.seen(row, t, cpu, Math.max(0, prev));
    if (prev > 0) {
      const task = this.find(prev);
      this.notePrio(task, t, prevPrio);
      this.stopRunning(task, t);
      if (staysRunnable(state)) {
        task.state = RUNNABLE;
        this.point(task, task.progress, POINT.preemptible, 0);
      } else this.close(task, t, state);
    }
    if (next > 0) {
      const task = this.find(next);
      this.startRunning(task, t, cpu);
      this.notePrio(task, t, nextPrio);
      this.current[cpu] = task.index;
    } else this.current[cpu] = IDLE;
    this.currentSince[cpu] = t;
  }

  private forked(parent: number, child: number): void {
    const task = this.make(child);
    task.parent = parent;
    task.state = BLOCKED;
  }

  private woken(
    t: number,
    row: number,
    cpu: number,
    by: number,
    inTask: boolean,
    tid: number,
    target: number,
    prio: number,
    fork: boolean,
  ): void {
    if (tid <= 0) return;
    const task = this.find(tid);
    this.notePrio(task, t, prio);
    if (task.state === RUNNING || task.state === RUNNABLE) return;
    if (task.cpu >= 0 && this.current[task.cpu] !== IDLE && this.current.includes(IDLE)) task.passedIdle++;
    const waker = inTask ? this.find(by) : undefined;
    const slept = t - task.blockedAt;
    task.wokenBy = waker?.index ?? -1;
    task.wakerBurst = waker?.burst ?? -1;
    task.wakerRuns = waker?.switches ?? 0;
    if (task.cpu < 0) task.firstCpu = target < this.current.length ? target : cpu;
    if (waker && waker.burst >= 0) {
      const at = this.progressAt(waker, t);
      const burst = this.open(task, fork ? ARRIVAL.fork : ARRIVAL.dependent, t, slept, cpu, row);
      this.point(waker, at, fork ? POINT.fork : POINT.wake, burst);
      if (!fork) this.answers.asks(waker, task, burst, t);
    } else this.open(task, ARRIVAL.absolute, t, slept, cpu === task.cpu ? -1 : cpu, row);
    task.state = RUNNABLE;
  }

  /** Answers that nobody needs are none. */
  private dropAnswers(): void {
    this.pointKind.forEach((kind, i) => {
      if (kind !== POINT.answer) return;
      const needed = this.answers.needed(this.task[this.pointBurst[i]!]!, this.task[this.pointArg[i]!]!);
      if (!needed) this.pointKind[i] = POINT.preemptible;
    });
  }

  /** The row is to be emitted again: at the same progress of the task that caused it, or at its time. */
  private again(t: number, cpu: number, row: number, inTask: boolean): void {
    const current = this.current[cpu]!;
    if (inTask && current >= 0) {
      const task = this.tasks[current]!;
      this.point(task, this.progressAt(task, t), POINT.row, row);
    } else this.ambient.push(row);
  }

  /** What the end cuts off goes on for ever if it took half of the recording; else it ends with what was seen of it. */
  private finish(): void {
    this.dropAnswers();
    const half = (this.startNs + this.endNs) / 2;
    for (const task of this.tasks) {
      if (task.state === RUNNING) this.stopRunning(task, Math.max(task.since, this.endNs));
      if (task.burst >= 0 && this.wokenAt[task.burst]! > half) this.demand[task.burst] = task.progress;
    }
  }
}
