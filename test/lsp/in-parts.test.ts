// What is kept of declarations from one text to the next is what is found in a text anew.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { format } from '../../grammar/format.ts';
import { finish } from '../../grammar/in-parts.ts';
import { formatting } from '../../server/src/lsp/formatting.ts';
import { semanticTokens } from '../../server/src/lsp/semantic-tokens.ts';
import { snapshot, type Snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { edits, texts } from '../support/edits.ts';
import { runs } from '../support/runs.ts';
import { apply } from './opened.ts';
import { repository } from './session.ts';

const policies = ['irq_boost', 'vm_share', 'unsafe/task_lost'].map((name) =>
  readFileSync(join(repository, `examples/${name}.pvpolicy`), 'utf8'),
);

describe('after any edits', () => {
  const history = fc.tuple(fc.constantFrom(...policies), edits(8));
  /** Calls `look` with a snapshot of each text, the older ones taken over. */
  const follow = (start: string, steps: Parameters<typeof texts>[1], look: (at: Snapshot) => void): void => {
    let current = snapshot(start, DEFAULTS);
    look(current);
    for (const text of texts(start, steps)) {
      current = snapshot(text, DEFAULTS, current);
      look(current);
    }
  };

  test('semantic tokens are those of the text', () => {
    fc.assert(
      fc.property(history, ([start, steps]) =>
        follow(start, steps, (at) =>
          expect(finish(semanticTokens(at))).toEqual(finish(semanticTokens(snapshot(at.text, DEFAULTS)))),
        ),
      ),
      { numRuns: runs(15) },
    );
  });

  test('the edits of formatting make the formatted text', () => {
    fc.assert(
      fc.property(history, ([start, steps]) =>
        follow(start, steps, (at) =>
          expect(apply(at.text, finish(formatting(at)))).toBe(format(at.text) ?? at.text),
        ),
      ),
      { numRuns: runs(15) },
    );
  });

  test('a range has the tokens of its lines', () => {
    fc.assert(
      fc.property(fc.constantFrom(...policies), fc.nat(80), fc.nat(40), (text, line, more) => {
        const at = snapshot(text, DEFAULTS);
        const within = { start: { line, character: 0 }, end: { line: line + more, character: 0 } };
        const lines = places(finish(semanticTokens(at)).data).filter(
          ([where = -1]) => where >= line && where <= line + more,
        );
        expect(places(finish(semanticTokens(at, within)).data)).toEqual(lines);
      }),
    );
  });
});

test('a text with very many edits is formatted declaration by declaration', () => {
  const text = `policy many for tracing\n${'fn f() {\n  g( )\n  h( )\n}\n'.repeat(1000)}fn  last() {}\n`;
  const edits = finish(formatting(snapshot(text, DEFAULTS)));
  expect(edits).toHaveLength(1001);
  expect(apply(text, edits)).toBe(format(text));
});

/** [line, character, length, type, modifiers] of each token. */
function places(data: readonly number[]): readonly (readonly number[])[] {
  const found: number[][] = [];
  let [line, character] = [0, 0];
  for (let i = 0; i < data.length; i += 5) {
    const [ahead = 0, right = 0, ...rest] = data.slice(i, i + 5);
    line += ahead;
    character = ahead > 0 ? right : character + right;
    found.push([line, character, ...rest]);
  }
  return found;
}
