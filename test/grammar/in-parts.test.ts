import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish } from '../../grammar/in-parts.ts';
import { parseInParts } from '../../grammar/parse-in-parts.ts';
import { parse } from '../../grammar/parser.ts';
import { policyOfLines } from '../bench/policies.ts';
import { edits, texts } from '../support/edits.ts';
import { runs } from '../support/runs.ts';

const long = policyOfLines(1500);

test('a text that is read in parts gives the tree of the whole', () => {
  const parts = [...parseInParts(long)].length;
  expect(parts).toBeGreaterThan(2);
  fc.assert(
    fc.property(edits(4), (made) => {
      for (const text of [long, ...texts(long, made)]) {
        const { file, diagnostics, balance } = parse(text);
        expect(finish(parseInParts(text))).toMatchObject({ file, diagnostics, balance });
      }
    }),
    { numRuns: runs(8) },
  );
});

test.each([
  ['a comment that holds what looks like an end', (text: string) => `/*\n}\n*/${text}`],
  ['a comment without an end', (text: string) => text.replace('\n}\nfn calm_99', '\n}\n/*\nfn calm_99')],
  [
    'documentation of the next declaration',
    (text: string) => text.replaceAll('\n}\nfn', '\n}\n\n/// Doc.\nfn'),
  ],
  ['two headers', (text: string) => text.replace('\n}\nfn calm_99', '\n}\npolicy q for tracing\nfn calm_99')],
  ['a header too late', (text: string) => text.replace(/^.*\n/u, '')],
  [
    'a guest without indentation',
    (text: string) => text.replace('\nfn calm_9(', '\nguest {\nfn calm_9(') + '}\n',
  ],
  ['a character that is none', (text: string) => `${text}\0`],
  ['line ends of two characters', (text: string) => text.replaceAll('\n', '\r\n')],
])('with %s', (_, change) => {
  const text = change(long);
  const whole = parse(text);
  const { file, diagnostics, balance } = finish(parseInParts(text));
  expect({ file, diagnostics, balance }).toEqual({
    file: whole.file,
    diagnostics: whole.diagnostics,
    balance: whole.balance,
  });
});
