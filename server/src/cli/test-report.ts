import type { SimulationReport } from '../simulation.ts';
import { measuredText } from './figures.ts';
import { escapeXml } from './format/xml.ts';
import type { Paint } from './terminal.ts';

/** A scenario that was run, or why it was not. */
export interface Case {
  readonly file: string;
  /** null: the policy as a whole could not run. */
  readonly scenario: string | null;
  /** From 1. */
  readonly line: number;
  readonly outcome: 'ok' | 'failed' | 'error' | 'unreadable';
  /** What there is to say about the run, or why there was none. */
  readonly notes: readonly string[];
  readonly report: SimulationReport | null;
}

/** Something that was promised: an expectation or an invariant. `ok` is null where the run could not tell. */
interface Promised {
  readonly line: number;
  readonly text: string;
  readonly ok: boolean | null;
  readonly found: string;
}

/** Expectations first, then the invariants. */
function promises(one: Case): readonly Promised[] {
  const { report } = one;
  if (!report) return [];
  const expected = report.expectations.map((expectation) => ({
    line: expectation.line,
    text: `expect ${expectation.text}`,
    ok: expectation.ok,
    found: measuredText(expectation),
  }));
  const invariants = [
    ...report.replay.invariants,
    ...(report.whatif?.run.invariants ?? []).filter(({ ok }) => !ok),
  ];
  const always = invariants.map(({ name, line, ok, violations: [first] }) => ({
    line: first?.line ?? line,
    text: `invariant ${name}`,
    ok,
    found: first ? `broken at ${first.time} by ${first.entities.join(', ') || 'the policy'}` : 'holds',
  }));
  return [...expected, ...always, ...ejection(one)];
}

/** That sched_ext keeps the policy is promised by all of its policies. */
function ejection({ report, line }: Case): readonly Promised[] {
  const ejected = report?.whatif?.policy.ejected;
  if (!ejected) return [];
  const found = `${ejected.reason}: ${ejected.message}`;
  return [{ line, text: 'the kernel keeps the policy', ok: false, found }];
}

const label = ({ file, scenario }: Case): string => (scenario === null ? file : `${file} ${scenario}`);

/** One line for a case, and one for each promise that did not come true or could not be told. */
export function testText(one: Case, paint: Paint): string {
  const promised = promises(one);
  const count = (ok: boolean | null): number => promised.filter((promise) => promise.ok === ok).length;
  const parts = [
    `${count(true)} held`,
    ...(count(false) > 0 ? [`${count(false)} failed`] : []),
    ...(count(null) > 0 ? [`${count(null)} open`] : []),
  ];
  const head = one.report ? `${label(one)}: ${parts.join(', ')}` : label(one);
  const details = promised
    .filter(({ ok }) => ok !== true)
    .map(
      ({ line, text, ok, found }) =>
        `        ${one.file}:${line}: ${ok === false ? paint('red', text) : text}: ${found}\n`,
    );
  const notes = one.notes.map((note) => `        ${note}\n`);
  return `${verdict(one, paint)}  ${head}\n${details.join('')}${notes.join('')}`;
}

function verdict({ outcome }: Case, paint: Paint): string {
  switch (outcome) {
    case 'ok':
      return paint('green', 'ok    ');
    case 'failed':
      return paint('red', 'FAILED');
    case 'error':
    case 'unreadable':
      return paint('red', 'error ');
  }
}

/** All cases as one JSON document. */
export function testsJson(cases: readonly Case[]): string {
  const shown = cases.map(({ file, scenario, line, outcome, notes, report }) => ({
    file,
    scenario,
    line,
    outcome,
    notes,
    expectations: report?.expectations ?? [],
    invariants: report?.replay.invariants ?? [],
  }));
  return `${JSON.stringify({ version: 1, cases: shown })}\n`;
}

/** JUnit XML: a suite a policy, a test case a scenario. */
export function testsJunit(cases: readonly Case[]): string {
  const files = [...new Set(cases.map(({ file }) => file))];
  const suites = files.map((file) => {
    const own = cases.filter((one) => one.file === file);
    const failed = own.filter(({ outcome }) => outcome === 'failed').length;
    const errors = own.filter(({ outcome }) => outcome === 'error' || outcome === 'unreadable').length;
    return `  <testsuite name="${escapeXml(file)}" tests="${own.length}" failures="${failed}" errors="${errors}">
${own.map(junitCase).join('')}  </testsuite>
`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
${suites.join('')}</testsuites>
`;
}

function junitCase(one: Case): string {
  const head = `    <testcase classname="${escapeXml(one.file)}" name="${escapeXml(one.scenario ?? 'policy')}"`;
  const promised = promises(one);
  const list = (wanted: (ok: boolean | null) => boolean): string =>
    promised
      .filter(({ ok }) => wanted(ok))
      .map(({ line, text, found }) => `line ${line}: ${text}: ${found}`)
      .join('\n');
  const rest = [list((ok) => ok !== false), ...one.notes].filter((part) => part !== '').join('\n');
  const out = rest === '' ? '' : `      <system-out>${escapeXml(rest)}</system-out>\n`;
  switch (one.outcome) {
    case 'ok':
      return out === '' ? `${head}/>\n` : `${head}>\n${out}    </testcase>\n`;
    case 'failed':
      return `${head}>
      <failure message="a promise did not come true">${escapeXml(list((ok) => ok === false))}</failure>
${out}    </testcase>
`;
    case 'error':
    case 'unreadable':
      return `${head}>
      <error message="it could not run">${escapeXml(one.notes.join('\n'))}</error>
    </testcase>
`;
  }
}
