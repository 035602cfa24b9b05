import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { format } from '../../grammar/format.ts';
import { completion } from '../../server/src/lsp/completion.ts';
import { hover } from '../../server/src/lsp/hover.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { simulateSnapshot } from '../../server/src/simulation.ts';
import { extractDemand } from '../../server/src/simulate/machine/demand.ts';
import { createMachine } from '../../server/src/simulate/machine/machine.ts';
import { createTextReader } from '../../server/src/trace/read-text.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { latencies, showLatencies } from './latency.ts';
import { quantile, times, yardstick } from './measure.ts';
import { policyOfLines } from './policies.ts';

/** One row of the table: what was measured, the figure with its unit, the budget, and the yardsticks it is worth. */
interface Row {
  readonly what: string;
  readonly figure: string;
  readonly budget: string;
  readonly ratio: string;
}

// npm runs scripts in the folder of package.json.
const root = process.cwd();
const unit = yardstick();
const rows: Row[] = [];

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const millions = (perSecond: number): string => `${(perSecond / 1e6).toFixed(2)} M/s`;

function addTime(what: string, sorted: readonly number[], budget: string): void {
  const p95 = quantile(sorted, 0.95);
  rows.push({ what: `${what}, p95`, figure: ms(p95), budget, ratio: `${(p95 / unit).toFixed(2)}` });
}

/** A keystroke in the middle of the policy, and what it costs to find everything of a text anew. */
function keystrokes(lines: number, budget: string): void {
  const text = policyOfLines(lines);
  const at = text.indexOf('if waited', text.length / 2);
  const edit = (run: number): string => `${text.slice(0, at)}/* ${run} */ ${text.slice(at)}`;
  let current = snapshot(text, DEFAULTS);
  const key = (run: number): void => {
    current = snapshot(edit(run), DEFAULTS, current);
    void current.diagnostics;
  };
  for (let run = 0; run < 100; run++) key(run);
  addTime(`keystroke to all diagnostics, ${lines} lines`, times(100, key), budget);
  addTime(
    `the same from scratch, ${lines} lines`,
    times(40, (run) => void snapshot(edit(run), DEFAULTS).diagnostics),
    '',
  );
}

function features(): void {
  const text = policyOfLines(1000);
  const current = snapshot(text, DEFAULTS);
  void current.diagnostics;
  const spots = Array.from({ length: 200 }, (_, index) => ({ line: 8 + index * 4, character: 12 }));
  for (const spot of spots) void [completion(current, spot), hover(current, spot)];
  addTime(
    'completion, 1000 lines',
    times(200, (run) => void completion(current, spots[run] ?? { line: 0, character: 0 })),
    '5 ms',
  );
  addTime(
    'hover, 1000 lines',
    times(200, (run) => void hover(current, spots[run] ?? { line: 0, character: 0 })),
    '5 ms',
  );
  addTime(
    'formatting, 1000 lines',
    times(200, () => void format(text)),
    '20 ms',
  );
}

/** How a script reads ftrace text: a line, an expression for the head, another for the payload. */
async function naiveReader(text: Buffer): Promise<number> {
  const head = /^\s*(.+)-(\d+)\s+\[(\d+)\]\s+(\S+)\s+(\d+\.\d+):\s+(\w+):\s+(.*)$/;
  const field = /(\w+)=(\S+)/g;
  let events = 0;
  for await (const line of createInterface({ input: Readable.from([text]) })) {
    const match = head.exec(line);
    if (!match) continue;
    for (const found of (match[7] ?? '').matchAll(field)) void found[2];
    events++;
  }
  return events;
}

async function traces(): Promise<void> {
  const one = gunzipSync(readFileSync(join(root, 'examples/traces/eevdf-3vm-6s.trace.gz')));
  const read = (): { events: number; seconds: number } => {
    const begin = performance.now();
    const reader = createTextReader();
    reader.push(one);
    const result = reader.finish();
    if (!result.ok) throw new Error(result.error.message);
    return { events: result.trace.length, seconds: (performance.now() - begin) / 1000 };
  };
  const runs = Array.from({ length: 12 }, read).toSorted((a, b) => a.seconds - b.seconds);
  const best = runs[0] ?? { events: 0, seconds: 1 };
  const begin = performance.now();
  const naive = (await naiveReader(one)) / ((performance.now() - begin) / 1000);
  const speed = best.events / best.seconds;
  rows.push({
    what: 'read ftrace text',
    figure: millions(speed),
    budget: '1.5 M/s',
    ratio: `${(speed / naive).toFixed(1)} x a reader of expressions`,
  });
}

function replays(): void {
  const reader = createTextReader();
  reader.push(gunzipSync(readFileSync(join(root, 'examples/traces/eevdf-3vm-6s.trace.gz'))));
  const result = reader.finish();
  if (!result.ok) throw new Error(result.error.message);
  const { trace } = result;
  for (const name of ['irq_boost', 'spin_guard', 'vm_share']) {
    const current = snapshot(readFileSync(join(root, `examples/${name}.pvpolicy`), 'utf8'), DEFAULTS);
    const run = (): void =>
      void simulateSnapshot(current, trace, 'bench', { scenario: undefined, params: [] });
    run();
    const best = times(8, run)[0] ?? Number.NaN;
    rows.push({
      what: `replay, ${name}`,
      figure: millions((trace.length / best) * 1000),
      budget: '5 M/s',
      ratio: `${(best / unit).toFixed(2)}`,
    });
  }
}

/** The machine alone: what a recording wants, and a run of it with no policy. */
function machines(): void {
  const reader = createTextReader();
  reader.push(gunzipSync(readFileSync(join(root, 'examples/traces/eevdf-3vm-6s.trace.gz'))));
  const result = reader.finish();
  if (!result.ok) throw new Error(result.error.message);
  const { trace } = result;
  const extract = times(10, () => void extractDemand(trace))[0] ?? Number.NaN;
  const demand = extractDemand(trace);
  let events = 0;
  const best = times(10, () => {
    const machine = createMachine(demand);
    machine.run();
    events = machine.schedule().length;
  })[0];
  rows.push({
    what: 'what-if, demand of a recording',
    figure: millions((trace.length / extract) * 1000),
    budget: '2 M/s',
    ratio: `${(extract / unit).toFixed(2)}`,
  });
  rows.push({
    what: 'what-if, simulated events',
    figure: millions((events / (best ?? Number.NaN)) * 1000),
    budget: '1 M/s',
    ratio: `${((best ?? Number.NaN) / unit).toFixed(2)}`,
  });
}

/** What the editor loads at the start: client, protocol, and the server with the chunks that it imports at once. */
function bundles(): void {
  const dist = join(root, 'dist');
  const loaded = new Set(['client.cjs', 'protocol.cjs', 'server.mjs']);
  for (const name of loaded) {
    if (!name.endsWith('.mjs')) continue;
    const text = readFileSync(join(dist, name), 'utf8');
    for (const [, chunk] of text.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.mjs)"/g))
      if (chunk) loaded.add(chunk);
  }
  const total = [...loaded].reduce((sum, name) => sum + statSync(join(dist, name)).size, 0);
  rows.push({
    what: 'bundles of client and server, at the start',
    figure: `${(total / 1e6).toFixed(2)} MB`,
    budget: '1.2 MB',
    ratio: '',
  });
}

keystrokes(200, '5 ms');
keystrokes(1000, '15 ms');
keystrokes(5000, '60 ms');
features();
await traces();
replays();
machines();
bundles();

console.log(`yardstick: 1 MB of JSON parsed in ${ms(unit)}; a ratio without a word is in yardsticks\n`);
const wide = (key: keyof Row): number => Math.max(key.length, ...rows.map((row) => row[key].length));
const line = (row: Row): string =>
  `${row.what.padEnd(wide('what'))}  ${row.figure.padStart(wide('figure'))}  ${row.budget.padStart(wide('budget'))}  ${row.ratio}`;
console.log(line({ what: 'what', figure: 'figure', budget: 'budget', ratio: 'ratio' }));
for (const row of rows) console.log(line(row));

console.log(`\n${showLatencies(await latencies())}`);
