import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteStrings } from '../../server/src/trace/byte-strings.ts';
import { runs } from '../support/runs.ts';

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

test('the same bytes have the same number, and no others', () => {
  // Few letters, so that strings differ in one place only, and some are equal.
  const letters = fc.array(fc.constantFrom(0x61, 0x62), { maxLength: 18 });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 400 }), fc.nat({ max: 3 }), (all, offset) => {
      const strings = new ByteStrings();
      const numbers = new Map<string, number>();
      for (const string of all) {
        const bytes = Uint8Array.from([...Array<number>(offset).fill(0x2a), ...string, 0x0a]);
        const text = String.fromCharCode(...string);
        const number = strings.intern(bytes, viewOf(bytes), offset, offset + string.length);
        expect(number).toBe(numbers.get(text) ?? numbers.size);
        numbers.set(text, number);
        for (const [other, index] of numbers) {
          expect(strings.equals(index, bytes, viewOf(bytes), offset, offset + string.length)).toBe(
            other === text,
          );
        }
      }
      expect(strings.texts()).toEqual([...numbers.keys()]);
    }),
    { numRuns: runs(30) },
  );
});

test('there may be many', () => {
  const strings = new ByteStrings();
  for (const round of [1, 2]) {
    for (let i = 0; i < 20_000; i++) {
      const bytes = new TextEncoder().encode(`task-${i}\n`);
      const number = strings.intern(bytes, viewOf(bytes), 0, bytes.length - 1);
      if (number !== i) throw new Error(`task-${i} has the number ${number} in round ${round}`);
    }
  }
  expect(strings.text(19_999)).toBe('task-19999');
});
