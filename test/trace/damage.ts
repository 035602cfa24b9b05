import fc from 'fast-check';
import type { TraceResult } from '../../server/src/trace/columns.ts';
import { runs } from '../support/runs.ts';
import { checkSound } from './sound.ts';

/** Cuts `file`, flips its bits and moves its parts about, and checks what `read` makes of it. */
export function damage(file: Uint8Array, read: (file: Uint8Array) => TraceResult, times = 50): void {
  const check = (damaged: Uint8Array): void => checkSound(read(damaged), damaged.length);
  for (let part = 0; part < 40; part++) check(file.slice(0, Math.floor((file.length * part) / 40)));
  const place = fc.nat(file.length - 1);
  const flips = fc.array(fc.tuple(place, fc.nat(7)), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(flips, (all) => {
      const damaged = Uint8Array.from(file);
      for (const [byte, bit] of all) damaged[byte]! ^= 1 << bit;
      check(damaged);
    }),
    { numRuns: runs(times) },
  );
  fc.assert(
    fc.property(place, place, fc.nat(300), (from, to, length) => {
      const damaged = Uint8Array.from(file);
      damaged.set(file.subarray(from, Math.min(from + length, from + file.length - to)), to);
      check(damaged);
    }),
    { numRuns: runs(times) },
  );
}
