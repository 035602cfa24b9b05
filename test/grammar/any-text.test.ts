import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from '../../grammar/index.ts';
import type { Node } from '../../grammar/index.ts';
import { CONTEXTUAL_WORDS, RESERVED_WORDS, SIGN_TEXTS } from '../../grammar/tokens.ts';
import { walk } from '../../grammar/walk.ts';
import { runs } from '../support/runs.ts';
import { HEADER, SAMPLES } from './support.ts';

/** Parses any text and checks what always holds of a tree and its diagnostics. */
function checked(text: string): ReturnType<typeof parse> {
  const result = parse(text);
  const inside = ({ span }: Pick<Node, 'span'>): boolean =>
    span.start >= 0 && span.start <= span.end && span.end <= text.length;
  walk(result.file, (node) => {
    if (!inside(node)) throw new Error(`${node.kind} at ${JSON.stringify(node.span)} of ${text.length}`);
  });
  for (const d of result.diagnostics) {
    if (!inside(d)) throw new Error(`${d.code} at ${JSON.stringify(d.span)} of ${text.length}`);
    if (/undefined|NaN/.test(d.message)) throw new Error(d.message);
  }
  return result;
}

const token = fc.oneof(
  fc.constantFrom(...RESERVED_WORDS, ...CONTEXTUAL_WORDS, ...SIGN_TEXTS),
  fc.constantFrom('\n', '\n', ' ', '{', '}', '(', ')', 'x', 'y', '1', '2ms', '25%', '0.3', '"t"', '"a {x}"'),
  fc.constantFrom(
    '/// doc\n',
    '// c\n',
    '/* c */',
    '"',
    '/*',
    'é',
    '\t',
    '1.2.3',
    '99999999999999999999',
    '_',
  ),
);
const soup = fc.array(token, { maxLength: 80 }).map((list) => list.join(' '));

describe('any text yields a tree', () => {
  test('arbitrary characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void checked(text)),
      {
        numRuns: runs(500),
      },
    );
  });

  test('tokens in any order', () => {
    fc.assert(
      fc.property(soup, (text) => {
        checked(text);
        checked(`${HEADER}on init {\n${text}\n}\n`);
        checked(`${HEADER}scenario s {\n${text}\n}\n`);
      }),
      { numRuns: runs(1000) },
    );
  });

  describe.each(SAMPLES)('%s', (_, text) => {
    test('has no mistake', () => expect(parse(text).diagnostics).toEqual([]));

    test('every prefix', () => {
      for (let end = 0; end <= text.length; end++) checked(text.slice(0, end));
    });

    test('every token left out: one mistake is one message, but for a few braces', () => {
      const counts: number[] = [];
      for (const { image, startOffset } of parse(text).tokens) {
        const broken = text.slice(0, startOffset) + text.slice(startOffset + image.length);
        counts.push(checked(broken).diagnostics.length);
      }
      const many = counts.filter((n) => n > 1);
      expect(many.length / counts.length).toBeLessThan(0.05);
      expect(Math.max(...counts)).toBeLessThanOrEqual(5);
    });

    test('every token twice', () => {
      for (const { image, startOffset } of parse(text).tokens) {
        checked(`${text.slice(0, startOffset)}${image} ${text.slice(startOffset)}`);
      }
    });
  });
});

describe('huge texts end, with few messages', () => {
  const repeated = (part: string, length: number): string => part.repeat(Math.ceil(length / part.length));

  test.each(['{', '(', '-', 'a.a.'])('10 MB of %j', (part) => {
    const { diagnostics } = checked(`${HEADER}on init {\n    x = ${repeated(part, 10_000_000)}`);
    expect(diagnostics.length).toBeLessThanOrEqual(4);
    expect(diagnostics.at(-1)?.code).toBe('PV1027');
  });

  test.each(['[', '!', '}', ')', 'a+', 'f(', 'a?b:', 'é', '1', '"', '/*', '\n', 'if x {} else '])(
    '100 kB of %j in an expression',
    (part) => {
      const { diagnostics } = checked(`${HEADER}on init {\n    x = ${repeated(part, 100_000)}`);
      expect(diagnostics.length).toBeLessThanOrEqual(4);
    },
  );

  test.each(['on init {', 'guest {', 'if a {\n', 'match a { 1 => {', 'x\n', '"\\q" ', 'if x {} else '])(
    '100 kB of %j in a block',
    (part) => {
      const { diagnostics } = checked(`${HEADER}on init {\n${repeated(part, 100_000)}`);
      expect(diagnostics.length).toBeLessThanOrEqual(501);
    },
  );

  test.each(['on init {', 'if a {', 'match a { 1 => {'])(
    '50 kB of %j on one line, all closed again',
    (part) => {
      const opened = repeated(part, 50_000);
      const closed = '}'.repeat(opened.match(/\{/gu)?.length ?? 0);
      const { diagnostics } = checked(`${HEADER}on init { ${opened}${closed} }\n`);
      expect(diagnostics.length).toBeLessThanOrEqual(501);
    },
  );

  test('nesting up to the limit is read, beyond it the rest of the file is not', () => {
    const nested = (n: number): string =>
      `${HEADER}const a = ${'('.repeat(n)}1${')'.repeat(n)}\nconst b = 1\n`;
    expect(checked(nested(90)).diagnostics).toEqual([]);
    expect(checked(nested(200)).diagnostics.map((d) => d.code)).toEqual(['PV1013']);
  });
});
