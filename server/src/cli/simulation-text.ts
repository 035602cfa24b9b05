import type { Snapshot } from '../pipeline.ts';
import type { SimulationReport } from '../simulation.ts';
import { duration, figure, measuredText } from './figures.ts';
import { table, type Column, type Paint } from './terminal.ts';
import { showWhatIf } from './whatif-text.ts';

/** Decisions that are listed; `--json` has them all. */
const SHOWN = 10;

const left = (title: string): Column => ({ title });
const right = (title: string): Column => ({ title, align: 'right' });

/** One line of what a replay of the first part of a trace shows. */
export function showFirst({ trace, replay }: SimulationReport): string {
  const actions = Object.entries(replay.actions).map(([action, count]) => `${action} ${count}×`);
  return `in the first ${duration(trace.duration_ns)}: ${actions.join(', ') || 'no action'}`;
}

/**
 * What a simulation found, for people: a table a subject, those without rows left out. `replayed`: also what the
 * replay found, where there is a what-if run.
 */
export function showSimulation(
  report: SimulationReport,
  snapshot: Snapshot,
  paint: Paint,
  replayed: boolean,
): string {
  // In the form of a replay, what the policy did in the model.
  const { whatif } = report;
  const main =
    whatif && !replayed ? { ...report, replay: { ...report.replay, ...whatif.run, logs: [] } } : report;
  const parts = [
    heading(main, paint),
    hooks(main, paint),
    source(main, snapshot, paint),
    decisions(main, paint),
    counters(main, paint),
    histograms(main, paint),
    recorded(main, paint),
    logs(main, paint),
    unknown(main, paint),
    ...(whatif ? [showWhatIf(whatif, paint)] : []),
    promises(main, paint),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function heading({ policy, scenario, trace }: SimulationReport, paint: Paint): string {
  const named = scenario === null ? '' : `, scenario ${paint('bold', scenario)}`;
  const seconds = (trace.duration_ns / 1e9).toFixed(3);
  return `${paint('bold', policy)} over ${trace.file}${named}\n${trace.events} events in ${seconds} s on ${trace.cpus} CPUs\n`;
}

const hooks = ({ replay }: SimulationReport, paint: Paint): string =>
  rows(
    [left('hook'), right('line'), right('fired')],
    replay.hooks.map(({ hook, line, fired }) => [hook, String(line), String(fired)]),
    paint,
  );

/** The code of the policy with how often each line ran in the margin. */
function source({ replay }: SimulationReport, { file, lines, text }: Snapshot, paint: Paint): string {
  const hits = new Map(replay.lines.map(({ line, hits: count }) => [line, count]));
  const ran = replay.lines.map(({ line }) => line);
  const blocks = file.decls.flatMap((decl) => {
    const first = lines.lineAt(decl.span.start) + 1;
    const last = lines.lineAt(decl.span.end) + 1;
    return ran.some((line) => line >= first && line <= last) ? [{ first, last }] : [];
  });
  const width = Math.max(4, ...replay.lines.map(({ hits: count }) => String(count).length));
  const line = (number: number): string => {
    const count = hits.get(number);
    const margin = (count === undefined ? '' : String(count)).padStart(width);
    const shown = count === 0 ? paint('dim', margin) : paint('green', margin);
    const code = text.slice(lines.lineStart(number - 1), lines.lineEnd(number - 1));
    return `${shown}  ${paint('dim', String(number).padStart(4))}  ${code}`.trimEnd();
  };
  const body = blocks.map(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, i) => `${line(first + i)}\n`).join(''),
  );
  if (body.length === 0) return '';
  return `${paint('bold', `${'hits'.padStart(width)}  line`)}\n${body.join('\n')}`;
}

function decisions({ replay }: SimulationReport, paint: Paint): string {
  const all = replay.decisions.length + replay.decisions_dropped;
  const listed = rows(
    [left('time'), right('CPU'), right('line'), left('action'), left('target'), left('')],
    replay.decisions
      .slice(0, SHOWN)
      .map(({ time, cpu, line, action, deferred, target, words }) => [
        time,
        String(cpu),
        String(line),
        deferred ? `defer ${action}` : action,
        target,
        words,
      ]),
    paint,
  );
  const totals = Object.entries(replay.actions).map(([action, count]) => `${count} ${action}`);
  if (listed === '') return 'The policy asked for nothing.\n';
  return `${listed}${all > SHOWN ? `and ${all - SHOWN} more; ` : ''}in all ${totals.join(', ')}\n`;
}

const counters = ({ replay }: SimulationReport, paint: Paint): string =>
  rows(
    [left('counter'), left('of'), right('value')],
    replay.counters.flatMap(({ name, values }) => values.map(({ of, value }) => [name, of, String(value)])),
    paint,
  );

function histograms({ replay }: SimulationReport, paint: Paint): string {
  return rows(
    [left('histogram'), left('of'), right('values'), right('p50'), right('p90'), right('p99'), right('max')],
    replay.histograms.flatMap(({ name, unit, values }) => {
      const shown = (value: number | undefined): string =>
        value === undefined ? '' : unit === 'duration' ? duration(value) : figure(value);
      return values.map(({ of, count, p50, p90, p99, max }) => [
        name,
        of,
        String(count),
        ...[p50, p90, p99, max].map(shown),
      ]);
    }),
    paint,
  );
}

function recorded({ replay }: SimulationReport, paint: Paint): string {
  const time = (value: number | undefined): string => (value === undefined ? '' : duration(value));
  return rows(
    [
      left('as recorded'),
      right('wake-up p50'),
      right('p99'),
      right('waiting p99'),
      right('switches'),
      right('migrations'),
    ],
    replay.recorded.map(({ vm, wakeup_latency: wakeup, runqueue_delay: delay, switches, migrations }) => [
      vm,
      time(wakeup?.p50),
      time(wakeup?.p99),
      time(delay.p99),
      String(switches),
      String(migrations),
    ]),
    paint,
  );
}

function logs({ replay }: SimulationReport, paint: Paint): string {
  const more = replay.logs.length + replay.logs_dropped - SHOWN;
  const listed = rows(
    [left('time'), right('line'), left('log')],
    replay.logs.slice(0, SHOWN).map(({ time, line, text }) => [time, String(line), text]),
    paint,
  );
  return more > 0 ? `${listed}and ${more} more\n` : listed;
}

const unknown = ({ replay }: SimulationReport, paint: Paint): string =>
  rows(
    [left('not in the trace'), left('taken instead')],
    replay.unknown.map(({ what, taken }) => [what, taken]),
    paint,
  );

/** Expectations and invariants: did they come true? */
function promises({ replay, expectations }: SimulationReport, paint: Paint): string {
  const verdict = (ok: boolean | null): string =>
    ok === null ? paint('yellow', 'open') : ok ? paint('green', 'ok') : paint('red', 'FAILED');
  const expected = expectations.map((expectation) => [
    verdict(expectation.ok),
    String(expectation.line),
    `expect ${expectation.text}`,
    measuredText(expectation),
  ]);
  const always = replay.invariants.map(({ name, ok, line, violations: [first] }) => [
    verdict(ok),
    String(first?.line ?? line),
    `invariant ${name}`,
    first ? `broken at ${first.time} by ${first.entities.join(', ') || 'the policy'}` : '',
  ]);
  return rows([left(''), right('line'), left('promise'), left('')], [...expected, ...always], paint);
}

const rows = (columns: readonly Column[], cells: readonly (readonly string[])[], paint: Paint): string =>
  cells.length === 0 ? '' : table(columns, cells, paint);
