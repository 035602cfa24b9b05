import type { TimerHeap } from './timer-heap.ts';

/** What is to be called at a time; each has a timer of the heap, from `first` on. */
export class Actions {
  readonly first: number;
  private readonly timers: TimerHeap;
  private readonly calls: ((() => void) | undefined)[] = [];
  private readonly free: number[] = [];

  constructor(timers: TimerHeap, first: number) {
    this.timers = timers;
    this.first = first;
  }

  /** Calls `action` at `time`. Returns a function that cancels it. */
  at(time: number, action: () => void): () => void {
    const slot = this.free.pop() ?? this.calls.length;
    this.calls[slot] = action;
    this.timers.grow(this.first + slot + 1);
    this.timers.set(this.first + slot, time);
    return () => {
      if (this.calls[slot] !== action) return;
      this.timers.cancel(this.first + slot);
      this.calls[slot] = undefined;
      this.free.push(slot);
    };
  }

  /** The timer went off. */
  fire(timer: number): void {
    const slot = timer - this.first;
    const call = this.calls[slot];
    this.calls[slot] = undefined;
    this.free.push(slot);
    call?.();
  }
}
