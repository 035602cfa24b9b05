import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { prepareZstd, unpack, unzstd } from '../../server/src/trace/node/unpack.ts';
import { runs } from '../support/runs.ts';

/** 2 KB of letters that zstd 1.5 packed into a block with literals and sequences (zstd -19). */
const PACKED = Buffer.from(
  'KLUv/WQAB9UPACaYPhGgPfDbLfx2S5SZGfr//39TAzkAOAA5AIoPIKzNdMYDlCYcNoGi9erxFHpa4UAgcJEG50W2WvJMkMhJgwNG+uLzFoFvXyKrFU/P9NUIbtLQQA/BWRSsx+OIFc81NzULVTmW+336TPyMpZ2JxOWApUGKrDyq1cPKfqbADITm4Bm3taif+fq1yUPzOrXj8aNY9pqbOrELoMRyv46ZM/GidHPjInEJxivDJI1JHnBY+ScCITEHTVt9B7KMNPFEww5uCHI+nHaEdt5x+bN0NA6VXLu9SCgBmjoLv0ozHD2CUcZDMClYNY+CZIBpq+8fGwh7ggfs4IYT5Pg7cJaBb6hxeSnJPnsGgeYoSQcxjrFDzQbpYIi7AWk/nQHTzjigzQE7ByKB1AY4g0NtttDNs3YHXfwg+4Xezbsv4pfPm/Ct8jauRxOoV+4NyFfuk3KM+nibXlHd7UWdAG45QR579npuGSO2liVm+KSmVyS/+Nxtbi/npap6WTDX5OFBivaKNuD00OTaar7ew8Y5l7IQHh6kaO/YHJw5lXTXvdvPCicts5M8fLTih6TvuaAmpVR/HC9yZ+R7cEzRaVa7ZUjWfkji8dB7ejo95N4S4q7Thlku7oENntZEYfVS4hdKK3apzdWN50Ty5ur70YTKD6difPJHRaK0H9QW268Cla3ztg==',
  'base64',
);
const size = 2048;
const letters = Uint8Array.from(
  { length: size },
  (_, i) => 97 + ((((i * 2_654_435_761) >>> 27) + (i % 7 === 0 ? (i * i) % 5 : 0)) % 26),
);

const same = (bytes: Uint8Array | undefined): boolean =>
  bytes !== undefined && Buffer.compare(bytes, letters) === 0;

/** What any decompressor of the three may make of it. */
function check(): void {
  expect(same(unpack.zstd(PACKED, size))).toBe(true);
  expect(same(unpack.zstd(PACKED, size, new Uint8Array(size)))).toBe(true);
  const place = fc.nat(PACKED.length - 1);
  fc.assert(
    fc.property(fc.array(fc.tuple(place, fc.nat(7)), { maxLength: 4 }), place, (flips, end) => {
      const damaged = Uint8Array.from(end % 2 === 0 ? PACKED : PACKED.subarray(0, end));
      for (const [at, bit] of flips) if (at < damaged.length) damaged[at]! ^= 1 << bit;
      expect(unpack.zstd(damaged, size)?.length ?? 0).toBeLessThanOrEqual(size);
      // One that is damaged leaves the next alone.
      expect(same(unpack.zstd(PACKED, size))).toBe(true);
    }),
    { numRuns: runs(300) },
  );
}

test('zstd is unpacked, and what is damaged is told, before and after the fast decompressor is there', async () => {
  check();
  const { fetch } = globalThis;
  const fetching = vi.spyOn(globalThis, 'fetch');
  await prepareZstd(Infinity);
  expect(fetching).not.toHaveBeenCalled();
  fetching.mockRestore();
  expect(globalThis.fetch).toBe(fetch);
  check();
});

/** Gives `bytes` in chunks of odd sizes, all in the same memory. */
async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array, undefined> {
  const memory = Buffer.alloc(50_021);
  for (let at = 0; at < bytes.length; at += memory.length) {
    const part = bytes.subarray(at, at + memory.length);
    memory.set(part);
    yield memory.subarray(0, part.length);
    memory.fill(0xff);
  }
  return undefined;
}

/** What comes of a stream, and the word that broke it off. */
async function streamed(packed: Uint8Array): Promise<{ readonly bytes: Buffer; readonly broke: string }> {
  const parts: Buffer[] = [];
  let broke = '';
  try {
    for await (const part of unzstd(chunked(packed), packed.length)) parts.push(Buffer.from(part));
  } catch (error) {
    broke = error instanceof Error ? error.message : 'something else';
  }
  return { bytes: Buffer.concat(parts), broke };
}

/** By fzstd, and by libzstd; two at a time must not be in each other's way. */
test.each([3, 400])('a stream of %d frames is unpacked as far as it goes', async (frames) => {
  const all = Buffer.concat(Array.from({ length: frames }, () => PACKED));
  const wanted = Buffer.concat(Array.from({ length: frames }, () => letters));
  const [whole, again] = await Promise.all([streamed(all), streamed(all)]);
  for (const { bytes, broke } of [whole, again]) {
    expect(broke).toBe('');
    expect(bytes.equals(wanted)).toBe(true);
  }
  const cut = await streamed(all.subarray(0, -10));
  expect(cut.broke).toBe('the zstd data ends too early');
  expect(cut.bytes.equals(wanted.subarray(0, cut.bytes.length))).toBe(true);
  expect(cut.bytes.length).toBeGreaterThanOrEqual((frames - 1) * size);
  const damaged = Buffer.from(all);
  damaged[(frames - 1) * PACKED.length] = 0;
  const before = await streamed(damaged);
  expect(before.broke).toBe('the zstd data is damaged');
  expect(before.bytes.equals(wanted.subarray(0, before.bytes.length))).toBe(true);
});

test('a stream that needs too much memory is told how to be unpacked', async () => {
  // A frame with a window of 2 GB (RFC 8878, 3.1.1.1.2).
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (31 - 10) << 3]);
  const { bytes, broke } = await streamed(Buffer.concat([head, Buffer.alloc(150_000)]));
  expect(bytes).toHaveLength(0);
  expect(broke).toMatch(/more than 128 MB .* zstd -d --long=31/);
});
