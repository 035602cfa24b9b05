import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_KERNEL } from '../../server/src/semantics/kernel-view.ts';
import { check } from '../../server/src/semantics/check.ts';
import { parse } from '../../grammar/parser.ts';
import { runs } from '../support/runs.ts';
import { checked } from './support.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const samples = ['clean/', 'fixtures/'].flatMap((folder) =>
  readdirSync(at(folder)).map((name) => readFileSync(at(folder) + name, 'utf8')),
);

/** Words and signs that make trees of every kind when they are dropped into a policy. */
const PIECES = [
  '', ' ', '\n', '(', ')', '{', '}', '[', ']', '.', ',', ':', '?', '..', '=>', '->', '+', '-', '*', '/', '%', '<', '==',
  '&&', '||', '!', '~', '&', '|', '<<', '=', '+=', 'v', 'none', 'true', '0', '1', '5ms', '25%', '"x"', 'if let x = ',
  'match ', 'for i in ', 'max 3', 'return ', 'defer ', 'let ', 'var ', 'now()', 'v.vm', 'p99(', 'baseline', ' as u8',
  ' of rt', 'cpus(', 'state { a: u8 }', 'const A = A', 'fn f() { f() }', 'guest {', 'enum E { A = B }', '18446744073709551615',
  'ewma(1/8) of ', 'list of ', '_', 'x', 'policy ', 'scenario s {', 'log "{v}"', 'has ', '??', '@', '\u00e9',
]; // prettier-ignore

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(12),
  put: fc.constantFrom(...PIECES),
});

const mutated = fc
  .tuple(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 6 }))
  .map(([text, edits]) =>
    edits.reduce((t, { at: where, cut, put }) => {
      const start = Math.floor(where * t.length);
      return t.slice(0, start) + put + t.slice(start + cut);
    }, text),
  );

describe('check', () => {
  it('answers for any text, with spans inside of it', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        for (const { span, related, fixes } of checked(text).diagnostics) {
          const edits = fixes.flatMap((f) => f.edits.map((e) => e.span));
          const spans = [span, ...related.flatMap((r) => r.span ?? []), ...edits];
          const outside = spans.filter((s) => s.start < 0 || s.end < s.start || s.end > text.length);
          expect(outside).toEqual([]);
        }
      }),
      { numRuns: runs(200) },
    );
  });

  it('answers without any kernel', () => {
    for (const text of samples) expect(check(parse(text).file, EMPTY_KERNEL).file.kind).toBe('file');
  });

  it('gives the same answer twice', () => {
    for (const text of samples) expect(checked(text).diagnostics).toEqual(checked(text).diagnostics);
  });

  it('says that a text is nested too deeply, instead of overflowing', () => {
    const sum = Array.from({ length: 5000 }, () => '1').join(' + ');
    const { diagnostics } = checked(`policy deep for tracing\nconst A = ${sum}\n`);
    expect(diagnostics.map((d) => d.code)).toContain('PV3045');
  });

  it('stays silent about what the parser could not read', () => {
    const text = `policy gap for tracing
fn f(a: u64) { log "{a}" }
on tracepoint sched:sched_switch(p) {
    let x =
    if x. { }
    let y = 3 +
}
state vcpu { a: }
const C =
param p: u32 = in 3..
`;
    expect(checked(text).diagnostics.map((d) => d.code)).toEqual([]);
  });
});
