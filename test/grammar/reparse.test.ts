import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, type Tree } from '../../grammar/parser.ts';
import { reparse } from '../../grammar/reparse.ts';
import { edits, texts } from '../support/edits.ts';
import { runs } from '../support/runs.ts';

const examples = readdirSync('examples')
  .filter((name) => name.endsWith('.pvpolicy'))
  .map((name) => readFileSync(`examples/${name}`, 'utf8'));

test('a tree made of an older one is the tree of the text, whatever was edited', () => {
  let reused = 0;
  fc.assert(
    fc.property(fc.constantFrom(...examples), edits(12), (start, made) => {
      let text = start;
      let tree: Tree = parse(text);
      for (const next of texts(start, made)) {
        const again = reparse(tree, text, next);
        const { file, diagnostics, balance } = parse(next);
        const whole = { file, diagnostics, balance };
        if (again !== undefined) {
          reused++;
          expect(again).toEqual(whole);
        }
        tree = again ?? whole;
        text = next;
      }
    }),
    { numRuns: runs(60) },
  );
  expect(reused).toBeGreaterThan(150);
});

test('mistakes in other declarations stay where they are, and are not read again', () => {
  const fn = (name: string, body: string): string => `fn ${name}() {\n    ${body}\n}\n`;
  const broken = [
    fn('a', 'let x ='),
    fn('b', 'return'),
    fn('c', 'let y = 1'),
    fn('d', 'return'),
    fn('e', 'if {'),
  ];
  const text = `policy p for tracing\n${broken.join('')}`;
  const tree = parse(text);
  expect(tree.diagnostics.length).toBeGreaterThan(2);
  const typed = text.replace('let y = 1', 'let y = 1 +');
  const { file, diagnostics, balance } = parse(typed);
  expect(reparse(tree, text, typed)).toEqual({ file, diagnostics, balance });
  // A brace decides how all of them are read, and a line more what their messages say.
  const closed = parse(text);
  expect(reparse(closed, text, text.replace('let y = 1', 'let y = 1 }'))).toBeUndefined();
  expect(reparse(closed, text, text.replace('let y = 1', 'let y = 1\n'))).toBeUndefined();
});
