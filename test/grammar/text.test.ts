import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineIndex } from '../../grammar/index.ts';
import { changeOf } from '../../grammar/text.ts';

test('offsets and positions', () => {
  const index = new LineIndex('ab\ncd\r\n\re');
  expect(index.lineCount).toBe(4);
  expect(index.positionAt(0)).toEqual({ line: 0, character: 0 });
  expect(index.positionAt(3)).toEqual({ line: 1, character: 0 });
  expect(index.positionAt(7)).toEqual({ line: 2, character: 0 });
  expect(index.positionAt(99)).toEqual({ line: 3, character: 1 });
  expect(index.positionAt(-1)).toEqual({ line: 0, character: 0 });
  expect(index.offsetAt({ line: 1, character: 99 })).toBe(5);
  expect(index.offsetAt({ line: 9, character: 0 })).toBe(9);
  expect(index.offsetAt({ line: -1, character: 3 })).toBe(0);
  expect(index.lineEnd(0)).toBe(2);
  expect(index.lineEnd(1)).toBe(5);
  expect(index.lineStart(3)).toBe(8);
});

test('characters are UTF-16 units', () => {
  const index = new LineIndex('"😀"x\ny');
  expect(index.positionAt(4)).toEqual({ line: 0, character: 4 });
  expect(index.positionAt(6)).toEqual({ line: 1, character: 0 });
});

test('every offset survives the way there and back, but those inside \\r\\n', () => {
  const parts = fc.constantFrom('a', 'é', '😀', '\n', '\r\n', '\r');
  fc.assert(
    fc.property(fc.array(parts), (list) => {
      const text = list.join('');
      const index = new LineIndex(text);
      for (let at = 0; at <= text.length; at++) {
        if (text[at] === '\n' && text[at - 1] === '\r') continue;
        expect(index.offsetAt(index.positionAt(at))).toBe(at);
      }
    }),
  );
});

test('lines start behind each \\n, \\r\\n and \\r, whichever of them there are', () => {
  const ends = fc.constantFrom(['\n'], ['\r\n'], ['\n', '\r\n', '\r'], []);
  const texts = ends.chain((of) => fc.array(fc.constantFrom('a', 'é', ...of)).map((list) => list.join('')));
  fc.assert(
    fc.property(texts, (text) => {
      const index = new LineIndex(text);
      const starts = [0, ...[...text.matchAll(/\r\n|\r|\n/gu)].map((end) => end.index + end[0].length)];
      expect(Array.from({ length: index.lineCount }, (_, line) => index.lineStart(line))).toEqual(starts);
    }),
  );
});

test('a change is the shortest stretch that turns one text into the other', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '\n') });
  const long = fc
    .tuple(part, fc.nat(3000))
    .map(([text, times]) => (text === '' ? 'a' : text).repeat(times % 700));
  fc.assert(
    fc.property(long, part, part, long, (before, gone, come, after) => {
      const [older, newer] = [before + gone + after, before + come + after];
      const { start, end, delta } = changeOf(older, newer);
      expect(older.slice(0, start) + newer.slice(start, end + delta) + older.slice(end)).toBe(newer);
      // Neither end can be moved inwards.
      const fits = end > start && end + delta > start;
      expect(fits && older[start] === newer[start]).toBe(false);
      expect(fits && older[end - 1] === newer[end + delta - 1]).toBe(false);
    }),
  );
});
