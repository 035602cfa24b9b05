import type { SimulationReport } from '../simulation.ts';
import { duration, figure } from './figures.ts';
import { table, type Column, type Paint } from './terminal.ts';

type WhatIf = NonNullable<SimulationReport['whatif']>;
type Named = WhatIf['baseline'];

const left = (title: string): Column => ({ title });
const right = (title: string): Column => ({ title, align: 'right' });

/** What a what-if run found, for people. It leads with what the model is worth. */
export function showWhatIf(whatif: WhatIf, paint: Paint): string {
  return [fidelity(whatif, paint), ejection(whatif, paint), schedules(whatif, paint), effects(whatif, paint)]
    .filter((part) => part !== '')
    .join('\n');
}

function fidelity({ fidelity: found }: WhatIf, paint: Paint): string {
  const { verdict, wakeup_latency: latency, switches, migrations, runtime_error: error, reasons } = found;
  const colour = verdict === 'good' ? 'green' : verdict === 'fair' ? 'yellow' : 'red';
  const rows = [
    ...Object.entries(latency).map(([name, pair]) => [
      `wake-up latency ${name}`,
      duration(pair.recorded),
      duration(pair.simulated),
      off(pair.recorded, pair.simulated),
    ]),
    [
      'switches',
      String(switches.recorded),
      String(switches.simulated),
      off(switches.recorded, switches.simulated),
    ],
    [
      'migrations',
      String(migrations.recorded),
      String(migrations.simulated),
      off(migrations.recorded, migrations.simulated),
    ],
    ['run time, wrongly shared', '', '', `${(error * 100).toFixed(1)} %`],
  ];
  const why = verdict === 'good' ? '' : reasons.map((reason) => `  ${reason}\n`).join('');
  return `${paint('bold', 'What if')}: how well the model reproduces the recording: ${paint(colour, verdict)}\n${why}${table(
    [left('model against recording'), right('recorded'), right('simulated'), right('off by')],
    rows,
    paint,
  )}`;
}

const off = (recorded: number, simulated: number): string =>
  recorded === 0 ? '' : signed((simulated - recorded) / recorded);

const signed = (part: number): string => `${part > 0 ? '+' : ''}${(part * 100).toFixed(1)} %`;

function ejection({ policy: { ejected } }: WhatIf, paint: Paint): string {
  if (!ejected) return '';
  const when = `${(ejected.t / 1e9).toFixed(6)} s`;
  return `${paint('red', 'The kernel would have thrown the policy out')} at ${when}: ${ejected.reason}: ${ejected.message}\nFrom there on its tasks are scheduled by the kernel's own scheduler.\n`;
}

function schedules({ baseline, policy, compared }: WhatIf, paint: Paint): string {
  const time = (value: number | undefined): string => (value === undefined ? '' : duration(value));
  const rowsOf = ({ name, metrics, all }: Named): string[][] =>
    [...metrics, all].map(
      ({ vm, wakeup_latency: wakeup, runqueue_delay: delay, run_time: run, switches, migrations }) => [
        vm,
        name,
        time(wakeup?.p50),
        time(wakeup?.p99),
        time(delay.p99),
        duration(run.sum),
        String(switches),
        String(migrations),
      ],
    );
  const sides = [baseline, ...compared, policy].map(rowsOf);
  const rows = (sides[0] ?? []).flatMap((_, i) => sides.map((side) => side[i] ?? []));
  return table(
    [
      left('simulated'),
      left('under'),
      right('wake-up p50'),
      right('p99'),
      right('waiting p99'),
      right('ran'),
      right('switches'),
      right('migrations'),
    ],
    rows,
    paint,
  );
}

/** Only what is larger than the model's own error. */
function effects({ effects: all, baseline }: WhatIf, paint: Paint): string {
  const rows = all
    .filter(({ significant }) => significant)
    .map(({ metric, of, baseline: before, policy: after, change, error }) => {
      const isTime = !/^(switches|migrations)$/.test(metric);
      const shown = (value: number): string => (isTime ? duration(value) : figure(value));
      return [
        metric,
        of,
        shown(before),
        shown(after),
        change === null ? '' : signed(change),
        error === null ? '' : `± ${(error * 100).toFixed(1)} %`,
      ];
    });
  if (rows.length === 0) return `No difference to ${baseline.name} is larger than the model's own error.\n`;
  return table(
    [left('effect'), left('of'), right(baseline.name), right('policy'), right('change'), right('error')],
    rows,
    paint,
  );
}
