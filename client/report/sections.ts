import type { ReportData, SimulationReport } from '../../server/src/lsp/protocol.ts';
import { count, duration } from '../figures.ts';
import { table, type Cell } from './table.ts';

/** Goes to a line of the policy. */
export type GoTo = (line: number) => void;

/** The tables of what the run found, those that are empty left out. */
export function sections({ report }: ReportData, goTo: GoTo): readonly (HTMLElement | undefined)[] {
  const { replay } = report;
  const line = (number: number): Cell => ({ text: String(number), press: () => goTo(number) });
  return [
    table('Expectations', ['', '#line', 'promise', 'measured'], promises(report, line)),
    table(
      'Hooks',
      ['hook', '#line', '#fired'],
      replay.hooks.map(({ hook, line: at, fired }) => [hook, line(at), count(fired)]),
    ),
    table(
      'Counters',
      ['counter', 'of', '#value'],
      replay.counters.flatMap(({ name, values }) => values.map(({ of, value }) => [name, of, count(value)])),
    ),
    table('Histograms', ['histogram', 'of', '#values', '#p50', '#p90', '#p99', '#max'], histograms(report)),
    table(
      'Log',
      ['#time', '#line', 'text'],
      replay.logs.map(({ time, line: at, text }) => [time, line(at), text]),
    ),
    table(
      'Not in the trace',
      ['what', 'taken instead'],
      replay.unknown.map(({ what, taken }) => [what, taken]),
    ),
  ];
}

function promises(
  { replay, expectations }: SimulationReport,
  line: (number: number) => Cell,
): readonly (readonly Cell[])[] {
  const verdict = (ok: boolean | null): Cell => {
    if (ok === null) return { text: 'open', style: 'open' };
    return ok ? { text: '✓ holds', style: 'ok' } : { text: '✗ fails', style: 'failed' };
  };
  const expected = expectations.map((expectation) => [
    verdict(expectation.ok),
    line(expectation.line),
    `expect ${expectation.text}`,
    measuredText(expectation),
  ]);
  const always = replay.invariants.map(({ ok, line: at, name, violations: [first] }) => [
    verdict(ok),
    line(first?.line ?? at),
    `invariant ${name}`,
    first ? `broken at ${first.time} by ${first.entities.join(', ') || 'the policy'}` : '',
  ]);
  return [...expected, ...always];
}

function measuredText({
  measured,
  baseline,
  unit,
  reason,
}: SimulationReport['expectations'][number]): string {
  const shown = (value: number): string => (unit === 'ns' ? duration(value) : count(value));
  if (reason !== null) return reason;
  if (measured === null) return 'no value';
  return baseline === null ? shown(measured) : `${shown(measured)}, baseline ${shown(baseline)}`;
}

const histograms = ({ replay }: SimulationReport): readonly (readonly Cell[])[] =>
  replay.histograms.flatMap(({ name, unit, values }) => {
    const shown = (value: number | undefined): string =>
      value === undefined ? '' : unit === 'duration' ? duration(value) : count(value);
    return values.map(({ of, count: size, p50, p90, p99, max }) => [
      name,
      of,
      count(size),
      ...[p50, p90, p99, max].map(shown),
    ]);
  });
