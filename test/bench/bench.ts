import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { format } from '../../grammar/format.ts';
import { completion } from '../../server/src/lsp/completion.ts';
import { hover } from '../../server/src/lsp/hover.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { blocks, showBlocks } from './blocking.ts';
import { latencies, showLatencies } from './latency.ts';
import { quantile, times, yardstick, type Row } from './measure.ts';
import { policyOfLines } from './policies.ts';
import { commandLine } from './command-line.ts';
import { partialResults } from './partial.ts';
import { LARGE_DAT, LARGE_TRACE, reading, replays, whatIfs } from './traces.ts';

// npm runs scripts in the folder of package.json.
const root = process.cwd();
const unit = yardstick();
const rows: Row[] = [];

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;

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

/** What the editor loads at the start: client, protocol, and the server with the chunks that it imports at once. */
function bundles(): void {
  const dist = join(root, 'dist');
  const loaded = new Set(['client.cjs', 'client-later.cjs', 'protocol.cjs', 'server.mjs']);
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
rows.push(...(await reading()), ...replays(unit), ...(await whatIfs(unit)));
rows.push(...(await partialResults(LARGE_TRACE)), ...(await commandLine(LARGE_DAT)));
bundles();

console.log(`yardstick: 1 MB of JSON parsed in ${ms(unit)}; a ratio without a word is in yardsticks\n`);
const wide = (key: keyof Row): number => Math.max(key.length, ...rows.map((row) => row[key].length));
const line = (row: Row): string =>
  `${row.what.padEnd(wide('what'))}  ${row.figure.padStart(wide('figure'))}  ${row.budget.padStart(wide('budget'))}  ${row.ratio}`;
console.log(line({ what: 'what', figure: 'figure', budget: 'budget', ratio: 'ratio' }));
for (const row of rows) console.log(line(row));

console.log(`\n${showLatencies(await latencies())}`);
console.log(`\n${showBlocks(await blocks())}`);
