import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import type { Sidecar } from '../../trace/sidecar.ts';
import { passedBusy, WENT, wentTo } from './choices.ts';
import type { Placement } from './types.ts';

/** Wake-ups that it takes to tell a habit. */
const ENOUGH = 5;
/** Of all such wake-ups, how many must go elsewhere: few do where the CPUs are busy, for then few are looked at. */
const HABIT = 0.05;

/**
 * Where the recorded kernel puts tasks that wake up: does it look for an idle CPU when the task's own is busy, because
 * they share a cache? The sidecar tells; else what the recording shows, by its `choices` (`choicesOf`).
 */
export function placementOf(trace: Trace, choices: Int8Array, sidecar: Sidecar | undefined): Placement {
  const llcs = new Set(sidecar?.cpus.map(({ llc }) => llc) ?? [null]);
  if (!llcs.has(null)) return { sharesCache: llcs.size === 1 };
  const { toIdle, pastIdle } = habits(trace, choices);
  return { sharesCache: toIdle + pastIdle < ENOUGH || toIdle >= HABIT * (toIdle + pastIdle) };
}

/** Wake-ups of tasks whose CPU was busy while another one idled: how many went to an idle one, and how many did not. */
function habits(trace: Trace, choices: Int8Array): { readonly toIdle: number; readonly pastIdle: number } {
  const waking = kindIndex('sched_waking');
  const seen = { toIdle: 0, pastIdle: 0 };
  for (let row = 0; row < trace.length; row++)
    if (trace.kind[row] === waking && passedBusy(choices[row]!))
      seen[wentTo(choices[row]!) === WENT.stayed ? 'pastIdle' : 'toIdle']++;
  return seen;
}
