import { ZSTDDecoder } from 'zstddec';

/** What libzstd exports (zstddec's src/types.ts). */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(size: number): number;
  free(at: number): void;
  /** Gives the size, or an error, which is no size. */
  ZSTD_decompress(to: number, room: number, from: number, packed: number): number;
}

/** Unpacks `packed` to `size` bytes, `into` memory that has this size or else a copy; undefined: it is damaged. */
export type Decode = (packed: Uint8Array, size: number, into?: Uint8Array) => Uint8Array | undefined;

let loading: Promise<Decode> | undefined;

/**
 * libzstd as WebAssembly, loaded once. The package's own `decode` makes memory for each part that it unpacks, which has
 * to be cleared first and collected later. So its exports are called here.
 */
export function loadLibzstd(): Promise<Decode> {
  return (loading ??= load());
}

async function load(): Promise<Decode> {
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
  return (packed, size, into) => decodeWith(zstd, packed, size, into);
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
