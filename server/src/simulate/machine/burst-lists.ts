import { TASK_STATE } from '../../trace/kinds.ts';

/** The bursts of a recording, in the order in which they began, and their points, in that of time. */
export class BurstLists {
  readonly task: number[] = [];
  readonly demand: number[] = [];
  readonly arrival: number[] = [];
  readonly when: number[] = [];
  /** When it was woken in the recording, and how long it had slept; NaN where that was not seen. */
  readonly wokenAt: number[] = [];
  readonly slept: number[] = [];
  readonly waker: number[] = [];
  /** The row of its wake-up; −1: none. */
  readonly wakeRow: number[] = [];
  readonly endState: number[] = [];
  readonly pointBurst: number[] = [];
  readonly pointAt: number[] = [];
  readonly pointKind: number[] = [];
  readonly pointArg: number[] = [];
  /** Rows that happened outside any task. */
  readonly ambient: number[] = [];

  /** Gives the number of the new burst; it has no end yet. */
  protected add(
    task: number,
    arrival: number,
    wokenAt: number,
    slept: number,
    waker: number,
    wakeRow: number,
  ): number {
    this.task.push(task);
    this.demand.push(Infinity);
    this.arrival.push(arrival);
    this.when.push(wokenAt);
    this.wokenAt.push(wokenAt);
    this.slept.push(slept);
    this.waker.push(waker);
    this.wakeRow.push(wakeRow);
    this.endState.push(TASK_STATE.interruptible);
    return this.task.length - 1;
  }

  protected addPoint(burst: number, at: number, kind: number, arg: number): void {
    this.pointBurst.push(burst);
    this.pointAt.push(at);
    this.pointKind.push(kind);
    this.pointArg.push(arg);
  }

  protected clear(): void {
    const { task, demand, arrival, when, wokenAt, slept, waker, wakeRow, endState } = this;
    const { pointBurst, pointAt, pointKind, pointArg, ambient } = this;
    for (const list of [task, demand, arrival, when, wokenAt, slept, waker, wakeRow, endState])
      list.length = 0;
    for (const list of [pointBurst, pointAt, pointKind, pointArg, ambient]) list.length = 0;
  }
}
