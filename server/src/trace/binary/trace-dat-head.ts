import type { Guest } from '../columns.ts';
import { ByteReader, type ByteSource, readAhead } from './bytes.ts';
import type { PageBlock } from './cpu-stream.ts';
import type { Unpack } from './unpack.ts';

/** What a trace.dat says before its events. */
export interface TraceDatHead {
  readonly version: 6 | 7;
  readonly little: boolean;
  readonly headerPage: string;
  /** Texts of `format` files. */
  readonly formats: readonly string[];
  /** `tid comm` lines. */
  readonly cmdlines: string;
  readonly cpus: number;
  /** Name of the clock in use; 'unknown' where the file does not say. */
  readonly clock: string;
  /** ns = cycles × mult / 2^shift, where the clock counts cycles. */
  readonly tsc: { readonly mult: bigint; readonly shift: bigint } | undefined;
  /** What the recorder said of its buffers, a text for each CPU. */
  readonly cpuStats: readonly string[];
  readonly buffers: readonly Buffer[];
  readonly guests: readonly Guest[];
}

export interface Buffer {
  /** Empty: the top one; else that of an instance. */
  readonly name: string;
  readonly pageSize: number;
  readonly cpus: readonly { readonly cpu: number; readonly offset: number; readonly size: number }[];
  readonly compression: Compression;
}

export type Compression = 'none' | 'zstd' | 'zlib';

/** Options (trace-cmd's Documentation/trace-cmd/trace-cmd.dat.v7.5.txt). */
export const OPTION = {
  done: 0,
  cpuStat: 2,
  buffer: 3,
  traceClock: 4,
  cpuCount: 8,
  guest: 13,
  tsc2nsec: 14,
  headerInfo: 16,
  ftraceFormats: 17,
  eventFormats: 18,
  cmdlines: 21,
} as const;

/** More of them than any machine has: the file is damaged. */
const MOST_CPUS = 0x8000;
const MOST_FORMATS = 100_000;
/** Nothing that is unpacked at once is larger. */
const LARGEST = 64 * 1024 * 1024;
const PAGES_AT_ONCE = 16;

/** `header_page` and `header_event`, whose text is not needed. */
export function readHeaderInfo(reader: ByteReader): string {
  if (reader.cstring() !== 'header_page') reader.fail('there is no header_page where it should be');
  const page = reader.text(reader.u64());
  if (reader.cstring() !== 'header_event') reader.fail('there is no header_event where it should be');
  reader.skip(reader.u64());
  return page;
}

export function readFtraceFormats(reader: ByteReader): string[] {
  return Array.from({ length: bounded(reader, MOST_FORMATS) }, () => reader.text(reader.u64()));
}

export function readEventFormats(reader: ByteReader): string[] {
  const formats: string[] = [];
  const systems = bounded(reader, MOST_FORMATS);
  for (let system = 0; system < systems; system++) {
    reader.cstring();
    const events = bounded(reader, MOST_FORMATS);
    for (let event = 0; event < events; event++) formats.push(reader.text(reader.u64()));
  }
  return formats;
}

export function readCpuCount(reader: ByteReader): number {
  return bounded(reader, MOST_CPUS);
}

function bounded(reader: ByteReader, most: number): number {
  const count = reader.u32();
  if (count > most) reader.fail(`a count of ${count} cannot be`);
  return count;
}

/** The clock in brackets of `local global [mono]`, or the only one. */
export function clockIn(text: string): string {
  return /\[([\w-]+)\]/.exec(text)?.[1] ?? (text.replaceAll('\0', '').trim() || 'unknown');
}

export function readTsc(reader: ByteReader): TraceDatHead['tsc'] {
  const mult = BigInt(reader.u32());
  const shift = BigInt(reader.u32());
  return mult > 0n && shift < 64n ? { mult, shift } : undefined;
}

/** A GUEST option: the name, the id of the guest's own trace, and the threads of the vCPUs. */
export function readGuest(reader: ByteReader): Guest {
  const name = reader.cstring();
  reader.skip(8);
  const count = bounded(reader, MOST_CPUS);
  return { name, vcpus: Array.from({ length: count }, () => ({ id: reader.u32(), tid: reader.u32() })) };
}

/**
 * Unpacks what follows in `reader`: its size packed, its size unpacked, the bytes. `into`: where to, if it has just
 * the size and what was there is not needed any more.
 */
export function readPacked(
  reader: ByteReader,
  compression: Compression,
  unpack: Unpack,
  into?: Uint8Array,
): Uint8Array {
  const [packed, size] = [reader.u32(), reader.u32()];
  if (size > LARGEST || packed > LARGEST) reader.fail('a compressed part is too large');
  const at = reader.offset;
  const bytes = reader.bytes(packed);
  const unpacked = compression === 'none' ? undefined : unpack[compression](bytes, size, into);
  if (unpacked?.length === size) return unpacked;
  reader.at -= packed;
  return reader.fail(`the ${compression} data is damaged (from byte ${at} on)`);
}

/** How many bytes the pages of a CPU have, about, as the file says. */
export function unpackedSize(
  source: ByteSource,
  { compression }: Buffer,
  { offset, size }: Buffer['cpus'][number],
  little: boolean,
): number {
  if (compression === 'none' || size < 12 || offset + 12 > source.size) return size;
  const reader = new ByteReader(source, offset);
  reader.little = little;
  const parts = reader.u32();
  reader.skip(4);
  return parts * reader.u32();
}

/** The pages of the CPU whose data begins at `offset`; `damaged` is told where they break off. */
export function pagesOf(
  source: ByteSource,
  buffer: Buffer,
  { offset, size }: { offset: number; size: number },
  little: boolean,
  unpack: Unpack,
  damaged: (message: string, offset: number) => void,
): () => PageBlock | undefined {
  if (buffer.compression !== 'none')
    return packedPages(source, buffer, { offset, size }, little, unpack, damaged);
  const end = Math.min(offset + size, source.size);
  if (offset + size > source.size && size > 0)
    damaged('the file ends before the data of this CPU', source.size);
  let at = offset;
  let memory: Uint8Array | undefined;
  return () => {
    if (at >= end) return undefined;
    memory ??= new Uint8Array(PAGES_AT_ONCE * buffer.pageSize);
    const bytes = source.read(at, Math.min(end - at, memory.length), memory);
    const block = { bytes, offset: at };
    at += bytes.length;
    return bytes.length > 0 ? block : undefined;
  };
}

function packedPages(
  source: ByteSource,
  { compression }: Buffer,
  { offset, size }: { offset: number; size: number },
  little: boolean,
  unpack: Unpack,
  damaged: (message: string, offset: number) => void,
): () => PageBlock | undefined {
  const reader = new ByteReader(readAhead(source), offset);
  reader.little = little;
  let left: number | undefined = size < 4 ? 0 : undefined;
  let memory: Uint8Array | undefined;
  return () => {
    try {
      left ??= reader.u32();
      if (left === 0 || reader.at >= offset + size) return undefined;
      left--;
      const at = reader.at;
      memory = readPacked(reader, compression, unpack, memory);
      return { bytes: memory, offset: at, packed: true };
    } catch (error) {
      left = 0;
      damaged(error instanceof Error ? error.message : String(error), reader.at);
      return undefined;
    }
  };
}
