import type { Task } from './task.ts';
import { ARRIVAL, type Demand } from './types.ts';

/**
 * Which bursts of each task are done, and which one may be next. Most tasks wait for one thing after the other: their
 * bursts come in the recorded order. One that waits for several at once (an event loop) does what comes first: a burst
 * that another task wants does not wait for a timer, nor a timer for a burst.
 */
export class Sources {
  private readonly demand: Demand;
  private readonly done: Uint8Array;
  /** By task: the first burst that is not done; the first that waits for a time; when that is due, NaN: not known yet. */
  private readonly head: Int32Array;
  private readonly timer: Int32Array;
  private readonly due: Float64Array;
  /** By task: bursts that were wanted before it waited for them, ascending. */
  private readonly wanted: number[][];

  constructor(demand: Demand) {
    const { tasks, bursts } = demand;
    this.demand = demand;
    this.done = new Uint8Array(bursts.length);
    this.head = Int32Array.from(tasks, ({ firstBurst }) => firstBurst);
    this.timer = this.head.slice();
    this.due = new Float64Array(tasks.length).fill(NaN);
    this.wanted = tasks.map(() => []);
  }

  anyOrder({ index }: Task): boolean {
    return this.demand.tasks[index]!.anyOrder;
  }

  isDone(burst: number): boolean {
    return this.done[burst] === 1;
  }

  /** The burst of `task` is done. */
  end(task: Task): void {
    this.done[task.burst] = 1;
    task.ended = task.burst;
    task.done++;
  }

  /** The first burst of `task` that is not done. */
  next({ index, lastBurst }: Task): number {
    let head = this.head[index]!;
    while (head < lastBurst && this.done[head] === 1) head++;
    this.head[index] = head;
    return head;
  }

  /** The first burst that waits for a time and is not done; in the recorded order only the next one may be it. */
  timed(task: Task): number {
    const { arrival } = this.demand.bursts;
    const head = this.next(task);
    if (!this.anyOrder(task)) return head;
    let at = Math.max(head, this.timer[task.index]!);
    while (at < task.lastBurst && (this.done[at] === 1 || arrival[at] === ARRIVAL.dependent)) at++;
    if (at !== this.timer[task.index]!) this.due[task.index] = NaN;
    this.timer[task.index] = at;
    return at;
  }

  /** When the timer goes off that `task`, asleep, waits for; Infinity: it waits for none. */
  dueAt(task: Task, now: number): number {
    const { arrival, when } = this.demand.bursts;
    const burst = this.timed(task);
    if (burst >= task.lastBurst) return Infinity;
    if (arrival[burst] === ARRIVAL.absolute) return when[burst]!;
    if (arrival[burst] !== ARRIVAL.relative) return Infinity;
    if (!this.anyOrder(task)) return now + when[burst]!;
    if (Number.isNaN(this.due[task.index]!)) this.due[task.index] = now + when[burst]!;
    return this.due[task.index]!;
  }

  /** `burst` is wanted, while `task` is busy or waits for another one. */
  early(task: Task, burst: number): void {
    const list = this.wanted[task.index]!;
    let at = list.length;
    while (at > 0 && list[at - 1]! > burst) at--;
    list.splice(at, 0, burst);
  }

  /** Takes the burst that `task` goes on with, because its time has come or it was wanted meanwhile; −1: none. */
  come(task: Task, now: number): number {
    const list = this.wanted[task.index]!;
    const timed = this.timed(task);
    const first = list[0] ?? Infinity;
    if (timed < first && timed < task.lastBurst && this.isDue(task, timed, now)) return timed;
    return first === this.next(task) || this.anyOrder(task) ? (list.shift() ?? -1) : -1;
  }

  private isDue({ index }: Task, burst: number, now: number): boolean {
    const { arrival, when } = this.demand.bursts;
    if (arrival[burst] === ARRIVAL.absolute) return when[burst]! <= now;
    return arrival[burst] === ARRIVAL.relative && this.due[index]! <= now;
  }
}
