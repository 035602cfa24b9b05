import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { prepareZstd, unpack } from '../../server/src/trace/node/unpack.ts';
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
