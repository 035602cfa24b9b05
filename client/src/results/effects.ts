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

/** `1.2 ms → 800 µs, −33 %` */
export const effectText = (effect: Effect): string => [values(effect), ...changeOf(effect)].join(', ');

/** `−33 %, 1.2 ms → 800 µs`: what matters first, where there may be room for no more; with the error of the model. */
export function changeText(effect: Effect): string {
  const { error, significant } = effect;
  const within = significant || error === null ? '' : ` ${percent(error, 0).replace('+', '± ')}`;
  return [...changeOf(effect).map((change) => `${change}${within}`), values(effect)].join(', ');
}

const values = ({ metric, baseline, policy }: Effect): string =>
  `${metricFigure(metric, baseline)} → ${metricFigure(metric, policy)}`;

const changeOf = ({ change }: Effect): readonly string[] => (change === null ? [] : [percent(change, 0)]);

/** The largest changes that count, at most `most`. */
export const largest = (effects: readonly Effect[], most: number): readonly Effect[] =>
  effects
    .filter(({ significant }) => significant)
    .toSorted((a, b) => Math.abs(b.change ?? Infinity) - Math.abs(a.change ?? Infinity))
    .slice(0, most);
