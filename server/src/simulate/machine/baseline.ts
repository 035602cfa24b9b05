import type { Trace } from '../../trace/columns.ts';
import { extractDemands, type Beside } from './demand.ts';
import { distanceOf, fidelityOf } from './fidelity.ts';
import { createMachine } from './machine.ts';
import type { Grouping } from './task-groups.ts';
import type { Demand, Fidelity, Machine } from './types.ts';

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
 * sidecar tells the groups, of several guesses the first good one, or the one that reproduces it best. `run` runs the
 * machine of one guess of so many to its end.
 */
export function simulateBaseline(
  trace: Trace,
  beside: Beside = {},
  run: (machine: Machine, guess: number, guesses: number) => void = (machine) => machine.run(),
): Baseline {
  let best: Baseline | undefined;
  let least = Infinity;
  const demands = extractDemands(trace, beside, GROUPINGS);
  for (const [guess, demand] of demands.entries()) {
    const machine = createMachine(demand);
    run(machine, guess, demands.length);
    const schedule = machine.schedule();
    const fidelity = fidelityOf(machine, schedule);
    const distance = distanceOf(fidelity);
    if (best && distance >= least) continue;
    best = { demand, schedule, fidelity };
    least = distance;
    if (fidelity.verdict === 'good') break;
  }
  if (!best) throw new Error('no demand');
  return best;
}
