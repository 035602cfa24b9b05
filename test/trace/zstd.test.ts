import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { describe, expect, test } from 'vitest';
import { memorySource } from '../../server/src/trace/binary/bytes.ts';
import { readTraceDat } from '../../server/src/trace/binary/trace-dat.ts';
import { ZstdFrames } from '../../server/src/trace/binary/zstd.ts';
import { unpack } from '../../server/src/trace/node/unpack.ts';
import { example, haveRecorded, recordedPath, textOf } from './support.ts';

const fixture = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(join(import.meta.dirname, '../fixtures/zstd', name)));
const TEXT = textOf(example('eevdf-3vm.trace.gz')).subarray(0, 30_000);
/** As `zstd --no-check -LEVEL` packs them. */
const FRAMES: readonly (readonly [name: string, content: Uint8Array])[] = [
  ['trace-1.zst', TEXT],
  ['trace-19.zst', TEXT],
  [
    'mixed.zst',
    Uint8Array.from({ length: 14_700 }, (_, i) => {
      if (i < 9000) return (i * i) % 7 < 5 ? 97 : 98 + (i % 23);
      if (i < 14_000) return 7;
      const at = i - 14_000;
      return (at * 7919 + at * at * 31) & 255;
    }),
  ],
];

const frames = new ZstdFrames();

describe.each(FRAMES)('%s', (name, content) => {
  const packed = fixture(name);

  test('gives back what was packed', () => {
    const out = new Uint8Array(content.length);
    expect(frames.decode(packed, out)).toBe(true);
    expect(Buffer.compare(out, content)).toBe(0);
  });

  test('is another decoder’s where the size is another', () => {
    for (const size of [0, 1, content.length - 1, content.length + 1])
      expect(frames.decode(packed, new Uint8Array(size))).toBe(false);
  });

  test('that is damaged ends, and leaves the decoder as it was', () => {
    const flips = fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(7)), { minLength: 1, maxLength: 4 });
    const out = new Uint8Array(content.length);
    fc.assert(
      fc.property(flips, fc.nat(packed.length), fc.boolean(), (all, length, cut) => {
        const damaged = cut ? packed.slice(0, length) : Uint8Array.from(packed);
        for (const [at, bit] of all) if (at < damaged.length) damaged[at]! ^= 1 << bit;
        frames.decode(damaged, out);
        expect(frames.decode(packed, out) && Buffer.compare(out, content) === 0).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});

test('frames of a dictionary, and several at once, are another decoder’s', () => {
  const packed = fixture('trace-1.zst');
  const withDictionary = Uint8Array.from(packed);
  withDictionary[4]! |= 1;
  expect(frames.decode(withDictionary, new Uint8Array(TEXT.length))).toBe(false);
  expect(frames.decode(Buffer.concat([packed, packed]), new Uint8Array(2 * TEXT.length))).toBe(false);
});

test.skipIf(!haveRecorded)('every part of a recorded trace.dat is what another decoder makes of it', () => {
  const file = readFileSync(recordedPath('host-6.18/kvm4.v7-zstd.dat'));
  let parts = 0;
  const result = readTraceDat(memorySource(file), {
    ...unpack,
    zstd: (packed, size) => {
      const out = new Uint8Array(size);
      expect(frames.decode(packed, out)).toBe(true);
      expect(Buffer.compare(out, decompress(packed))).toBe(0);
      parts++;
      return out;
    },
  });
  expect(result.ok).toBe(true);
  expect(parts).toBeGreaterThan(10);
});
