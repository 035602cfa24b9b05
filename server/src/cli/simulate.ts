import { hasErrors, snapshot, type Snapshot } from '../pipeline.ts';
import {
  FIRST_EVENTS,
  firstPart,
  hasFailed,
  scenarioOf,
  simulateSnapshot,
  traceNamed,
  type SimulationOptions,
  type SimulationOutcome,
} from '../simulation.ts';
import type { Trace } from '../trace/columns.ts';
import { openTrace } from '../trace/open.ts';
import { perfettoTrace } from '../trace/perfetto/write.ts';
import type { Command, Given, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { json } from './format/json.ts';
import { text as textFormat } from './format/text.ts';
import { onePolicy } from './input.ts';
import { writeParts, writeResult } from './output.ts';
import { newProgress, type Progress } from './progress.ts';
import { Refusal } from './refusal.ts';
import { fromPolicy, RUN_OPTIONS, runOptions } from './run-options.ts';
import { settingsFor } from './settings.ts';
import { showFirst, showSimulation } from './simulation-text.ts';
import { runSweep, SWEEP_OPTIONS } from './simulate-sweep.ts';
import { plain, type Terminal } from './terminal.ts';
import { readTrace, traceIn } from './trace.ts';
import { reportData } from '../report.ts';
import { reportPage } from './report-page.ts';
import { sidecarOf } from '../trace/node/sidecar-file.ts';

export const simulate: Command = {
  operands: 'FILE',
  options: {
    trace: {
      type: 'string',
      value: 'TRACE',
      help: "the recording to run on, in the place of the scenario's",
    },
    scenario: { type: 'string', value: 'NAME', help: 'the scenario to run (the first one)' },
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE.html',
      help: 'also writes a page with timelines, distributions and every decision; it needs nothing else to be shown',
    },
    perfetto: {
      type: 'string',
      value: 'FILE',
      help: 'also writes the schedule with the policy in charge, and its decisions, as a trace that the Perfetto UI opens',
    },
    ...RUN_OPTIONS,
    ...SWEEP_OPTIONS,
  },
  notes: `A replay runs the policy's hooks over the recorded events, in order, as the kernel would have; nothing in the schedule
changes. What-if schedules the recorded work again on a simulated machine, with the policy in charge and, beside it, without.
Ends with status 1 where an expectation or an invariant does not hold, or sched_ext throws the policy out.`,
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    refuseIgnored(given);
    const options = runOptions(given, operands[0] ?? '-');
    const policy = onePolicy(operands);
    const settings = settingsFor(operands[0] ?? '-', given);
    const current = snapshot(policy.text, settings);
    if (hasErrors(current.diagnostics))
      return refuse(policy.file, current, current.diagnostics, given, terminal);
    const name = given.text('scenario');
    const scenario = scenarioOf(current, name);
    if (name !== undefined && !scenario) throw new Refusal(noScenario(current, name), policy.file);
    const path = given.text('trace') ?? fromPolicy(policy.file, traceNamed(scenario));
    if (path === undefined) {
      throw new Refusal(`which trace? Name one with --trace, or in a scenario of the policy`, policy.file);
    }
    const progress = newProgress();
    const full = {
      ...options,
      scenario,
      sidecar: sidecarOf(path),
      progress: (part: number) => progress.show('simulating', part),
    };
    const trace = progress.seen ? await readSeen(path, current, full, progress) : await readTrace(path);
    if (given.texts('sweep').length > 0) {
      const input = { file: operands[0] ?? '-', text: policy.text, settings, scenario: scenario?.name.text };
      return runSweep(current, trace, path, { given, terminal, options: full, progress, input });
    }
    const outcome = simulateSnapshot(current, trace, path, full);
    progress.end();
    if (!outcome.ok) {
      refuse(policy.file, current, outcome.diagnostics, given, terminal);
      return EXIT.usage;
    }
    const { report, diagnostics } = outcome;
    const output = given.text('output');
    if (output !== undefined) {
      const notes = diagnostics.map(({ code, message }) => `${code} ${message}`);
      const page = reportPage(reportData({ ...outcome, notes, text: policy.text }));
      writeResult(output, page);
    }
    const perfetto = given.text('perfetto');
    if (perfetto !== undefined) await writeParts(perfetto, perfettoOf(outcome));
    if (given.flag('json')) {
      terminal.out(`${JSON.stringify(report)}\n`);
    } else {
      if (diagnostics.length > 0)
        terminal.err(textFormat([{ file: policy.file, lines: current.lines, diagnostics }], plain));
      terminal.out(showSimulation(report, current, terminal.paint, options.mode !== 'what-if'));
    }
    return hasFailed(report) ? EXIT.findings : EXIT.ok;
  },
};

/** Refuses what would be without effect: a shard of no sweep, a page of one. */
function refuseIgnored(given: Given): void {
  const sweeps = given.texts('sweep').length > 0;
  const ignored = (sweeps ? ['output', 'perfetto'] : Object.keys(SWEEP_OPTIONS)).find(
    (name) => given.text(name) !== undefined,
  );
  if (ignored !== undefined)
    throw new Refusal(
      sweeps
        ? `--${ignored} is of one run, and a sweep has many; give one of its points with --param`
        : `--${ignored} is of a sweep, and there is no --sweep`,
    );
}

/** Reads the trace in `path`; of a long one, tells what a replay of its first part shows before it reads on. */
async function readSeen(
  path: string,
  current: Snapshot,
  options: SimulationOptions,
  progress: Progress,
): Promise<Trace> {
  const begin = await openTrace(path, FIRST_EVENTS);
  const report = firstPart(current, begin, path, options);
  if (report) progress.tell(showFirst(report));
  const whole = begin.ok && begin.more === true ? await openTrace(path) : begin;
  if (!whole.ok) progress.end();
  return traceIn(whole, path);
}

/** The schedule that the policy makes in the model; without one the recorded schedule. */
function perfettoOf({
  report,
  schedules,
  recorded,
}: SimulationOutcome & { readonly ok: true }): Iterable<Uint8Array> {
  const decisions = (schedules ? report.whatif?.run : report.replay)?.decisions ?? [];
  const remarks = decisions.map(({ t, action, target, words, line }) => ({
    t,
    text: `${action} ${target} (${words}), line ${line}`,
  }));
  return perfettoTrace(schedules?.policy ?? recorded, `policy ${report.policy}`, remarks);
}

function noScenario({ model }: Snapshot, name: string): string {
  const names = model.scenarios.map((scenario) => `'${scenario.name.text}'`);
  const known = names.length === 0 ? 'none' : names.join(', ');
  return `the policy has no scenario '${name}'; it has ${known}`;
}

/** Shows what keeps the policy from running. */
export function refuse(
  file: string,
  { lines }: Snapshot,
  diagnostics: Snapshot['diagnostics'],
  given: Given,
  terminal: Terminal,
): Exit {
  const checked = [{ file, lines, diagnostics }];
  if (given.flag('json')) terminal.out(json(checked, plain));
  else terminal.err(textFormat(checked, plain));
  return EXIT.findings;
}
