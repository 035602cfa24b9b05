import type { SimulationReport } from '../../server/src/lsp/protocol.ts';

/** Decisions that the page lists; the others are counted. */
const DECISIONS = 200;

const STYLE = `
body { font: var(--vscode-font-size) var(--vscode-font-family); color: var(--vscode-foreground); padding: 0 1.5em 2em; }
h1 { font-size: 1.4em; font-weight: 600; margin-bottom: 0.2em; }
h2 { font-size: 1.05em; font-weight: 600; margin: 1.6em 0 0.4em; }
p { color: var(--vscode-descriptionForeground); margin: 0.2em 0; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 0.15em 1.2em 0.15em 0; vertical-align: top; }
th { font-weight: 400; color: var(--vscode-descriptionForeground); border-bottom: 1px solid var(--vscode-panel-border); }
td { font-family: var(--vscode-editor-font-family); white-space: nowrap; }
td:last-child { white-space: normal; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.ok { color: var(--vscode-testing-iconPassed); }
.failed { color: var(--vscode-testing-iconFailed); }
.open { color: var(--vscode-descriptionForeground); }
`;

/** The report as a page: no script, the colours of the editor's theme. */
export function reportHtml(report: SimulationReport, notes: readonly string[]): string {
  const { policy, scenario, trace, replay } = report;
  const named = scenario === null ? '' : ` · ${scenario}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(policy)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(policy)}${escape(named)}</h1>
<p>Replay of ${count(trace.events)} events on ${trace.cpus} CPUs in ${(trace.duration_ns / 1e9).toFixed(3)} s,
from ${escape(trace.file)}. The schedule is as it was recorded; the policy only watches and decides.</p>
${notes.map((note) => `<p>${escape(note)}</p>`).join('\n')}
${table('Promises', ['', '#line', 'promise', 'measured'], promises(report))}
${table(
  'Hooks',
  ['hook', '#line', '#fired'],
  replay.hooks.map(({ hook, line, fired }) => [hook, count(line), count(fired)]),
)}
${table('Decisions', ['#time', '#CPU', '#line', 'action', 'target', 'arguments'], decisions(report))}
${moreDecisions(report)}
${table(
  'Counters',
  ['counter', 'of', '#value'],
  replay.counters.flatMap(({ name, values }) => values.map(({ of, value }) => [name, of, count(value)])),
)}
${table('Histograms', ['histogram', 'of', '#values', '#p50', '#p90', '#p99', '#max'], histograms(report))}
${table(
  'Log',
  ['#time', '#line', 'text'],
  replay.logs.slice(0, DECISIONS).map(({ time, line, text }) => [time, count(line), text]),
)}
${table(
  'Not in the trace',
  ['what', 'taken instead'],
  replay.unknown.map(({ what, taken }) => [what, taken]),
)}
</body>
</html>`;
}

/** A cell is text, or text in one of the style's colours. */
type Cell = string | { readonly text: string; readonly style: 'ok' | 'failed' | 'open' };

/** A table under its heading, or nothing where it has no rows. Numbers are right-aligned below titles with a `#`. */
function table(heading: string, titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '';
  const style = titles.map((title) => (title.startsWith('#') ? ' class="number"' : ''));
  const head = titles.map((title, i) => `<th${style[i]}>${escape(title.replace('#', ''))}</th>`).join('');
  const cell = (value: Cell, i: number): string =>
    typeof value === 'string'
      ? `<td${style[i]}>${escape(value)}</td>`
      : `<td class="${value.style}">${escape(value.text)}</td>`;
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
  return `<h2>${heading}</h2>\n<table>\n<tr>${head}</tr>\n${body}\n</table>`;
}

function promises({ replay, expectations }: SimulationReport): readonly (readonly Cell[])[] {
  const verdict = (ok: boolean | null): Cell => {
    if (ok === null) return { text: 'open', style: 'open' };
    return ok ? { text: 'ok', style: 'ok' } : { text: 'failed', style: 'failed' };
  };
  const expected = expectations.map(({ ok, line, text, measured, unit, reason }) => [
    verdict(ok),
    count(line),
    `expect ${text}`,
    reason ?? (measured === null ? 'no value' : unit === 'ns' ? duration(measured) : count(measured)),
  ]);
  const always = replay.invariants.map(({ ok, line, name, violations: [first] }) => [
    verdict(ok),
    count(first?.line ?? line),
    `invariant ${name}`,
    first ? `broken at ${first.time} by ${first.entities.join(', ') || 'the policy'}` : '',
  ]);
  return [...expected, ...always];
}

const decisions = ({ replay }: SimulationReport): readonly (readonly Cell[])[] =>
  replay.decisions
    .slice(0, DECISIONS)
    .map(({ time, cpu, line, action, deferred, target, words }) => [
      time,
      count(cpu),
      count(line),
      deferred ? `defer ${action}` : action,
      target,
      words,
    ]);

function moreDecisions({ replay }: SimulationReport): string {
  const more = replay.decisions.length + replay.decisions_dropped - DECISIONS;
  const totals = Object.entries(replay.actions).map(([action, times]) => `${count(times)} ${action}`);
  return more > 0 ? `<p>and ${count(more)} more; in all ${escape(totals.join(', '))}</p>` : '';
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

const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 });

/** ns in the unit that fits. */
function duration(ns: number): string {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(3)} s`;
  if (ns >= 1e6) return `${(ns / 1e6).toFixed(3)} ms`;
  return ns >= 1e3 ? `${(ns / 1e3).toFixed(3)} µs` : `${ns} ns`;
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
