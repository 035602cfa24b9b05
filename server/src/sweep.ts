import type { Snapshot } from './pipeline.ts';
import { objectivesOf, type Figured } from './simulate/objectives.ts';
import { pointAt, type Axis, type Point } from './simulate/sweep.ts';
import { hasFailed, simulateSnapshot, type SimulationOptions } from './simulation.ts';
import type { Trace } from './trace/columns.ts';

/** What came of a point, with what its figures are of; a string says why it could not run. */
export type PointOutcome = { readonly point: Point; readonly figures: readonly Figured[] } | string;

/** Runs point `index` of the grid of `axes`. The same point gives the same outcome wherever it runs. */
export function runPoint(
  snapshot: Snapshot,
  trace: Trace,
  file: string,
  options: SimulationOptions,
  axes: readonly Axis[],
  index: number,
): PointOutcome {
  const settings = pointAt(axes, index);
  const outcome = simulateSnapshot(snapshot, trace, file, {
    ...options,
    params: [...options.params, ...settings],
    mostDecisions: 0,
  });
  if (!outcome.ok) return outcome.diagnostics.map(({ message }) => message).join('; ');
  const { report } = outcome;
  const items = options.scenario?.items.filter((item) => item.kind === 'expect') ?? [];
  const figures = objectivesOf(items, report.expectations, report.whatif);
  return {
    figures,
    point: {
      index,
      settings,
      values: figures.map(({ value }) => value),
      ok: !hasFailed(report),
      ejected: (report.whatif?.policy.ejected ?? null) !== null,
    },
  };
}
