import type { CompileJob, SimulationJob } from '../host.ts';
import type { CompileResult, PartialSimulation, SimulateResult } from '../protocol.ts';

/** What a thread can be told to do. */
export type Task =
  | { readonly kind: 'simulate'; readonly job: SimulationJob }
  | { readonly kind: 'compile'; readonly job: CompileJob };

/** What the server tells a thread. */
export type Order = Task & { readonly id: number };

export type Result = SimulateResult | CompileResult;

/** What the thread answers: how far it is and what it has so far, any number of times, then the result. */
export type Answer =
  | { readonly id: number; readonly kind: 'progress'; readonly message: string }
  | { readonly id: number; readonly kind: 'partial'; readonly found: PartialSimulation }
  | { readonly id: number; readonly kind: 'result'; readonly result: Result };
