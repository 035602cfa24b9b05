import type { Trace } from '../../trace/columns.ts';
import type { Sidecar } from '../../trace/sidecar.ts';
import { extractDemand } from './demand.ts';
import { fidelityOf } from './fidelity.ts';
import type { KernelChoice } from './kernel.ts';
import { createMachine } from './machine.ts';
import type { Demand, Fidelity } from './types.ts';

/** What is known beside the recording. */
export interface BaselineOptions {
  readonly sidecar?: Sidecar | undefined;
  readonly kernel?: KernelChoice | undefined;
}

export interface Baseline {
  readonly demand: Demand;
  /** What the simulated kernel does with the demand, with no policy. */
  readonly schedule: Trace;
  readonly fidelity: Fidelity;
}

/** Simulates the recording's own workload on its own machine, and says how well that reproduces the recording. */
export function simulateBaseline(trace: Trace, { sidecar, kernel }: BaselineOptions = {}): Baseline {
  const demand = extractDemand(trace, sidecar, kernel);
  const machine = createMachine(demand);
  machine.run();
  const schedule = machine.schedule();
  return { demand, schedule, fidelity: fidelityOf(machine, schedule) };
}
