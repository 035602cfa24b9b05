import { RUNNABLE, type Found } from './found.ts';

/** Sleeps soon after asking, and wake-ups by the one that was asked, from which on a task is taken to need its answers. */
const ENOUGH = 3;
/** Who runs no longer than this after it asked went to sleep to wait for the answer, in ns. */
const SOON_NS = 100_000;
/** More tasks than any recording has. */
const PAIRS = 2 ** 24;

/**
 * Who needs the answers of whom. A recording shows the sleeps that there were: not those of a task that was preempted by
 * the one that it had asked, and found the answer when it went on. Had that one run later, it would have slept.
 */
export class Answers {
  /** By two tasks: how often the first woke the second, and then slept until that was done, or went on. */
  private readonly wakes = new Map<number, number>();
  private readonly waited = new Map<number, number>();
  private readonly wentOn = new Map<number, number>();

  /** `waker` wakes `task` for `burst` at `t`; if it had woken another one that is not done, it does not wait for that. */
  asks(waker: Found, task: Found, burst: number, t: number): void {
    count(this.wakes, waker, task.index);
    this.settle(waker, false);
    waker.asked = task.index;
    waker.askedBurst = burst;
    waker.askedAt = waker.ran + Math.max(0, t - waker.since);
  }

  /** `task` goes to sleep. */
  sleeps(task: Found): void {
    this.settle(task, true);
  }

  /** The open burst of `task` is done, which `waker` woke it for. Has that one waited meanwhile, preempted? */
  isDone(task: Found, waker: Found | undefined): boolean {
    if (!waker) return false;
    if (waker.askedBurst === task.burst) {
      if (waker.ran - waker.askedAt > SOON_NS) this.settle(waker, false);
      waker.asked = -1;
    }
    const waits = waker.state === RUNNABLE && waker.switches === task.wakerRuns;
    return waits && waker.burst === task.wakerBurst;
  }

  /** Does `asks` need what `task` answers: does it mostly sleep soon after it asked, and does that one wake it? */
  needed(asks: number, task: number): boolean {
    const pair = asks * PAIRS + task;
    const waited = this.waited.get(pair) ?? 0;
    const answers = this.wakes.get(task * PAIRS + asks) ?? 0;
    return answers >= ENOUGH && waited >= ENOUGH && waited > (this.wentOn.get(pair) ?? 0);
  }

  /** What `waker` did while the task that it woke was not done. */
  private settle(waker: Found, sleeps: boolean): void {
    if (waker.asked < 0) return;
    const soon = sleeps && waker.ran - waker.askedAt <= SOON_NS;
    count(soon ? this.waited : this.wentOn, waker, waker.asked);
    waker.asked = -1;
  }
}

function count(pairs: Map<number, number>, { index }: Found, other: number): void {
  const pair = index * PAIRS + other;
  pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
}
