import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { snapshot } from '../../server/src/pipeline.ts';
import { extractDemand } from '../../server/src/simulate/machine/demand.ts';
import { createMachine } from '../../server/src/simulate/machine/machine.ts';
import { prepare } from '../../server/src/simulate/replay.ts';
import { runReplay } from '../../server/src/simulate/run.ts';
import { simulateSnapshot, type Mode } from '../../server/src/simulation.ts';
import type { Trace } from '../../server/src/trace/columns.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { createTextReader } from '../../server/src/trace/read-text.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { times, type Row } from './measure.ts';

const millions = (perSecond: number): string => `${(perSecond / 1e6).toFixed(2)} M/s`;
const root = process.cwd();
/** Large recordings that a checkout does not bring: a folder beside it, or the one that the environment names. */
const recorded = join(process.env['PVPOLICY_TRACES'] ?? join(root, '../shared/traces'), 'speed');

export const LARGE_DAT = join(recorded, 'sched-1.6M.v7-zstd.dat');
export const LARGE_TRACE = join(recorded, 'sched-1M.ftrace.txt.zst');

const example = (): Uint8Array =>
  gunzipSync(readFileSync(join(root, 'examples/traces/eevdf-3vm-6s.trace.gz')));

function readText(text: Uint8Array): Trace {
  const reader = createTextReader();
  reader.push(text);
  const result = reader.finish();
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}

/** How a script reads ftrace text: a line, an expression for the head, another for the payload. */
async function naiveReader(text: Uint8Array): Promise<number> {
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

const best = (sorted: readonly number[]): number => sorted[0] ?? Number.NaN;

/** Reading, each format beside the tool whose it is, on the same file. */
export async function reading(): Promise<readonly Row[]> {
  const text = example();
  const { length } = readText(text);
  const ours = length / best(times(12, () => void readText(text)));
  const begin = performance.now();
  const naive = (await naiveReader(text)) / (performance.now() - begin);
  const row = {
    what: 'read ftrace text',
    figure: millions(ours * 1000),
    budget: '1.5 M/s',
    ratio: `${(ours / naive).toFixed(1)} x a reader of expressions`,
  };
  return [row, ...(await besideTools())];
}

async function besideTools(): Promise<readonly Row[]> {
  const dat = LARGE_DAT;
  const packed = join(recorded, 'sched-1M.perf.data.zst');
  if (!existsSync(dat) || !existsSync(packed)) {
    console.log(`no recordings in ${recorded}: trace.dat and perf.data are not measured`);
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-bench-'));
  try {
    const perf = join(folder, 'perf.data');
    execFileSync('zstd', ['-qd', packed, '-o', perf]);
    const plain = join(folder, 'plain.dat');
    const converted = convert(dat, plain);
    return [
      await beside('read trace.dat (zstd)', dat, '5 M/s', [['trace-cmd', 'report', dat]]),
      ...(converted
        ? [await beside('read trace.dat (not compressed)', plain, '5 M/s', [['trace-cmd', 'report', plain]])]
        : []),
      await beside('read perf.data', perf, '3 M/s', [
        ['perf', 'script', '-i', perf],
        ['perf', 'sched', 'latency', '-i', perf],
      ]),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes `from` without compression; false: trace-cmd is not there. */
function convert(from: string, to: string): boolean {
  try {
    execFileSync('trace-cmd', ['convert', '-i', from, '-o', to, '--compression', 'none'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

type Words = readonly [string, ...string[]];

async function beside(what: string, path: string, budget: string, tools: readonly Words[]): Promise<Row> {
  const ours: number[] = [];
  let events = 0;
  for (let run = 0; run < 5; run++) {
    const begin = performance.now();
    const result = await openTrace(path);
    if (!result.ok) throw new Error(result.error.message);
    ours.push(performance.now() - begin);
    events = [...result.trace.counts.values()].reduce((sum, count) => sum + count, 0);
  }
  const mine = Math.min(...ours);
  const ratios = tools.map(([command, ...args]) => {
    const name = [command, ...args].filter((word) => !word.includes('/') && word !== '-i').join(' ');
    const theirs = timeOf(command, args);
    return theirs === undefined ? `${name} is not installed` : `${(theirs / mine).toFixed(1)} x ${name}`;
  });
  return { what, figure: millions((events / mine) * 1000), budget, ratio: ratios.join(', ') };
}

/** ms of the faster of two runs; undefined: there is no such command. */
function timeOf(command: string, args: readonly string[]): number | undefined {
  try {
    return best(times(2, () => execFileSync(command, args, { stdio: 'ignore', timeout: 120_000 })));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replays alone, and with all that is told of them; the first run counts too, as a user has it after an edit. */
export function replays(unit: number): readonly Row[] {
  const trace = readText(example());
  return ['irq_boost', 'spin_guard', 'vm_share'].flatMap((name): Row[] => {
    const current = snapshot(readFileSync(join(root, `examples/${name}.pvpolicy`), 'utf8'), DEFAULTS);
    const { text, model, program } = current;
    if (!program) throw new Error(`${name} has errors`);
    const prepared = prepare({ text, model, program }, trace);
    if (!prepared.ok) throw new Error(`${name} does not go with the trace`);
    const alone = best(times(12, () => void runReplay(prepared.prepared.plan)));
    const told = best(times(12, () => void simulate(current, trace, 'replay')));
    const row = (what: string, ms: number, budget: string): Row => ({
      what,
      figure: millions((trace.length / ms) * 1000),
      budget,
      ratio: (ms / unit).toFixed(2),
    });
    return [row(`replay, ${name}`, alone, '5 M/s'), row(`replay with its report, ${name}`, told, '')];
  });
}

function simulate(current: ReturnType<typeof snapshot>, trace: Trace, mode: Mode): void {
  const outcome = simulateSnapshot(current, trace, 'bench', { scenario: undefined, params: [], mode });
  if (!outcome.ok) throw new Error('the policy does not go with the trace');
}

/** The machine alone, and whole what-if runs: baseline and policy. */
export async function whatIfs(unit: number): Promise<readonly Row[]> {
  const trace = readText(example());
  const extract = best(times(10, () => void extractDemand(trace)));
  const demand = extractDemand(trace);
  let events = 0;
  const run = best(
    times(10, () => {
      const machine = createMachine(demand);
      machine.run();
      events = machine.schedule().length;
    }),
  );
  const rate = (what: string, count: number, ms: number, budget: string): Row => ({
    what,
    figure: millions((count / ms) * 1000),
    budget,
    ratio: (ms / unit).toFixed(2),
  });
  const current = snapshot(readFileSync(join(root, 'examples/spin_guard.pvpolicy'), 'utf8'), DEFAULTS);
  const whole = (what: string, over: Trace, runs: number, per: number, budget: string): Row => {
    const ms = (best(times(runs, () => simulate(current, over, 'both'))) / over.length) * per;
    return { what, figure: `${ms.toFixed(0)} ms`, budget, ratio: (ms / unit).toFixed(2) };
  };
  const rows = [
    rate('what-if, demand of a recording', trace.length, extract, '2 M/s'),
    rate('what-if, simulated events', events, run, '1 M/s'),
    whole('what-if, spin_guard, for 100,000 events', trace, 4, 100_000, '300 ms'),
  ];
  if (!existsSync(LARGE_TRACE)) return rows;
  const result = await openTrace(LARGE_TRACE);
  if (!result.ok) throw new Error(result.error.message);
  return [...rows, whole('what-if, spin_guard, for 1 M events', result.trace, 2, 1_000_000, '3000 ms')];
}
