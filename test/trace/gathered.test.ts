import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Gathered } from '../../server/src/trace/binary/gathered.ts';
import { runs } from '../support/runs.ts';

const MB = 1024 * 1024;

test('gathered bytes are read as one piece of memory, also across its blocks', () => {
  const whole = Uint8Array.from({ length: 3 * MB + 77 }, (_, i) => (i * 2_654_435_761) >>> 24);
  const near = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -40, max: 40 }));
  const place = near.map(([block, off]) => Math.max(0, block * MB + off));
  const sizes = fc.array(fc.integer({ min: 1, max: MB + 99 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.array(fc.tuple(place, place, fc.boolean())), (pieces, reads) => {
      const gathered = new Gathered();
      for (let at = 0, piece = 0; at < whole.length; piece++) {
        const size = pieces[piece % pieces.length]!;
        gathered.append(whole.subarray(at, at + size));
        at += size;
      }
      expect(gathered.size).toBe(whole.length);
      for (const [offset, length, into] of reads) {
        const found = gathered.read(offset, length, into ? new Uint8Array(length) : undefined);
        expect(Buffer.compare(found, whole.subarray(offset, offset + length))).toBe(0);
      }
    }),
    { numRuns: runs(30) },
  );
});
