import type { Position } from 'vscode-languageserver/node';
import { Session } from '../lsp/session.ts';
import { quantile } from './measure.ts';
import { policyOfLines } from './policies.ts';

/** Times of one kind of answer on a policy of so many lines, in ms, ascending. */
export interface Latency {
  readonly what: string;
  readonly lines: number;
  readonly sorted: readonly number[];
}

/** What is typed, key by key, into the middle of the policy: broken on the way, whole at the end, then taken back. */
const TYPED = 'if waited > 3ms { return v.boosted }';
const ROUNDS = 4;

/** Types and asks through the real protocol, and measures at the client's end, as a user feels it. */
export async function latencies(sizes = [50, 500, 5000]): Promise<readonly Latency[]> {
  const found: Latency[] = [];
  for (const lines of sizes) {
    const times = await typing(lines);
    for (const [what, ms] of times) found.push({ what, lines, sorted: ms.toSorted((a, b) => a - b) });
  }
  return found;
}

export function showLatencies(all: readonly Latency[]): string {
  const cell = (value: number): string => value.toFixed(2).padStart(9);
  const rows = all.map(
    ({ what, lines, sorted }) =>
      `${what.padEnd(26)}${String(lines).padStart(6)}${[0.5, 0.95, 0.99].map((q) => cell(quantile(sorted, q))).join('')}`,
  );
  return [
    `${'through the protocol, ms'.padEnd(26)}${'lines'.padStart(6)}      p50      p95      p99`,
    ...rows,
  ].join('\n');
}

async function typing(lines: number): Promise<ReadonlyMap<string, number[]>> {
  const session = await Session.start();
  const uri = `file:///bench/${lines}.pvpolicy`;
  const text = policyOfLines(lines);
  const times = new Map<string, number[]>();
  const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const begin = performance.now();
    await work();
    times.set(what, [...(times.get(what) ?? []), performance.now() - begin]);
  };
  await session.open(uri, text);
  await session.publish(({ version }) => version === 1);
  const at = startOf(text);
  const format = { options: { tabSize: 4, insertSpaces: true } };
  let version = 1;
  for (let round = 0; round < ROUNDS; round++) {
    for (let typed = 0; typed <= TYPED.length; typed++) {
      const end = { ...at, character: at.character + typed };
      const back = typed === TYPED.length;
      const change = back
        ? { range: { start: at, end }, text: '' }
        : { range: { start: end, end }, text: TYPED[typed] ?? '' };
      version++;
      session.published.length = 0;
      await timed('keystroke to diagnostics', async () => {
        await session.change(uri, version, [change]);
        await complete(session, version);
      });
      const position = { line: end.line, character: end.character + (back ? 0 : 1) };
      await timed('completion', () => session.ask('textDocument/completion', uri, position));
      await timed('hover', () => session.ask('textDocument/hover', uri, { ...at, line: at.line - 1 }));
      await timed('semantic tokens', () => session.ask('textDocument/semanticTokens/full', uri));
      if (typed % 6 === 0)
        await timed('formatting', () => session.ask('textDocument/formatting', uri, undefined, format));
    }
  }
  await session.end();
  return times;
}

/** Syntax errors come first and alone; the answer to a keystroke is complete with what follows them. */
async function complete(session: Session, version: number): Promise<void> {
  const first = await session.publish((one) => one.version === version);
  if (!first.diagnostics.some(({ code }) => String(code).startsWith('PV1'))) return;
  await session.publish((one) => one.version === version && one !== first);
}

/** The start of the line behind the `let` of the function that is nearest to the middle. */
function startOf(text: string): Position {
  const before = text.slice(0, text.indexOf('    if waited', text.length / 2));
  return { line: before.split('\n').length - 1, character: 0 };
}
