import type { ScenarioDecl } from '../../../grammar/ast.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { hasErrors, snapshot, type Snapshot } from '../pipeline.ts';
import { hasFailed, simulateSnapshot, traceNamed } from '../simulation.ts';
import type { Trace } from '../trace/columns.ts';
import type { Command, Given, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { listed } from './format/text.ts';
import { readPolicy } from './input.ts';
import { Refusal } from './refusal.ts';
import { fromPolicy, RUN_OPTIONS, runOptions } from './run-options.ts';
import { writeResult } from './output.ts';
import { settingsFor } from './settings.ts';
import { plain } from './terminal.ts';
import { testsJson, testsJunit, testText, type Case } from './test-report.ts';
import { readTrace } from './trace.ts';
import { sidecarOf } from '../trace/node/sidecar-file.ts';

export const test: Command = {
  operands: 'FILE…',
  options: {
    scenario: { type: 'string', value: 'NAME', help: 'run the scenarios of this name only' },
    ...RUN_OPTIONS,
    junit: { type: 'string', value: 'FILE', help: 'write the results as JUnit XML too' },
  },
  notes: `Runs every scenario of every policy on its trace, a line each: 'ok', 'FAILED' where an expectation or an invariant does
not hold (status 1), 'error' where it cannot run: the policy has errors (status 1) or the trace cannot be read (status 2).`,
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    if (operands.length === 0) throw new Refusal('which policies? Name .pvpolicy files');
    for (const path of operands) runOptions(given, path);
    const asJson = given.flag('json');
    const open = cachedTraces();
    const cases: Case[] = [];
    for (const path of operands) {
      for await (const one of casesOf(path, given, open)) {
        cases.push(one);
        if (!asJson) terminal.out(testText(one, terminal.paint));
      }
    }
    if (cases.length === 0) {
      const name = given.text('scenario');
      throw new Refusal(
        name === undefined ? 'there is no scenario to run' : `there is no scenario '${name}'`,
      );
    }
    if (asJson) terminal.out(testsJson(cases));
    const junit = given.text('junit');
    if (junit !== undefined) writeResult(junit, testsJunit(cases));
    if (cases.some(({ outcome }) => outcome === 'unreadable')) return EXIT.usage;
    return cases.every(({ outcome }) => outcome === 'ok') ? EXIT.ok : EXIT.findings;
  },
};

type Open = (path: string) => Promise<Trace | string>;

/** Reads traces; the last one is kept, since scenarios often share one. Gives why not where one cannot be read. */
function cachedTraces(): Open {
  let last: { readonly path: string; readonly trace: Trace | string } | undefined;
  return async (path) => {
    if (last?.path !== path) {
      const trace = await readTrace(path).catch((error: unknown) => {
        if (error instanceof Refusal) return error.message;
        throw error;
      });
      last = { path, trace };
    }
    return last.trace;
  };
}

/** The scenarios of one policy, run one after the other; a policy that cannot run is one case. */
async function* casesOf(path: string, given: Given, open: Open): AsyncGenerator<Case> {
  const input = readPolicy(path);
  const { file } = input;
  const whole = { file, scenario: null, line: 1, report: null };
  if (!input.ok) {
    yield { ...whole, outcome: 'unreadable', notes: [input.problem.message] };
    return;
  }
  const current = snapshot(input.text, settingsFor(path, given));
  if (hasErrors(current.diagnostics)) {
    const errors = current.diagnostics.filter(({ severity }) => severity === 'error');
    yield { ...whole, outcome: 'error', notes: said(file, current, errors) };
    return;
  }
  const name = given.text('scenario');
  for (const scenario of current.model.scenarios) {
    if (name === undefined || scenario.name.text === name)
      yield await runCase(file, current, scenario, runOptions(given, path), open);
  }
}

async function runCase(
  file: string,
  current: Snapshot,
  scenario: ScenarioDecl,
  options: ReturnType<typeof runOptions>,
  open: Open,
): Promise<Case> {
  const line = current.lines.lineAt(scenario.span.start) + 1;
  const head = { file, scenario: scenario.name.text, line };
  const path = fromPolicy(file, traceNamed(scenario));
  if (path === undefined) return { ...head, outcome: 'error', notes: ['it names no trace'], report: null };
  const trace = await open(path);
  if (typeof trace === 'string')
    return { ...head, outcome: 'unreadable', notes: [`${path}: ${trace}`], report: null };
  const outcome = simulateSnapshot(current, trace, path, { ...options, scenario, sidecar: sidecarOf(path) });
  const notes = said(file, current, outcome.diagnostics);
  if (!outcome.ok) return { ...head, outcome: 'error', notes, report: null };
  const { report } = outcome;
  return { ...head, outcome: hasFailed(report) ? 'failed' : 'ok', notes, report };
}

/** Diagnostics, a line each. */
const said = (file: string, { lines }: Snapshot, diagnostics: readonly Diagnostic[]): readonly string[] =>
  diagnostics.map((one) => listed([{ file, lines, diagnostics: [one] }], plain).trimEnd());
