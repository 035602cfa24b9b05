import { ZSTDDecoder } from 'zstddec/stream';
import { DAMAGED, ZstdError } from './zstd-error.ts';

/** What libzstd exports (zstddec's src/zstddec-stream.ts). */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(size: number): number;
  free(at: number): void;
  /** Gives the size, or an error, which is no size. */
  ZSTD_decompress(to: number, room: number, from: number, packed: number): number;
  ZSTD_createDCtx(): number;
  ZSTD_freeDCtx(context: number): void;
  ZSTD_DStreamOutSize(): number;
  /** Takes a ZSTD_outBuffer and a ZSTD_inBuffer. Gives 0 where a frame is all there, or an error: its negated number. */
  ZSTD_decompressStream(context: number, out: number, from: number): number;
}

/** Unpacks `packed` to `size` bytes, `into` memory that has this size or else a copy; undefined: it is damaged. */
export type Decode = (packed: Uint8Array, size: number, into?: Uint8Array) => Uint8Array | undefined;

/** Unpacks a stream bit by bit. */
export interface Stream {
  /**
   * What comes of the next bytes, in parts that each have to be done with before the next is asked for. Throws a ZstdError
   * where the data is damaged.
   */
  push(packed: Uint8Array): Iterable<Uint8Array>;
  /** No more comes: is that the end of a frame? */
  ends(): boolean;
  free(): void;
}

export interface Libzstd {
  readonly decode: Decode;
  readonly stream: () => Stream;
}

let loading: Promise<Libzstd> | undefined;

/**
 * libzstd as WebAssembly, loaded once. The package's own `decode` makes memory for each part that it unpacks, which has
 * to be cleared first and collected later. So its exports are called here.
 */
export function loadLibzstd(): Promise<Libzstd> {
  return (loading ??= load());
}

async function load(): Promise<Libzstd> {
  const decoder = new ZSTDDecoder();
  const started = decoder._init;
  let exports: Exports | undefined;
  decoder._init = (result) => {
    started(result);
    exports = result.instance.exports as unknown as Exports;
  };
  await initialised(decoder);
  if (!exports) throw new Error('zstddec was loaded by another module');
  const zstd = exports;
  return {
    decode: (packed, size, into) => decodeWith(zstd, packed, size, into),
    stream: () => streamWith(zstd),
  };
}

/**
 * Starts `decoder` without `fetch`, of which it would have a data: URL. Node loads all of its HTTP client for that,
 * some 80 ms, and the answer takes a buffer away from its owner: from the first time on that this happens, V8 asks at
 * each access of any typed array whether its buffer is still there, a tenth of the time that reading a trace takes.
 */
function initialised(decoder: ZSTDDecoder): Promise<void> {
  const { fetch } = globalThis;
  try {
    Reflect.set(globalThis, 'fetch', undefined);
    return decoder.init();
  } finally {
    Reflect.set(globalThis, 'fetch', fetch);
  }
}

function decodeWith(zstd: Exports, packed: Uint8Array, size: number, into?: Uint8Array) {
  const from = zstd.malloc(Math.max(packed.length, 1));
  const to = zstd.malloc(Math.max(size, 1));
  try {
    if (from === 0 || to === 0) return undefined;
    new Uint8Array(zstd.memory.buffer, from, packed.length).set(packed);
    if (zstd.ZSTD_decompress(to, size, from, packed.length) !== size) return undefined;
    // The memory may have grown, and has another buffer then.
    const unpacked = new Uint8Array(zstd.memory.buffer, to, size);
    if (into?.length !== size) return unpacked.slice();
    into.set(unpacked);
    return into;
  } finally {
    zstd.free(from);
    zstd.free(to);
  }
}

/** Errors, and the largest number of one (zstd_errors.h); a window is as much as is kept of what came before. */
const ERROR = { windowTooLarge: 16, most: 120 } as const;
const LARGE_WINDOW =
  'the zstd data needs more than 128 MB of memory; decompress it first with: zstd -d --long=31 FILE';
/** Three words: where, how much room, how much of it is used (zstd.h: ZSTD_inBuffer, ZSTD_outBuffer). */
const BUFFER = 12;

function streamWith(zstd: Exports): Stream {
  const room = zstd.ZSTD_DStreamOutSize();
  const context = zstd.ZSTD_createDCtx();
  const [target, out, from] = [room, BUFFER, BUFFER].map((size) => zstd.malloc(size)) as [
    number,
    number,
    number,
  ];
  // Memory of its own: that of libzstd goes elsewhere when it grows, for another stream perhaps.
  const part = Buffer.allocUnsafe(room);
  let left = 1;

  function* push(packed: Uint8Array): Iterable<Uint8Array> {
    const source = zstd.malloc(packed.length);
    try {
      new Uint8Array(zstd.memory.buffer, source, packed.length).set(packed);
      new Uint32Array(zstd.memory.buffer, from, 3).set([source, packed.length, 0]);
      for (let more = packed.length > 0; more;) {
        new Uint32Array(zstd.memory.buffer, out, 3).set([target, room, 0]);
        left = zstd.ZSTD_decompressStream(context, out, from);
        if (left < 0 && left > -ERROR.most)
          throw new ZstdError(left === -ERROR.windowTooLarge ? LARGE_WINDOW : DAMAGED);
        const filled = new Uint32Array(zstd.memory.buffer, out, 3)[2]!;
        const taken = new Uint32Array(zstd.memory.buffer, from, 3)[2]!;
        part.set(new Uint8Array(zstd.memory.buffer, target, filled));
        if (filled > 0) yield part.subarray(0, filled);
        more = taken < packed.length || (filled === room && left !== 0);
      }
    } finally {
      zstd.free(source);
    }
  }

  return {
    push,
    ends: () => left === 0,
    free: () => {
      zstd.ZSTD_freeDCtx(context);
      for (const memory of [target, out, from]) zstd.free(memory);
    },
  };
}
