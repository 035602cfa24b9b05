import type { TraceResult } from '../columns.ts';
import { REFUSALS } from '../other-lines.ts';
import { ByteReader, type ByteSource, Malformed, viewOf } from './bytes.ts';
import { CpuStream, type StreamEvents } from './cpu-stream.ts';
import { mergeStreams } from './merge.ts';
import { pageLayout } from './page-layout.ts';
import { Records } from './records.ts';
import { type Buffer, type TraceDatHead, pagesOf, unpackedSize } from './trace-dat-head.ts';
import { readHeadV6 } from './trace-dat-v6.ts';
import { readHeadV7 } from './trace-dat-v7.ts';
import type { Unpack } from './unpack.ts';

/** Clocks that do not count nanoseconds. */
export const NO_TIME = /^(?:x86-tsc|ppc-tb|counter|uptime)$/;
/** Bytes that an event of the scheduler has at least in a page, about. */
const USUAL_EVENT = 48;
/** Pages are not packed into less than a part of so many. */
const MOST_PACKED = 64;
const NO_EVENTS = 'there are no events in it';

/** Reads a trace.dat, as trace-cmd writes it, of version 6 or 7; of its events the first `most`. */
export function readTraceDat(source: ByteSource, unpack: Unpack, most = Infinity): TraceResult {
  try {
    return readEvents(source, readHead(source, unpack), unpack, most);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return refused(error.message, error.offset);
  }
}

function refused(message: string, offset: number): TraceResult {
  return { ok: false, error: { message, line: undefined, offset } };
}

function readHead(source: ByteSource, unpack: Unpack): TraceDatHead {
  const reader = new ByteReader(source, 10);
  const version = reader.cstring();
  reader.little = reader.u8() === 0;
  reader.u8();
  const pageSize = reader.u32();
  if (version === '6') return readHeadV6(source, reader, pageSize);
  if (version === '7') return readHeadV7(source, reader, unpack);
  return reader.fail(`it is a trace.dat of version ${version}; 6 and 7 are known`);
}

function readEvents(source: ByteSource, head: TraceDatHead, unpack: Unpack, most: number): TraceResult {
  if (NO_TIME.test(head.clock) && !head.tsc)
    return refused(`its clock is ${head.clock}: ${REFUSALS.cycles}`, 0);
  const { data } = pageLayout(head.headerPage, head.little);
  for (const { pageSize } of head.buffers)
    if (pageSize < data + 4 || pageSize > 1 << 20) return refused(`a page size of ${pageSize} cannot be`, 0);
  const records = new Records(head.little, commsIn(head.cmdlines));
  for (const format of head.formats) records.addFormat(format);
  const { collected } = records;
  collected.cpus = head.cpus;
  const events: StreamEvents = {
    lost: (count, offset) => collected.sawLoss(count, undefined, offset),
    damaged: (message, offset) => collected.skip(message, undefined, offset),
  };
  const bytes = Math.min(pageBytes(source, head), MOST_PACKED * source.size);
  collected.columns.reserve(Math.min(most, Math.ceil(bytes / USUAL_EVENT)));
  const base = baseOf(source, head, unpack);
  const toNs = converter(head, base);
  const start = toNs.base;
  collected.columns.setBase(Number(start / 1_000_000_000n), Number(start % 1_000_000_000n));
  records.nsPerTick = toNs.scale;
  mergeStreams(streamsOf(source, head, unpack, base, events), (stream) => records.take(stream), most);
  const first = collected.notes.list()[0];
  if (collected.total === 0) return refused(first?.message ?? NO_EVENTS, first?.offset ?? source.size);
  if (head.cpuStats.some(wasOverwritten) && collected.lost === 0) collected.sawOverwritten(undefined, 0);
  const trace = collected.trace(`trace.dat-v${head.version}`, head.clock);
  return { ok: true, trace: head.guests.length > 0 ? { ...trace, guests: head.guests } : trace };
}

function pageBytes(source: ByteSource, head: TraceDatHead): number {
  let bytes = 0;
  for (const buffer of head.buffers)
    for (const place of buffer.cpus) bytes += unpackedSize(source, buffer, place, head.little);
  return bytes;
}

/** Time of the first page of all CPUs. */
function baseOf(source: ByteSource, head: TraceDatHead, unpack: Unpack): bigint {
  const layout = pageLayout(head.headerPage, head.little);
  let base: bigint | undefined;
  for (const buffer of head.buffers) {
    for (const place of buffer.cpus) {
      const page = pagesOf(source, buffer, place, head.little, unpack, () => undefined)()?.bytes;
      if (!page || page.length < layout.data) continue;
      const time = viewOf(page).getBigUint64(layout.timestamp, layout.little);
      if (base === undefined || time < base) base = time;
    }
  }
  return base ?? 0n;
}

/** How to get ns from what the clock counts. */
function converter({ clock, tsc }: TraceDatHead, base: bigint): { base: bigint; scale: number } {
  if (!tsc || !NO_TIME.test(clock)) return { base, scale: 1 };
  return { base: (base * tsc.mult) >> tsc.shift, scale: Number(tsc.mult) / 2 ** Number(tsc.shift) };
}

function streamsOf(
  source: ByteSource,
  head: TraceDatHead,
  unpack: Unpack,
  base: bigint,
  events: StreamEvents,
): CpuStream[] {
  const layout = pageLayout(head.headerPage, head.little);
  return head.buffers.flatMap((buffer) => {
    const { pageSize } = buffer;
    return buffer.cpus.filter(inRange).map((place) => {
      const pages = pagesOf(source, buffer, place, head.little, unpack, events.damaged);
      return new CpuStream(place.cpu, pages, pageSize, layout, base, events);
    });
  });
}

function inRange({ cpu, size }: Buffer['cpus'][number]): boolean {
  return size > 0 && cpu <= 0x7fff;
}

/** Did the recorder's buffer overflow? It keeps the last events then. */
function wasOverwritten(text: string): boolean {
  return Number(/^overrun: (\d+)/m.exec(text)?.[1] ?? 0) > 0;
}

/** Names by thread id from lines `tid comm`. */
export function commsIn(text: string): Map<number, string> {
  const comms = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [, tid, comm] = /^\s*(\d+)[ \t](.+)$/.exec(line) ?? [];
    if (tid !== undefined && comm !== undefined && !comm.startsWith('<')) comms.set(Number(tid), comm);
  }
  return comms;
}
