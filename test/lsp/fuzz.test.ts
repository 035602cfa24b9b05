// A client that types at random, asks at random and gives up at random, over a real connection.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CancellationTokenSource, type Position, type Range } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { policyOfLines } from '../bench/policies.ts';
import { edits, texts } from '../support/edits.ts';
import { runs } from '../support/runs.ts';
import { repository, Session } from './session.ts';

const EDITS = runs(300);

const policies = [
  ...['irq_boost', 'spin_guard', 'vm_share', 'unsafe/task_lost', 'risky/strict_priority'].map((name) =>
    readFileSync(join(repository, `examples/${name}.pvpolicy`), 'utf8'),
  ),
  policyOfLines(300),
];

/** Every request that is about a document: what else it takes, made of a place and a range. */
const REQUESTS: Readonly<Record<string, (at: Position, range: Range) => object>> = {
  hover: (position) => ({ position }),
  completion: (position) => ({ position }),
  signatureHelp: (position) => ({ position }),
  declaration: (position) => ({ position }),
  definition: (position) => ({ position }),
  typeDefinition: (position) => ({ position }),
  references: (position) => ({ position, context: { includeDeclaration: true } }),
  documentHighlight: (position) => ({ position }),
  documentSymbol: () => ({}),
  foldingRange: () => ({}),
  selectionRange: (position) => ({ positions: [position] }),
  linkedEditingRange: (position) => ({ position }),
  documentLink: () => ({}),
  inlayHint: (_, range) => ({ range }),
  prepareCallHierarchy: (position) => ({ position }),
  codeAction: (_, range) => ({ range, context: { diagnostics: [] } }),
  codeLens: () => ({}),
  formatting: () => ({ options: FORMAT }),
  rangeFormatting: (_, range) => ({ range, options: FORMAT }),
  onTypeFormatting: (position) => ({ position, ch: '}', options: FORMAT }),
  'semanticTokens/full': () => ({}),
  'semanticTokens/full/delta': () => ({ previousResultId: '1' }),
  'semanticTokens/range': (_, range) => ({ range }),
  prepareRename: (position) => ({ position }),
  rename: (position) => ({ position, newName: 'other' }),
};
const FORMAT = { tabSize: 4, insertSpaces: true };

/** Megabytes that the process has in memory; undefined where the system does not tell. */
function resident(pid: number | undefined): number | undefined {
  const path = `/proc/${pid}/status`;
  const found = existsSync(path) ? /VmRSS:\s+(\d+)/u.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
  return found === undefined ? undefined : Number(found) / 1024;
}

/** The change that turns one text into the other, as an increment. */
function increment(uri: string, before: string, after: string) {
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail))
    tail++;
  const document = TextDocument.create(uri, 'pvpolicy', 0, before);
  const range = { start: document.positionAt(head), end: document.positionAt(before.length - tail) };
  return { range, text: after.slice(head, after.length - tail) };
}

test(`survives ${EDITS} random edits, with requests and cancellations`, { timeout: 1_800_000 }, async () => {
  const session = await Session.start({ initializationOptions: { lenses: true } });
  const random = fc.sample(fc.noBias(fc.nat(1_000_000)), { numRuns: 4096 });
  let drawn = 0;
  const draw = (below: number): number => (random[drawn++ % random.length] ?? 0) % below;
  const methods = Object.keys(REQUESTS);
  const counts = { edits: 0, requests: 0, cancelled: 0, answered: 0, refused: 0, outdated: 0 };
  const memory: number[] = [];
  const sequences = fc.sample(edits(40), { numRuns: EDITS });

  for (let run = 0; counts.edits < EDITS; run++) {
    const uri = `file:///fuzz/${run}.pvpolicy`;
    const start = policies[draw(policies.length)] ?? '';
    await session.open(uri, start);
    let before = start;
    let version = 1;
    const asked: Promise<void>[] = [];
    for (const text of texts(start, sequences[run % sequences.length] ?? [])) {
      await session.change(uri, ++version, [increment(uri, before, text)]);
      before = text;
      counts.edits++;
      const lines = text.split('\n').length;
      const spot = (): Position => ({ line: draw(lines + 2), character: draw(60) });
      for (let i = draw(4); i > 0; i--) {
        const method = methods[draw(methods.length)] ?? 'hover';
        const range = { start: spot(), end: spot() };
        const token = new CancellationTokenSource();
        counts.requests++;
        const params = { textDocument: { uri }, ...REQUESTS[method]?.(range.start, range) };
        asked.push(
          session.connection.sendRequest(`textDocument/${method}`, params, token.token).then(
            () => void counts.answered++,
            ({ code }: { code: number }) => {
              // What a rename refuses is no crash; -32800 answers the cancellations, -32801 what the next edit overtook.
              expect([-32800, -32801, -32803]).toContain(code);
              if (code === -32801) counts.outdated++;
              else counts.refused++;
            },
          ),
        );
        if (draw(3) === 0) {
          token.cancel();
          counts.cancelled++;
        }
      }
    }
    await Promise.all(asked);
    // The newest version is analysed in the end, whatever came before it.
    await session.publish((one) => one.uri === uri && one.version === version);
    await session.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
    session.published.length = 0;
    const now = resident(session.child.pid);
    if (now !== undefined) memory.push(now);
  }
  expect(session.child.exitCode).toBeNull();
  expect(session.logged.filter((message) => message.includes('bug'))).toEqual([]);
  const at = (share: number): number => memory[Math.floor((memory.length - 1) * share)] ?? 0;
  console.log(
    `${counts.edits} edits, ${counts.requests} requests, ${counts.cancelled} cancelled, ${counts.outdated} outdated, ${counts.refused} refused, 0 crashes; ` +
      `memory ${at(0).toFixed(0)} MB at first, ${at(0.5).toFixed(0)} MB half way, ${at(1).toFixed(0)} MB at the end`,
  );
  // After the caches are warm it stays where it is: the young generation's size is the noise.
  expect(at(1) - at(0.5)).toBeLessThan(100);
  await session.end();
});
