// The page docs/gallery.md: what each policy of the gallery is, what holds of it, and what a simulation says it does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulationReport } from '../../server/src/simulation.ts';
import type { Effect } from '../../server/src/simulate/whatif/effects.ts';
import { diagram } from './diagram.ts';
import type { Entry } from './gallery.ts';

/** What lanes have seen of a policy: where a verifier accepted it, where it ran, and with what effect. */
interface Measured {
  readonly accepted?: string;
  readonly run?: string;
  readonly effect?: string;
}

const MEASURED = JSON.parse(readFileSync(join(import.meta.dirname, 'measured.json'), 'utf8')) as Readonly<
  Record<string, Measured>
>;

/** A value as people read it. */
function show(value: number | null, unit: string | null): string {
  if (value === null || Number.isNaN(value)) return '–';
  if (unit === 'ratio') return `${(value * 100).toFixed(1)}%`;
  if (unit !== 'ns') return String(Math.round(value));
  for (const [size, name] of [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
  ] as const)
    if (value >= size) return `${(value / size).toPrecision(3)} ${name}`;
  return `${Math.round(value)} ns`;
}

const unitOf = (metric: string): string =>
  /share|jain/.test(metric) ? 'ratio' : /latency|delay|time|steal|preempted/.test(metric) ? 'ns' : 'count';

/** An effect in words. */
function effectText({ metric, of, baseline, policy }: Effect): string {
  const unit = unitOf(metric);
  return `${metric.replace('.', ' ')} of ${of}: ${show(baseline, unit)} → ${show(policy, unit)}`;
}

/** What the policy is for, by its own expectations: those that compare a figure with the baseline's. */
const isAim = (expectations: SimulationReport['expectations'], { metric, of }: Effect): boolean =>
  expectations.some(({ text }) => {
    const [, statistic, figure, whose = 'all'] =
      /^(\w+)\((\w+)(?: of (\w+))?\).*\bbaseline\b/.exec(text) ?? [];
    return metric === `${figure}.${statistic}` || (metric === figure && statistic === 'sum')
      ? of === whose
      : false;
  });

/** What the policy is for, and the largest other effect; those that exceed the model's own error. */
function effects({ whatif, expectations }: SimulationReport): string {
  if (!whatif?.fidelity) return 'not simulated';
  const significant = (whatif.effects ?? []).filter((effect) => effect.significant);
  const aims = significant.filter((effect) => isAim(expectations, effect));
  const others = significant
    .filter((effect) => !aims.includes(effect) && /p50|p90|p99|steal|run_time|switches/.test(effect.metric))
    .toSorted((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0))
    .slice(0, 2 - aims.length);
  const found = [...aims.map((effect) => `**${effectText(effect)}**`), ...others.map(effectText)];
  return found.length === 0 ? 'none beyond the error' : found.join('<br>');
}

function row({ file, snapshot }: Entry, report: SimulationReport): string {
  const { accepted = 'compiled only', run = '–', effect = '–' } = MEASURED[file] ?? {};
  const { text, program, diagnostics } = snapshot;
  const verdict = report.whatif?.fidelity?.verdict;
  const simulated = `${effects(report)}${verdict ? ` (fidelity: ${verdict})` : ''}`;
  const lines = text.trimEnd().split('\n').length;
  const cells = [
    `[${title(file)}](../${path(file)})`,
    lines,
    program?.target,
    diagnostics.length === 0 ? 'clean' : 'NO',
    'no warning',
    ...[accepted, run, simulated, effect],
  ];
  return `| ${cells.join(' | ')} |`;
}

const title = (file: string): string => file.replace('.pvpolicy', '');
const path = (file: string): string => `examples/gallery/${file}`;

function section({ file, snapshot: { text } }: Entry, { expectations }: SimulationReport): string {
  const promises = expectations.map(({ text: expected, ok, measured, unit }) => {
    const result = ok === null ? 'not decided' : ok ? 'holds' : 'FAILS';
    return `- \`${expected}\`: ${result}, ${show(measured, unit)}`;
  });
  const doc = [...text.slice(0, text.indexOf('\npolicy')).matchAll(/^\/\/\/ ?(.*)$/gm)].map(
    ([, line]) => line,
  );
  const parts = [
    `### ${title(file)}`,
    doc.join(' '),
    `\`\`\`mermaid\n${diagram(text)}\n\`\`\``,
    promises.join('\n'),
    `[The policy](../${path(file)})`,
  ];
  return parts.join('\n\n');
}

/** The page, from the policies and what the first scenario of each came to. */
export const page = (
  entries: readonly Entry[],
  reports: readonly SimulationReport[],
): string => `# The gallery

<!-- Made by test/gallery/page.ts: change that, or the policies. -->

The policies that people who run virtual machines want to write, each a file to read, to try and to begin your own with
(\`pvpolicy new NAME\`). The number is that of the idea; \`_agent\` is its form for a stock kernel.

*Checked*: without a finding on every supported kernel. *Compiled*: by clang, warnings as errors. *Accepted*: by a real kernel's
verifier. *Run*: in a real kernel, under load. *Simulated*: what the policy changes in the model of its scenario's recording, if
more than the model's own error, in bold what it is for, where an expectation says so; the verdict says how well the model
reproduces the recording itself, and what "poor" says about the effect is: do not believe it. *Measured*: in a real kernel, see [predicted and measured](reality.md).

| policy | lines | target | checked | compiled | accepted | run | simulated | measured |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${entries.map((entry, i) => row(entry, reportOf(reports, i))).join('\n')}

## What had to change in the language, and why

Writing these found what follows; each was mended in the tool, none in a policy.

- **Scenarios could not fill tables.** Fourteen of the policies have a class, a node or a weight for each VM that the operator
  gives at load. \`set class_of[web] = Class.quick\` in a scenario now does what the loader's option does.
- **A set of CPUs could not be a param** of a compiled program, although it could be written: the C did not compile. It is now
  words in read-only data, an option \`--node0 0,4-7\` of the loader, and \`--param node0=0,4-7\` of the simulator.
- **Choosing between two masks** (\`home == 0 ? node0 : ~node0\`) could not be compiled.
- **Masks in params and constants** that fit a small number ended the simulator with a bug; they are kept as what they are.
- **Histograms of ratios** were held against ratios in another unit, so that \`max(part) < 30%\` never held.
- **The mask of another task** may be that of a task which is gone: the verifier of 7.3 refused the NULL. Calls that take a mask
  are now made only where the task is there.
- **Helpers of the generated C** that need one another were printed in an order that did not always have the needed one first.
- **An expectation that compares with the baseline** told only its own figure; it tells both.
- **A VM whose first thread is a vCPU** counted as one with two: the agent, run under load, gave it twice its limit.
- **The bounds of ratios** were printed rounded down: 5% as 4.9%.

What remains: state keeps no masks (\`18_steal_backoff\` keeps a list of CPUs).

## One by one

${entries.map((entry, i) => section(entry, reportOf(reports, i))).join('\n\n')}
`;

function reportOf(reports: readonly SimulationReport[], at: number): SimulationReport {
  const report = reports[at];
  if (!report) throw new Error(`no report ${at}`);
  return report;
}
