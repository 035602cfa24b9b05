import type { SimulationReport } from '../../server/src/lsp/protocol.ts';
import { el } from './dom.ts';
import { count, duration, metricFigure, percent } from '../figures.ts';
import { table, type Cell } from './table.ts';

type Pair = { readonly recorded: number; readonly simulated: number };

/** How far the model can be trusted, and what the policy changes in it: what a reader needs first. */
export function model({ whatif }: SimulationReport): readonly (HTMLElement | undefined)[] {
  if (!whatif) return [];
  const { fidelity, policy, notes } = whatif;
  const verdict = {
    good: { style: 'ok', text: 'The simulated kernel reproduces the recording well.' },
    fair: {
      style: 'open',
      text: 'The simulated kernel reproduces the recording fairly: trust large effects only.',
    },
    poor: {
      style: 'failed',
      text: 'The simulated kernel does not reproduce the recording: do not trust the effects.',
    },
  }[fidelity.verdict];
  return [
    el(
      'section',
      {},
      el('h2', {}, 'What the policy would change'),
      el('p', { class: verdict.style }, verdict.text),
      ...fidelity.reasons.map((text) => el('p', {}, text)),
      el(
        'details',
        {},
        el('summary', {}, 'What the model assumes of the recording'),
        ...[...new Set([...fidelity.inferred, ...notes])].map((text) => el('p', {}, text)),
      ),
      policy.ejected
        ? el(
            'p',
            { class: 'failed' },
            `sched_ext would have thrown the policy out: ${policy.ejected.message}`,
          )
        : undefined,
    ),
    effects(whatif),
  ];
}

/** How far the simulated kernel is from the recorded one, figure by figure. */
export function comparison({ whatif }: SimulationReport): HTMLElement | undefined {
  return (
    (whatif &&
      table(
        'The model against the recording',
        ['figure', '#recorded', '#simulated', '#off by'],
        figures(whatif.fidelity),
      )) ??
    undefined
  );
}

function effects({ effects: all }: NonNullable<SimulationReport['whatif']>): HTMLElement | undefined {
  return table(
    'Effects',
    ['', 'of', 'metric', '#without', '#with it', '#change', '#model error'],
    all
      .toSorted((a, b) => Number(b.significant) - Number(a.significant))
      .map(({ of, metric, baseline, policy, change, error, significant }): readonly Cell[] => {
        const figures = [
          of,
          metric,
          metricFigure(metric, baseline),
          metricFigure(metric, policy),
          change === null ? '' : percent(change),
          error === null ? 'unknown' : `± ${(100 * error).toFixed(1)} %`,
        ];
        return significant
          ? [{ text: '✓', style: 'ok' }, ...figures]
          : ['', ...figures].map((text) => ({ text, style: 'open' }));
      }),
    {
      note: '✓ is an effect: a difference larger than the error of the model itself. The others may be nothing.',
      first: Math.max(6, all.filter(({ significant }) => significant).length),
      style: 'effects',
    },
  );
}

function figures(
  fidelity: NonNullable<SimulationReport['whatif']>['fidelity'],
): readonly (readonly Cell[])[] {
  const row = (
    name: string,
    { recorded, simulated }: Pair,
    shown: (value: number) => string,
  ): readonly Cell[] => [
    name,
    shown(recorded),
    shown(simulated),
    recorded === 0 ? '' : percent(simulated / recorded - 1),
  ];
  return [
    ...Object.entries(fidelity.wakeup_latency).map(([name, pair]) =>
      row(`wake-up latency ${name}`, pair, duration),
    ),
    row('switches', fidelity.switches, count),
    row('migrations', fidelity.migrations, count),
    ...fidelity.busy.map((pair, cpu) => row(`CPU ${cpu} busy`, pair, duration)),
    ['run time of threads', '', '', `${(100 * fidelity.runtime_error).toFixed(2)} %`],
    ['bursts completed', '', `${(100 * fidelity.bursts_completed).toFixed(2)} %`, ''],
  ];
}
