/** What runs on a CPU, as sched_ext sees it: nothing, one of its own, or a class above. */
export type Rank = 'idle' | 'ext' | 'above';

/** The machine, as far as the core needs it. Times are ns since the start of the run. */
export interface Hardware {
  readonly cpus: number;
  readonly now: () => number;
  readonly rankOf: (cpu: number) => Rank;
  /** The thread that runs on a CPU; not asked for where it idles. */
  readonly runningOn: (cpu: number) => number;
  readonly allowed: (tid: number) => bigint;
  /** Lets the CPU choose again as soon as it can. */
  readonly resched: (cpu: number) => void;
  /** The waiting task belongs to another CPU from now on. */
  readonly moved: (tid: number, from: number, to: number) => void;
  /** Runs `act` once the decision at hand is over. */
  readonly soon: (act: () => void) => void;
  readonly nameOf: (tid: number) => string;
}

/** Why the kernel threw the policy out; the texts are the kernel's. */
export interface Ejection {
  /** ns since the start of the run. */
  readonly t: number;
  readonly reason: 'runtime error' | 'runnable task stall';
  readonly message: string;
  /** The task that it is about; −1: none. */
  readonly tid: number;
}
