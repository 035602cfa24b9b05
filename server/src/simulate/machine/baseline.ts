import type { Trace } from '../../trace/columns.ts';
import { firstPart } from '../../trace/part.ts';
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

/** Events of a long recording that the guesses are tried on. */
const TRIAL = 100_000;

type Run = (machine: Machine, guess: number, guesses: number) => void;

/**
 * Simulates the recording's own workload on its own machine, and says how well that reproduces the recording. Where no
 * sidecar tells the groups, of several guesses the first good one, or the one that reproduces it best; of a recording of
 * more than twice `trial` events, over the first `trial`. `run` runs the machine of one guess of so many to its end.
 */
export function simulateBaseline(
  trace: Trace,
  beside: Beside = {},
  run: Run = (machine) => machine.run(),
  trial = TRIAL,
): Baseline {
  if (beside.sidecar || trace.length <= 2 * trial) return bestOf(trace, beside, GROUPINGS, run).baseline;
  const runs = GROUPINGS.length + 1;
  const { guess } = bestOf(firstPart(trace, trial), beside, GROUPINGS, (machine, tried) =>
    run(machine, tried, runs),
  );
  const grouping = GROUPINGS[guess]!;
  return bestOf(trace, beside, [grouping], (machine) => run(machine, runs - 1, runs)).baseline;
}

function bestOf(
  trace: Trace,
  beside: Beside,
  groupings: readonly Grouping[],
  run: Run,
): { readonly baseline: Baseline; readonly guess: number } {
  let best: { readonly baseline: Baseline; readonly guess: number } | undefined;
  let least = Infinity;
  const demands = extractDemands(trace, beside, groupings);
  for (const [guess, demand] of demands.entries()) {
    const machine = createMachine(demand);
    run(machine, guess, demands.length);
    const schedule = machine.schedule();
    const fidelity = fidelityOf(machine, schedule);
    const distance = distanceOf(fidelity);
    if (best && distance >= least) continue;
    best = { baseline: { demand, schedule, fidelity }, guess };
    least = distance;
    if (fidelity.verdict === 'good') break;
  }
  if (!best) throw new Error('no demand');
  return best;
}
