// Writes docs/gallery.md: what each policy of the gallery is, what holds of it, and what a simulation says it does.
// Needs a build. What lanes have measured is in measured.json beside this file.
//
//   node test/gallery/page.mjs
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const measured = JSON.parse(readFileSync(join(root, 'test/gallery/measured.json'), 'utf8'));
const files = readdirSync(join(root, 'examples/gallery'))
  .filter((name) => name.endsWith('.pvpolicy'))
  .toSorted();

/** One command with --json; undefined where it gave none. */
function pvpolicy(...args) {
  const { stdout } = spawnSync(process.execPath, ['dist/cli.cjs', ...args, '--json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

function show(value, unit) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (unit === 'ratio') return `${(value * 100).toFixed(1)}%`;
  if (unit !== 'ns') return String(Math.round(value));
  for (const [size, name] of [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
  ])
    if (value >= size) return `${(value / size).toPrecision(3)} ${name}`;
  return `${Math.round(value)} ns`;
}

const unitOf = (metric) =>
  /share|jain/.test(metric) ? 'ratio' : /latency|delay|time|steal|preempted/.test(metric) ? 'ns' : 'count';

/** The largest effects that exceed the model's own error, in words. */
function effects(whatif) {
  if (!whatif?.fidelity) return 'not simulated';
  const found = (whatif.effects ?? [])
    .filter(({ significant, metric }) => significant && /p50|p90|p99|steal|run_time|switches/.test(metric))
    .toSorted((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0))
    .slice(0, 2)
    .map(({ metric, of, baseline, policy }) => {
      const unit = unitOf(metric);
      return `${metric.replace('.', ' ')} of ${of}: ${show(baseline, unit)} → ${show(policy, unit)}`;
    });
  return found.length === 0 ? 'none beyond the error' : found.join('<br>');
}

const blocks = (text) => {
  const found = [];
  for (const match of text.matchAll(/^(on (?:tracepoint|op|pvsched) [\w:]+|on init|every \w+)[^{]*\{/gm)) {
    let depth = 1;
    let at = match.index + match[0].length;
    for (; depth > 0 && at < text.length; at++) depth += text[at] === '{' ? 1 : text[at] === '}' ? -1 : 0;
    found.push({ hook: match[1], body: text.slice(match.index + match[0].length, at - 1) });
  }
  return found;
};

/** Bodies of the policy's functions, by name. */
const functions = (text) =>
  Object.fromEntries([...text.matchAll(/^fn (\w+)[\s\S]*?^\}/gm)].map((match) => [match[1], match[0]]));

/** Hooks, the state that they touch and the actions that they take, as a diagram. */
function diagram(text) {
  const own = functions(text);
  const expand = (body, depth = 0) =>
    depth > 3
      ? body
      : Object.entries(own).reduce(
          (all, [name, inner]) =>
            new RegExp(`\\b${name}\\(`).test(body) ? `${all}\n${expand(inner, depth + 1)}` : all,
          body,
        );
  const states = [...text.matchAll(/^state( \w+)? \{([^}]*)\}/gm)].map(([, scope, fields]) => ({
    name: scope?.trim() ?? 'global',
    fields: [...fields.matchAll(/(\w+):/g)].map(([, name]) => name),
  }));
  const queues = [...text.matchAll(/^dsq (\w+)/gm)].map(([, name]) => name);
  const lines = ['flowchart LR'];
  const id = (kind, name) => `${kind}_${name.replaceAll(/\W/g, '_')}`;
  for (const { name, fields } of states) lines.push(`  ${id('s', name)}[("${name}: ${fields.join(', ')}")]`);
  for (const name of queues) lines.push(`  ${id('q', name)}[/"queue ${name}"/]`);
  const actions = new Set();
  for (const { hook, body } of blocks(text)) {
    const all = expand(body);
    lines.push(`  ${id('h', hook)}(["${hook}"])`);
    for (const { name, fields } of states)
      if (fields.some((field) => new RegExp(`\\b${field}\\b`).test(all)))
        lines.push(`  ${id('h', hook)} --- ${id('s', name)}`);
    for (const name of queues) {
      if (new RegExp(`insert(_vtime)?\\([^)]*\\b${name}\\b`).test(all))
        lines.push(`  ${id('h', hook)} -->|insert| ${id('q', name)}`);
      if (new RegExp(`move_to_local\\(${name}\\)|for \\w+ in ${name} `).test(all))
        lines.push(`  ${id('q', name)} -->|run| ${id('h', hook)}`);
    }
    for (const [, action] of all.matchAll(
      /(?:defer |\b)(boost|unboost|set_nice|set_weight|pin|unpin|cap|set_halt_poll|core_tag|kick|scx_bpf_kick_cpu|scx_bpf_cpuperf_set)\(/g,
    )) {
      const link = `  ${id('h', hook)} ==> ${id('a', action)}`;
      if (!actions.has(action)) lines.push(`  ${id('a', action)}{{"${action}"}}`);
      actions.add(action);
      if (!lines.includes(link)) lines.push(link);
    }
  }
  return lines.join('\n');
}

const entries = files.map((file) => {
  const path = `examples/gallery/${file}`;
  const text = readFileSync(join(root, path), 'utf8');
  const report = pvpolicy('simulate', path);
  const [, target = ''] = /^policy \w+ for (\w+)/m.exec(text) ?? [];
  const doc = [...text.slice(0, text.indexOf('\npolicy')).matchAll(/^\/\/\/ ?(.*)$/gm)]
    .map(([, line]) => line)
    .join(' ');
  const checked = pvpolicy('check', path)?.files?.[0]?.diagnostics?.length === 0;
  return { file, path, text, target, doc, checked, report, ...measured[file] };
});

const row = ({ file, path, text, target, checked, report, accepted, run, effect }) =>
  `| [${file.replace('.pvpolicy', '')}](../${path}) | ${text.trimEnd().split('\n').length} | ${target} | ${checked ? 'clean' : 'NO'} | ${[
    'no warning',
    accepted ?? 'compiled only',
    run ?? '–',
    `${effects(report?.whatif)}${report?.whatif?.fidelity ? ` (fidelity: ${report.whatif.fidelity.verdict})` : ''}`,
    effect ?? '–',
  ].join(' | ')} |`;

const section = ({ file, path, text, doc, report }) => `### ${file.replace('.pvpolicy', '')}

${doc}

\`\`\`mermaid
${diagram(text)}
\`\`\`

${(report?.expectations ?? [])
  .map(
    ({ text: expected, ok, measured: value, unit }) =>
      `- \`${expected}\`: ${ok === true ? 'holds' : ok === false ? 'FAILS' : 'not decided'}, ${show(value, unit)}`,
  )
  .join('\n')}

[The policy](../${path})
`;

const page = `# The gallery

<!-- Made by test/gallery/page.mjs: change that, or the policies. -->

The policies that people who run virtual machines want to write, each a file to read, to try and to begin your own with
(\`pvpolicy new NAME\`). The number is that of the idea; \`_agent\` is its form for a stock kernel.

*Checked*: without a finding on every supported kernel. *Compiled*: by clang, warnings as errors. *Accepted*: by a real kernel's
verifier. *Run*: in a real kernel, under load. *Simulated*: what the policy changes in the model of its scenario's recording, if
more than the model's own error; the verdict says how well the model reproduces the recording itself, and what "poor" says
about the effect is: do not believe it. *Measured*: in a real kernel, see [predicted and measured](reality.md).

| policy | lines | target | checked | compiled | accepted | run | simulated | measured |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${entries.map(row).join('\n')}

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

What remains: state keeps no masks (\`18_steal_backoff\` keeps a list of CPUs), and \`on op update_idle\` turns the kernel's record
of idle CPUs off, so that \`16_tickless\` and \`17_consolidate\` do without it.

## One by one

${entries.map(section).join('\n')}`;

writeFileSync(join(root, 'docs/gallery.md'), page);
console.log(`docs/gallery.md: ${entries.length} policies`);
