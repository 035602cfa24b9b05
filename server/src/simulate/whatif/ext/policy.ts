import type { Value } from '../../../emit/executor/host.ts';
import type { Num } from '../../../emit/executor/number.ts';

/** The policy, as the core of sched_ext knows it: its ops, and what it wrote into its tasks. */
export interface Policy {
  readonly has: (op: string) => boolean;
  /** Runs the op on `cpu`; gives what it returns, undefined where the policy has no such op. */
  readonly call: (op: string, cpu: number, a?: Value, b?: Value, c?: Value) => Value;
  /** Flags for `enqueue`, with SCX_ENQ_CPU_SELECTED as the policy knows it where the task woke. */
  readonly enqueueFlags: (flags: number) => Num;
  readonly sliceOf: (tid: number) => Num;
  readonly setSlice: (tid: number, slice: Num) => void;
}
