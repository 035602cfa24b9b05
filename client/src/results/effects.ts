import type { SimulationReport } from '../../../server/src/lsp/protocol.ts';
import { metricFigure, percent } from '../../figures.ts';

/** One figure of the simulated schedule, without the policy and with it. */
export type Effect = NonNullable<SimulationReport['whatif']>['effects'][number];

/** What a run tells of the schedule with the policy in charge; nothing where it was a replay only. */
export const effectsOf = ({ whatif }: SimulationReport): readonly Effect[] => whatif?.effects ?? [];

/** `p99 wakeup_latency of web` */
export function effectName({ metric, of }: Effect): string {
  const [name, statistic] = metric.split('.');
  return `${statistic === undefined ? name : `${statistic} ${name}`} of ${of}`;
}

/** `1.2 ms → 800 µs, −33 %`; a change that the model cannot tell from its own error says so. */
export function effectText(effect: Effect): string {
  const { metric, baseline, policy, change, error, significant } = effect;
  const by = change === null ? '' : `, ${percent(change, 0)}`;
  const within = significant
    ? ''
    : ` (within the model's error${error === null ? '' : ` of ${percent(error, 0).replace('+', '±')}`})`;
  return `${metricFigure(metric, baseline)} → ${metricFigure(metric, policy)}${by}${within}`;
}

/** The largest changes that count, at most `most`. */
export const largest = (effects: readonly Effect[], most: number): readonly Effect[] =>
  effects
    .filter(({ significant }) => significant)
    .toSorted((a, b) => Math.abs(b.change ?? Infinity) - Math.abs(a.change ?? Infinity))
    .slice(0, most);
