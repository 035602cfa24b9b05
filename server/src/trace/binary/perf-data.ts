import type { TraceResult } from '../columns.ts';
import { isThreadId } from '../task-table.ts';
import { ByteReader, type ByteSource, Malformed, memorySource, viewOf } from './bytes.ts';
import type { Block } from './decode.ts';
import { type PerfHead, readPerfHead, readTracingData } from './perf-head.ts';
import { type PerfAttr, idPlace, rawPlace, readAttr, timeFromEnd } from './perf-sample.ts';
import { Records } from './records.ts';
import type { Unpack } from './unpack.ts';

/** Types of records (include/uapi/linux/perf_event.h, tools/lib/perf/include/perf/event.h). */
const RECORD = {
  lost: 2,
  comm: 3,
  fork: 7,
  sample: 9,
  lostSamples: 13,
  headerAttr: 64,
  tracingData: 66,
  auxTrace: 71,
  compressed: 81,
  compressed2: 83,
} as const;

/** What was asked last is remembered in so many places. */
const RECENT = 1024;
/** Bytes that a sample of an event of the scheduler has at least, about. */
const USUAL_SAMPLE = 100;
/** Read at a time, little enough to stay in a CPU's cache; a record has at most 64 KB. */
const CHUNK = 256 * 1024;
/** Bytes that a compressed record stands for at most: perf compresses a part of a ring buffer at a time. */
const MOST_UNPACKED = 64 * 1024 * 1024;
const NO_SAMPLES =
  'there are no samples of tracepoints in it; record with: perf sched record, or perf record -a -e sched:* -e kvm:*';
const NO_FORMATS = 'the descriptions of its events are missing: perf was killed before it could write them';

/**
 * Reads a perf.data: of a file or, as perf writes it into a pipe, without a table of contents. Ends where it has about
 * `most` events.
 */
export function readPerfData(source: ByteSource, unpack: Unpack, most = Infinity): TraceResult {
  try {
    return new PerfReader(source, readPerfHead(source), unpack).read(most);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { ok: false, error: { message: error.message, line: undefined, offset: error.offset } };
  }
}

class PerfReader {
  private readonly source: ByteSource;
  private readonly head: PerfHead;
  private readonly unzstd: (packed: Uint8Array) => Uint8Array[] | undefined;
  private readonly comms = new Map<number, string>();
  private readonly groups = new Map<number, number>();
  private readonly records: Records;
  private readonly little: boolean;
  private block: Block = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) };
  /** In the file, of the block's first byte. */
  private blockOffset = 0;
  /** The record in a sample. */
  private readonly found = { block: this.block, at: 0, length: 0, time: NaN, cpu: 0, offset: 0 };
  private idAt = -1;
  private hasFormats = false;
  /** Attributes by the low bits of ids, as last asked for, two words each: ids are numbered one after the other. */
  private readonly recentIds = new Uint32Array(2 * RECENT);
  private readonly recentAttrs = Array.from<PerfAttr | undefined>({ length: RECENT });
  /** Threads and their groups as last seen, by the low bits of the thread. */
  private readonly recentGroups = new Int32Array(2 * RECENT).fill(-1);
  /** What was unpacked and is not a whole record yet. */
  private unpacked = new Uint8Array(0);
  /** Time of the first sample, in two halves. */
  private baseHigh = -1;
  private baseLow = 0;

  constructor(source: ByteSource, head: PerfHead, unpack: Unpack) {
    this.source = source;
    this.head = head;
    this.little = head.little;
    this.unzstd = unpack.zstdStream(MOST_UNPACKED);
    this.records = new Records(head.little, this.comms);
    this.addFormats(head.formats);
    this.idAt = idPlace(head.attrs);
  }

  read(most: number): TraceResult {
    const { head, source, records } = this;
    const { collected } = records;
    collected.cpus = head.cpus;
    const end = Math.min(head.offset + head.size, source.size);
    if (head.offset + head.size > source.size) this.skip('the file ends before its records do', source.size);
    let at = head.offset;
    const buffer = new Uint8Array(CHUNK);
    collected.columns.reserve(Math.min(most, Math.ceil((end - at) / USUAL_SAMPLE)));
    while (at < end && collected.total < most) {
      this.setBlock(source.read(at, Math.min(CHUNK, end - at), buffer), at);
      const used = this.readBlock(true);
      if (used === 0) {
        this.skip('a record cannot be: what follows it is left out', at);
        break;
      }
      at += used;
    }
    if (collected.total === 0) return this.nothing();
    for (const [tid, tgid] of this.groups) if (collected.tasks.has(tid)) collected.tasks.group(tid, tgid);
    return { ok: true, trace: collected.trace('perf.data', head.attrs[0]?.clock ?? 'unknown') };
  }

  private nothing(): TraceResult {
    const note = this.records.collected.notes.list()[0];
    const message = note?.message ?? (this.hasFormats ? NO_SAMPLES : NO_FORMATS);
    return { ok: false, error: { message, line: undefined, offset: note?.offset ?? this.head.offset } };
  }

  private setBlock(bytes: Uint8Array, offset: number): void {
    this.block = { bytes, view: viewOf(bytes) };
    this.found.block = this.block;
    this.blockOffset = offset;
  }

  private addFormats(formats: readonly string[]): void {
    for (const format of formats) this.records.addFormat(format);
    this.hasFormats ||= formats.length > 0;
  }

  private skip(message: string, offset: number): void {
    this.records.collected.skip(message, undefined, offset);
  }

  /** Reads the whole records of the block; gives how many bytes they have, with what belongs to them behind it. */
  private readBlock(outer: boolean): number {
    const { block, little } = this;
    const { view, bytes } = block;
    let at = 0;
    while (at + 8 <= bytes.length) {
      const type = view.getUint32(at, little);
      const size = view.getUint16(at + 6, little);
      if (size < 8) return at;
      if (at + size > bytes.length) break;
      if (type === RECORD.sample) this.readSample(at + 8, at + size);
      else if (type === RECORD.compressed || type === RECORD.compressed2) {
        if (!outer) return at;
        const offset = this.blockOffset;
        this.readCompressed(at, size, type === RECORD.compressed ? 8 : 16);
        this.block = block;
        this.found.block = block;
        this.blockOffset = offset;
      } else {
        const behind = this.readOther(type, at, size);
        if (behind > 0) return at + size + behind;
      }
      at += size;
    }
    return at;
  }

  private readSample(from: number, to: number): void {
    const { head, little, records, block, found } = this;
    const { view } = block;
    const attr = this.attrAt(from, to);
    const offset = this.blockOffset + from - 8;
    if (!attr || from + attr.tail > to) {
      this.skip('a sample is of no event that the file describes', offset);
      return;
    }
    if (!attr.isTracepoint || attr.time < 0 || attr.cpu < 0) return;
    const raw = rawPlace(view, from, to, attr, little);
    if (raw < 0) {
      this.skip('a sample has no record of its event', offset);
      return;
    }
    const time = this.timeAt(from + attr.time);
    const cpu = view.getUint32(from + attr.cpu, little);
    if (cpu > 0x7fff || Math.abs(time) > Number.MAX_SAFE_INTEGER) {
      this.skip('a sample has a CPU or a time that cannot be', offset);
      return;
    }
    found.at = raw + 4;
    found.length = view.getUint32(raw, little);
    found.time = time;
    found.cpu = cpu;
    found.offset = offset;
    records.take(found);
    if (attr.tid >= 0) {
      const tid = view.getInt32(from + attr.tid + 4, little);
      const group = view.getInt32(from + attr.tid, little);
      if (group > 0) this.sawGroup(tid, group);
    }
    if (head.cpus > 0 && cpu >= head.cpus) records.collected.cpus = Math.max(records.collected.cpus, cpu + 1);
  }

  private attrAt(from: number, to: number): PerfAttr | undefined {
    const { head, idAt, little } = this;
    if (idAt < 0 || from + idAt + 8 > to) return head.attrs[0];
    const { view } = this.block;
    const [first, second] = [view.getUint32(from + idAt, little), view.getUint32(from + idAt + 4, little)];
    const slot = (little ? first : second) & (RECENT - 1);
    const { recentIds, recentAttrs } = this;
    const attr = recentAttrs[slot];
    if (attr && recentIds[2 * slot] === first && recentIds[2 * slot + 1] === second) return attr;
    recentIds[2 * slot] = first;
    recentIds[2 * slot + 1] = second;
    return (recentAttrs[slot] = head.ids.get(this.number(from + idAt)));
  }

  /** 64 bits that are small. */
  private number(at: number): number {
    const { little } = this;
    const { view } = this.block;
    const [low, high] = little ? [at, at + 4] : [at + 4, at];
    return view.getUint32(high, little) * 2 ** 32 + view.getUint32(low, little);
  }

  /** ns since the first sample. */
  private timeAt(at: number): number {
    const { little } = this;
    const { view } = this.block;
    const high = view.getUint32(little ? at + 4 : at, little);
    const low = view.getUint32(little ? at : at + 4, little);
    if (this.baseHigh < 0) {
      this.baseHigh = high;
      this.baseLow = low;
      const base = (BigInt(high) << 32n) | BigInt(low);
      this.records.collected.columns.setBase(Number(base / 1_000_000_000n), Number(base % 1_000_000_000n));
    }
    return (high - this.baseHigh) * 2 ** 32 + (low - this.baseLow);
  }

  /** Reads a record that is no sample; gives how many bytes behind it belong to it. */
  private readOther(type: number, at: number, size: number): number {
    const { little, block } = this;
    const { view } = block;
    switch (type) {
      case RECORD.lost:
        if (size >= 24)
          this.records.collected.sawLoss(this.number(at + 16), undefined, this.blockOffset + at);
        return 0;
      case RECORD.lostSamples:
        if (size >= 16) this.records.collected.sawLoss(this.number(at + 8), undefined, this.blockOffset + at);
        return 0;
      case RECORD.comm:
        if (size > 16) this.readComm(at, at + size);
        return 0;
      case RECORD.fork:
        if (size >= 24) this.sawGroup(view.getInt32(at + 16, little), view.getInt32(at + 8, little));
        return 0;
      case RECORD.headerAttr:
        if (this.head.piped) this.readHeaderAttr(at, size);
        return 0;
      case RECORD.tracingData:
        return size >= 12 ? this.readPipedFormats(at, size) : 0;
      case RECORD.auxTrace:
        return size >= 16 ? Math.min(this.number(at + 8), this.source.size) : 0;
      default:
        return 0;
    }
  }

  private sawGroup(tid: number, tgid: number): void {
    const slot = 2 * (tid & (RECENT - 1));
    if (this.recentGroups[slot] === tid && this.recentGroups[slot + 1] === tgid) return;
    this.recentGroups[slot] = tid;
    this.recentGroups[slot + 1] = tgid;
    if (isThreadId(tid) && isThreadId(tgid)) this.groups.set(tid, tgid);
  }

  private readComm(at: number, to: number): void {
    const { bytes, view } = this.block;
    const tid = view.getInt32(at + 12, this.little);
    this.sawGroup(tid, view.getInt32(at + 8, this.little));
    if (tid <= 0 || !isThreadId(tid)) return;
    let end = at + 16;
    while (end < to && bytes[end] !== 0) end++;
    this.comms.set(tid, new TextDecoder().decode(bytes.subarray(at + 16, end)));
    const [attr] = this.head.attrs;
    const { tasks } = this.records.collected;
    const fromEnd = attr ? timeFromEnd(attr) : 0;
    if (this.baseHigh < 0 || fromEnd === 0 || to - fromEnd < end || !tasks.has(tid)) return;
    tasks.now = this.timeAt(to - fromEnd);
    tasks.name(tid, this.block, at + 16, end);
  }

  private readHeaderAttr(at: number, size: number): void {
    const { attrs, ids } = this.head;
    const reader = new ByteReader(
      memorySource(this.block.bytes.subarray(at + 8, at + size)),
      0,
      this.blockOffset + at + 8,
    );
    reader.little = this.little;
    reader.skip(4);
    const attrSize = reader.u32();
    reader.at = 0;
    if (attrSize < 64) reader.fail('its attributes are too short');
    const attr = readAttr(reader, attrSize);
    attrs.push(attr);
    while (reader.left >= 8) ids.set(reader.u64(), attr);
    this.idAt = idPlace(attrs);
  }

  private readPipedFormats(at: number, size: number): number {
    const length = this.block.view.getUint32(at + 8, this.little);
    const from = this.blockOffset + at + size;
    const data = this.source.read(from, length);
    this.addFormats(readTracingData(new ByteReader(memorySource(data), 0, from)));
    return length;
  }

  /** Unpacks the record at `at` and reads what has come together. */
  private readCompressed(at: number, size: number, header: number): void {
    const offset = this.blockOffset + at;
    const blocks = this.unzstd(this.block.bytes.subarray(at + header, at + size));
    if (!blocks) {
      this.skip('its zstd data is damaged', offset);
      return;
    }
    const joined = join([this.unpacked, ...blocks]);
    this.setBlock(joined, offset);
    const used = this.readBlock(false);
    this.unpacked = joined.slice(used);
    if (this.unpacked.length > 2 * 65536) {
      this.skip('a record cannot be: what was unpacked with it is left out', offset);
      this.unpacked = new Uint8Array(0);
    }
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
