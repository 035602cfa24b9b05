import * as zlib from 'node:zlib';
import { Decompress, decompress } from 'fzstd';
import type { Unpack } from '../binary/unpack.ts';
import type { Decode, Stream } from './libzstd.ts';
import { DAMAGED, ZstdError } from './zstd-error.ts';

type Unzstd = (packed: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** Node's own from 22.15 on, which is several times faster. */
const native = (zlib as { zstdDecompressSync?: Unzstd }).zstdDecompressSync;

/** libzstd as WebAssembly, three times as fast as fzstd, where Node has none of its own and it was asked for. */
let compiled: Decode | undefined;
/** Bytes of packed data from which on it is worth the 4 ms that it takes to load. */
const WORTH = 128 * 1024;

/** To be called before so many bytes are unpacked. */
export async function prepareZstd(bytes: number): Promise<void> {
  if (native || compiled || bytes < WORTH) return;
  const { loadLibzstd } = await import('./libzstd.ts');
  compiled = (await loadLibzstd()).decode;
}

/** Decompresses with Node's zlib; zstd where that has none with libzstd, once it is there, or else with fzstd. */
export const unpack: Unpack = {
  zlib: (packed, size) => attempt(() => zlib.inflateSync(packed, { maxOutputLength: Math.max(size, 1) })),
  zstd: (packed, size, into) =>
    attempt(() => {
      if (native) return native(packed, { maxOutputLength: Math.max(size, 1) });
      if (compiled) return compiled(packed, size, into);
      const memory = into?.length === size ? into : target(size);
      // What it gives is a view of the memory, of as much as it filled.
      return decompress(packed, memory).length === size ? memory : undefined;
    }),
  inflate: (packed, most) => attempt(() => zlib.inflateSync(packed, { maxOutputLength: most })),
  zstdStream(most) {
    let ready: Uint8Array[] = [];
    let size = 0;
    const stream = new Decompress((block) => {
      ready.push(block);
      // A few bytes can stand for 128 KB each: it has to end while it is at it.
      if ((size += block.length) > most) throw new ZstdError('the zstd data has too much');
    });
    return (packed) =>
      attempt(() => {
        ready = [];
        size = 0;
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

/** Bytes that are decompressed at a time. */
const PIECE = 16 * 1024;

/**
 * Decompresses `chunks` of `size` bytes of zstd data bit by bit: each part has to be done with before the next is asked
 * for.
 */
export async function* unzstd(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, undefined> {
  const stream = size < WORTH ? smallStream() : (await (await import('./libzstd.ts')).loadLibzstd()).stream();
  try {
    // A little at a time: it may unpack to a thousand times as much.
    for await (const chunk of chunks)
      for (let at = 0; at < chunk.length; at += PIECE) yield* stream.push(chunk.subarray(at, at + PIECE));
    if (!stream.ends()) throw new ZstdError('the zstd data ends too early');
    return undefined;
  } finally {
    stream.free();
  }
}

/** The same with fzstd, for what is not worth loading libzstd. */
function smallStream(): Stream {
  let ready: Uint8Array[] = [];
  const stream = new Decompress((block) => void ready.push(block));
  return {
    push(packed) {
      ready = [];
      // It keeps what it has no use for yet.
      const own = Uint8Array.from(packed);
      if (!attempt(() => [stream.push(own, false)])) throw new ZstdError(DAMAGED);
      return ready;
    },
    ends: () => attempt(() => [stream.push(new Uint8Array(0), true)]) !== undefined,
    free: () => undefined,
  };
}
