import * as zlib from 'node:zlib';
import { Decompress, decompress } from 'fzstd';
import type { Unpack } from '../binary/unpack.ts';

type Unzstd = (packed: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** Node's own from 22.15 on, which is several times faster. */
const native = (zlib as { zstdDecompressSync?: Unzstd }).zstdDecompressSync;

/** Decompresses with Node's zlib, and zstd where that has none with fzstd. */
export const unpack: Unpack = {
  zlib: (packed, size) => attempt(() => zlib.inflateSync(packed, { maxOutputLength: Math.max(size, 1) })),
  zstd: (packed, size, into) =>
    attempt(() => {
      if (native) return native(packed, { maxOutputLength: Math.max(size, 1) });
      const memory = into?.length === size ? into : target(size);
      // What it gives is a view of the memory, of as much as it filled.
      return decompress(packed, memory).length === size ? memory : undefined;
    }),
  inflate: (packed, most) => attempt(() => zlib.inflateSync(packed, { maxOutputLength: most })),
  zstdStream() {
    let ready: Uint8Array[] = [];
    const stream = new Decompress((block) => void ready.push(block));
    return (packed) =>
      attempt(() => {
        ready = [];
        stream.push(Uint8Array.from(packed));
        return ready;
      });
  },
};

/**
 * What fzstd is to fill. It compares what it is given with a number, which makes a text of all the bytes first but
 * where the array has a value of its own: most of the time went there.
 */
function target(size: number): Uint8Array {
  return Object.assign(new Uint8Array(size), { valueOf: () => 0 });
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** The zstd data breaks off or is damaged. */
export class ZstdError extends Error {}

/** Decompresses `chunks` of zstd data bit by bit. */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  let ready: Uint8Array[] = [];
  const stream = new Decompress((block) => void ready.push(block));
  for await (const chunk of chunks) {
    pushed(stream, Uint8Array.from(chunk), false);
    yield* ready;
    ready = [];
  }
  pushed(stream, new Uint8Array(0), true);
  yield* ready;
  return undefined;
}

function pushed(stream: Decompress, chunk: Uint8Array, last: boolean): void {
  try {
    stream.push(chunk, last);
  } catch {
    throw new ZstdError(last ? 'the zstd data ends too early' : 'the zstd data is damaged');
  }
}
