import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { diagnose } from './support.ts';

const texts = ['examples', 'examples/unsafe', 'examples/risky'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.pvpolicy'))
    .map((name) => readFileSync(`${folder}/${name}`, 'utf8')),
);

const PIECES = [
  '{',
  '}',
  '(',
  ')',
  'if ',
  'if let x = ',
  'for t in ',
  'defer ',
  'return',
  'p',
  'scx_bpf_dsq_insert(p',
  '\n',
];

/** A policy with a piece cut out and another put in, as it is while somebody types. */
const broken = fc
  .record({
    text: fc.constantFrom(...texts),
    at: fc.nat(3000),
    length: fc.nat(60),
    piece: fc.constantFrom('', ...PIECES),
  })
  .map(({ text, at, length, piece }) => {
    const start = at % text.length;
    return text.slice(0, start) + piece + text.slice(start + length);
  });

describe('a policy that is being typed', () => {
  it('is analysed without a crash, and every place that is named is in it', () => {
    fc.assert(
      fc.property(broken, (text) => {
        for (const { span, related } of diagnose(text)) {
          for (const place of [span, ...related.flatMap((one) => one.span ?? [])]) {
            expect(place.start).toBeGreaterThanOrEqual(0);
            expect(place.end).toBeLessThanOrEqual(text.length);
          }
        }
      }),
      { numRuns: runs(300) },
    );
  });
});
