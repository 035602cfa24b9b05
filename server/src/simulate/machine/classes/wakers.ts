import type { Machine, SimTask } from '../types.ts';

/** How many different tasks a task wakes in turn counts half after this time (record_wakee). */
const DECAY_NS = 1_000_000_000;

/** Who wakes whom: one that wakes many others keeps them where they are (kernel/sched/fair.c: record_wakee, wake_wide). */
export class Wakers {
  private readonly flips: Float64Array;
  private readonly last: Int32Array;
  private readonly decayedAt: Float64Array;
  /** CPUs that share a cache (sd_llc_size). */
  private readonly factor: number;

  constructor({ cpus, demand }: Machine) {
    this.flips = new Float64Array(demand.tasks.length);
    this.last = new Int32Array(demand.tasks.length).fill(-1);
    this.decayedAt = new Float64Array(demand.tasks.length);
    this.factor = demand.placement.sharesCache ? cpus : 1;
  }

  /** `waker`, which runs (undefined: idle), wakes `task`: are the two part of something so wide that both CPUs are needed? */
  wakes(waker: SimTask | undefined, task: SimTask, now: number): boolean {
    const { flips, last, decayedAt, factor } = this;
    if (!waker) return false;
    const { index } = waker;
    if (now > decayedAt[index]! + DECAY_NS) {
      flips[index] = Math.floor(flips[index]! / 2);
      decayedAt[index] = now;
    }
    if (last[index] !== task.index) {
      last[index] = task.index;
      flips[index]!++;
    }
    const more = Math.max(flips[index]!, flips[task.index]!);
    const fewer = Math.min(flips[index]!, flips[task.index]!);
    return fewer >= factor && more >= fewer * factor;
  }
}
