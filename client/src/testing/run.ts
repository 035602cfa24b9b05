import {
  Location,
  Position,
  TestMessage,
  workspace,
  type CancellationToken,
  type TestController,
  type TestItem,
  type TestRun,
  type TestRunRequest,
  type Uri,
} from 'vscode';
import type { SimulationReport } from '../../../server/src/lsp/protocol.ts';
import { verdict } from '../results/marks.ts';
import { withShortPaths } from '../refusal.ts';
import { nameOf } from '../settings.ts';
import type { Simulator } from '../simulation/simulator.ts';
import { coverageOf, type ReportCoverage } from './coverage.ts';
import { coveredBy } from './covered.ts';
import type { ScenarioTests } from './scenarios.ts';

type Replay = SimulationReport['replay'];

/** A run that came to an end, with the text that it was of. */
interface Ran {
  readonly report: SimulationReport;
  readonly text: string;
}

export interface RunParts {
  readonly controller: TestController;
  readonly tests: ScenarioTests;
  readonly simulator: Simulator;
  /** Fills the children of an item that has not been looked into. */
  readonly resolve: (item: TestItem | undefined) => Promise<void>;
}

/** Runs the scenarios that a request asks for, one after the other: the simulator is one thread. */
export async function runScenarios(
  parts: RunParts,
  request: TestRunRequest,
  token: CancellationToken,
  withCoverage: boolean,
): Promise<void> {
  const { controller, tests } = parts;
  if (!request.include) await parts.resolve(undefined);
  const run = controller.createTestRun(request);
  const scenarios = scenariosOf(tests, request, controller);
  for (const { item, expectations } of scenarios) {
    run.enqueued(item);
    for (const expectation of expectations) run.enqueued(expectation);
  }
  const ran = new Map<string, { readonly uri: Uri; readonly text: string; readonly replays: Replay[] }>();
  for (const { item, expectations } of scenarios) {
    if (token.isCancellationRequested || run.token.isCancellationRequested) {
      for (const one of [item, ...expectations]) run.skipped(one);
      continue;
    }
    const result = await runOne(parts, run, item, expectations, token);
    if (!result || !item.uri) continue;
    const key = item.uri.toString();
    const known = ran.get(key) ?? { uri: item.uri, text: result.text, replays: [] };
    known.replays.push(result.report.replay);
    ran.set(key, known);
  }
  if (withCoverage)
    for (const { uri, text, replays } of ran.values())
      run.addCoverage(coverageOf(uri, coveredBy(replays, text)));
  run.end();
}

/** The details of a file's coverage, when the editor asks for them. */
export const detailsOf = (_run: TestRun, coverage: ReportCoverage): Thenable<ReportCoverage['details']> =>
  Promise.resolve(coverage.details);

interface Scenario {
  readonly item: TestItem;
  /** Those that are wanted. */
  readonly expectations: readonly TestItem[];
}

function scenariosOf(
  tests: ScenarioTests,
  request: TestRunRequest,
  controller: TestController,
): readonly Scenario[] {
  const excluded = new Set(request.exclude);
  const wanted = new Map<TestItem, Set<TestItem>>();
  const visit = (item: TestItem): void => {
    if (excluded.has(item)) return;
    const kind = tests.subjectOf(item)?.kind;
    if (kind === 'policy') item.children.forEach(visit);
    if (kind === 'scenario') {
      if (!wanted.has(item)) wanted.set(item, new Set());
      item.children.forEach(visit);
    }
    if (kind === 'expectation' && item.parent)
      wanted.set(item.parent, (wanted.get(item.parent) ?? new Set()).add(item));
  };
  if (request.include) request.include.forEach(visit);
  else controller.items.forEach(visit);
  return [...wanted].map(([item, expectations]) => ({ item, expectations: [...expectations] }));
}

async function runOne(
  { tests, simulator }: RunParts,
  run: TestRun,
  item: TestItem,
  expectations: readonly TestItem[],
  token: CancellationToken,
): Promise<Ran | undefined> {
  const subject = tests.subjectOf(item);
  if (subject?.kind !== 'scenario') return undefined;
  for (const one of [item, ...expectations]) run.started(one);
  const name = `${item.parent?.label ?? nameOf(subject.uri.path)}, scenario ${item.label}`;
  const started = performance.now();
  const say = (line: string): void => run.appendOutput(`${line}\r\n`, undefined, item);
  const document = await workspace.openTextDocument(subject.uri);
  const text = document.getText();
  const result = await simulator.run(document, subject.scenario, token);
  const took = performance.now() - started;
  if (result === undefined) {
    for (const one of [item, ...expectations]) run.skipped(one);
    return undefined;
  }
  if (!result.ok) {
    const why = withShortPaths(subject.uri, result.message);
    say(`${name}: ${why}`);
    run.errored(item, new TestMessage(why), took);
    for (const one of expectations) run.skipped(one);
    return undefined;
  }
  const { file, events } = result.report.trace;
  say(`${name} on ${withShortPaths(subject.uri, file)}: ${events} events`);
  for (const note of result.notes) say(`  ${note}`);
  for (const expectation of expectations) judge(run, expectation, subject.uri, tests, result.report, say);
  const broken = result.report.replay.invariants.filter(({ ok }) => !ok);
  if (broken.length > 0)
    run.failed(
      item,
      broken.map((one) => brokenMessage(subject.uri, one)),
      took,
    );
  else if (expectations.every((one) => held(tests, one, result.report))) run.passed(item, took);
  return { report: result.report, text };
}

/** Tells what was measured: in the output, and beside the expectation where it failed. */
function judge(
  run: TestRun,
  item: TestItem,
  uri: Uri,
  tests: ScenarioTests,
  report: SimulationReport,
  say: (line: string) => void,
): void {
  const found = expectationOf(tests, item, report);
  if (!found) return run.skipped(item);
  const measured = verdict(found);
  say(`  ${measured}  ${found.text}`);
  item.description = measured.slice(2);
  if (found.ok === null) return run.skipped(item);
  if (found.ok) return run.passed(item);
  const message = new TestMessage(`measured ${measured.slice(2)}, expected ${found.text}`);
  message.location = new Location(uri, new Position(found.line - 1, 0));
  run.failed(item, message);
}

function expectationOf(tests: ScenarioTests, item: TestItem, report: SimulationReport) {
  const subject = tests.subjectOf(item);
  return subject?.kind === 'expectation' ? report.expectations[subject.index] : undefined;
}

const held = (tests: ScenarioTests, item: TestItem, report: SimulationReport): boolean =>
  expectationOf(tests, item, report)?.ok !== false;

function brokenMessage(
  uri: Uri,
  { name, line, violations }: SimulationReport['replay']['invariants'][number],
): TestMessage {
  const [first] = violations;
  const where = first
    ? ` at ${first.time} s${first.entities.length > 0 ? ` by ${first.entities.join(', ')}` : ''}`
    : '';
  const message = new TestMessage(`invariant ${name} is broken ${violations.length}×, first${where}`);
  message.location = new Location(uri, new Position((first?.line ?? line) - 1, 0));
  return message;
}
