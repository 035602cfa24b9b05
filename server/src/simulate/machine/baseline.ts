import type { Trace } from '../../trace/columns.ts';
import { extractDemands, type Beside } from './demand.ts';
import { distanceOf, fidelityOf } from './fidelity.ts';
import { createMachine } from './machine.ts';
import type { Grouping } from './task-groups.ts';
import type { Demand, Fidelity } from './types.ts';

export interface Baseline {
  readonly demand: Demand;
  /** What the simulated kernel does with the demand, with no policy. */
  readonly schedule: Trace;
  readonly fidelity: Fidelity;
}

/** Ways to guess groups, the likeliest first. */
const GROUPINGS: readonly Grouping[] = ['kin', 'sessions', 'none'];

/**
 * Simulates the recording's own workload on its own machine, and says how well that reproduces the recording. Where no
 * sidecar tells the groups, of several guesses the one that reproduces it best.
 */
export function simulateBaseline(trace: Trace, beside: Beside = {}): Baseline {
  let best: Baseline | undefined;
  let least = Infinity;
  for (const demand of extractDemands(trace, beside, GROUPINGS)) {
    const machine = createMachine(demand);
    machine.run();
    const schedule = machine.schedule();
    const fidelity = fidelityOf(machine, schedule);
    const distance = distanceOf(fidelity);
    if (best && distance >= least) continue;
    best = { demand, schedule, fidelity };
    least = distance;
  }
  if (!best) throw new Error('no demand');
  return best;
}
