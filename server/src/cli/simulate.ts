import { hasErrors, snapshot, type Snapshot } from '../pipeline.ts';
import { hasFailed, scenarioOf, simulateSnapshot, traceNamed } from '../simulation.ts';
import type { Command, Given, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { json } from './format/json.ts';
import { text as textFormat } from './format/text.ts';
import { onePolicy } from './input.ts';
import { Refusal } from './refusal.ts';
import { fromPolicy, params, RUN_OPTIONS } from './run-options.ts';
import { settingsFor } from './settings.ts';
import { showSimulation } from './simulation-text.ts';
import { plain, type Terminal } from './terminal.ts';
import { readTrace } from './trace.ts';

const MODES = ['replay', 'what-if', 'both'];

export const simulate: Command = {
  operands: 'FILE',
  options: {
    trace: {
      type: 'string',
      value: 'TRACE',
      help: "the recording to run on, in the place of the scenario's",
    },
    scenario: { type: 'string', value: 'NAME', help: 'the scenario to run (the first one)' },
    ...RUN_OPTIONS,
    mode: { type: 'string', value: 'MODE', help: 'replay (what there is in this version)' },
  },
  notes: `A replay runs the policy's hooks over the recorded events, in order, as the kernel would have; nothing in the schedule
changes. Ends with status 1 where an expectation or an invariant does not hold.`,
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    const mode = modeOf(given);
    const policy = onePolicy(operands);
    const current = snapshot(policy.text, settingsFor(operands[0] ?? '-', given));
    if (hasErrors(current.diagnostics))
      return refuse(policy.file, current, current.diagnostics, given, terminal);
    const name = given.text('scenario');
    const scenario = scenarioOf(current, name);
    if (name !== undefined && !scenario) throw new Refusal(noScenario(current, name), policy.file);
    const path = given.text('trace') ?? fromPolicy(policy.file, traceNamed(scenario));
    if (path === undefined) {
      throw new Refusal(`which trace? Name one with --trace, or in a scenario of the policy`, policy.file);
    }
    const trace = await readTrace(path);
    const outcome = simulateSnapshot(current, trace, path, { scenario, params: params(given) });
    if (!outcome.ok) {
      refuse(policy.file, current, outcome.diagnostics, given, terminal);
      return EXIT.usage;
    }
    const { report, diagnostics } = outcome;
    if (given.flag('json')) {
      terminal.out(`${JSON.stringify(report)}\n`);
    } else {
      if (diagnostics.length > 0)
        terminal.err(textFormat([{ file: policy.file, lines: current.lines, diagnostics }], plain));
      terminal.out(showSimulation(report, current, terminal.paint));
      if (mode === 'both') terminal.out('\nThis is the replay. What-if simulation is not in this version.\n');
    }
    return hasFailed(report) ? EXIT.findings : EXIT.ok;
  },
};

function modeOf(given: Given): string {
  const mode = given.text('mode') ?? 'both';
  if (!MODES.includes(mode)) throw new Refusal(`--mode is one of ${MODES.join(', ')}, not '${mode}'`);
  if (mode === 'what-if')
    throw new Refusal('what-if simulation is not in this version; there is --mode replay');
  return mode;
}

function noScenario({ model }: Snapshot, name: string): string {
  const names = model.scenarios.map((scenario) => `'${scenario.name.text}'`);
  const known = names.length === 0 ? 'none' : names.join(', ');
  return `the policy has no scenario '${name}'; it has ${known}`;
}

/** Shows what keeps the policy from running. */
function refuse(
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
