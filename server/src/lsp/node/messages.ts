import type { SimulationJob } from '../host.ts';
import type { SimulateResult } from '../protocol.ts';

/** What the server tells the thread of the simulator. */
export interface Order {
  readonly id: number;
  readonly job: SimulationJob;
}

/** What the thread answers: how far it is, any number of times, then the result. */
export type Answer =
  | { readonly id: number; readonly kind: 'progress'; readonly message: string }
  | { readonly id: number; readonly kind: 'result'; readonly result: SimulateResult };
