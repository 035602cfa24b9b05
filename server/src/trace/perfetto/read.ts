import { type ByteSource, Malformed, viewOf } from '../binary/bytes.ts';
import type { Unpack } from '../binary/unpack.ts';
import { Collector } from '../collector.ts';
import type { TraceResult } from '../columns.ts';
import { isThreadId } from '../task-table.ts';
import { Bundles } from './bundle.ts';
import { PACKET } from './messages.ts';
import { ProtoReader } from './protobuf.ts';

/** Read at a time; a packet that is larger is read alone. */
const CHUNK = 1024 * 1024;
/** Packets are some KB; what says that it is larger is damaged. */
const LARGEST = 64 * 1024 * 1024;
/** Of Trace: its packets. */
const PACKETS = 1;
const NO_EVENTS = 'there are no events of ftrace in it; record with the data source linux.ftrace';
const DAMAGED = 'a packet cannot be: it is left out';
const CUT = 'the file ends inside a packet';
/** Bytes of the tag of a field below 16 and of a length below 2^32. */
const LONGEST_HEAD = 6;
const encoder = new TextEncoder();

/** Reads a Perfetto trace: the events of ftrace in its packets, and the names of threads and processes. */
export function readPerfetto(source: ByteSource, unpack: Unpack): TraceResult {
  return new PacketReader(source, unpack).read();
}

class PacketReader {
  private readonly source: ByteSource;
  private readonly unpack: Unpack;
  private readonly collected = new Collector();
  private readonly bundles = new Bundles(this.collected);
  private readonly names = new Map<number, string>();
  private readonly groups = new Map<number, number>();

  constructor(source: ByteSource, unpack: Unpack) {
    this.source = source;
    this.unpack = unpack;
  }

  read(): TraceResult {
    const { source, collected } = this;
    const buffer = new Uint8Array(CHUNK);
    let at = 0;
    while (at < source.size) {
      const start = at;
      const chunk = source.read(start, Math.min(CHUNK, source.size - start), buffer);
      const { used, wanted } = this.readPackets(chunk, (place) => start + place, true);
      at += used;
      if (used > 0) continue;
      const reason =
        wanted === 0 || wanted > LARGEST ? DAMAGED : start + wanted > source.size ? CUT : undefined;
      if (reason !== undefined) {
        collected.skip(reason, undefined, start);
        break;
      }
      this.readPackets(source.read(start, wanted), () => start, true);
      at += wanted;
    }
    if (collected.total === 0) return this.nothing();
    this.addThreads();
    return { ok: true, trace: collected.trace('perfetto', this.bundles.clock ?? 'boot') };
  }

  private nothing(): TraceResult {
    const note = this.collected.notes.list()[0];
    return {
      ok: false,
      error: { message: note?.message ?? NO_EVENTS, line: undefined, offset: note?.offset ?? 0 },
    };
  }

  /**
   * Reads the whole packets in `bytes`, which are where `offsetOf` says: gives how many bytes they are, and how many
   * the next one has; 0: what is there is none.
   */
  private readPackets(bytes: Uint8Array, offsetOf: (at: number) => number, outer: boolean): Packets {
    let at = 0;
    while (at < bytes.length) {
      const head = headOf(bytes, at);
      if (!head && bytes.length - at >= LONGEST_HEAD) return { used: at, wanted: 0 };
      if (!head || head.end > bytes.length) return { used: at, wanted: (head?.end ?? bytes.length + 1) - at };
      if (head.field === PACKETS) this.readPacket(bytes, head.from, head.end, offsetOf(at), outer);
      at = head.end;
    }
    return { used: at, wanted: 0 };
  }

  private readPacket(bytes: Uint8Array, from: number, to: number, offset: number, outer: boolean): void {
    try {
      const packet = new ProtoReader(bytes, from, to);
      while (packet.next()) if (packet.isBlock) this.readPart(packet, offset, outer);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.collected.skip(DAMAGED, undefined, offset);
    }
  }

  private readPart(packet: ProtoReader, offset: number, outer: boolean): void {
    switch (packet.field) {
      case PACKET.bundle: {
        const { bytes, from, to } = packet;
        this.bundles.read(() => new ProtoReader(bytes, from, to), offset);
        return;
      }
      case PACKET.processTree:
        this.readTree(packet.message());
        return;
      case PACKET.cpuInfo:
        this.readCpus(packet.message());
        return;
      case PACKET.ftraceStats:
        this.readStats(packet.message(), offset);
        return;
      case PACKET.deflated:
      case PACKET.zstd:
        if (outer) this.readPacked(packet, offset);
    }
  }

  private readPacked({ field, bytes, from, to }: ProtoReader, offset: number): void {
    const packed = bytes.subarray(from, to);
    const blocks =
      field === PACKET.zstd ? this.unpack.zstdStream()(packed) : [this.unpack.inflate(packed, LARGEST)];
    const parts = blocks?.filter((block) => block !== undefined) ?? [];
    if (!blocks || parts.length < blocks.length) {
      this.collected.skip('compressed packets are damaged', undefined, offset);
      return;
    }
    const all = joined(parts);
    if (this.readPackets(all, () => offset, false).used < all.length)
      this.collected.skip(DAMAGED, undefined, offset);
  }

  private readTree(tree: ProtoReader): void {
    while (tree.next()) {
      if (!tree.isBlock || (tree.field !== 1 && tree.field !== 2)) continue;
      const isThread = tree.field === 2;
      let [id, group] = [-1, -1];
      let name: string | undefined;
      for (const one = tree.message(); one.next();) {
        if (one.field === 1 && !one.isBlock) id = one.int;
        if (one.field === 3 && !one.isBlock) group = one.int;
        if (isThread && one.field === 2 && one.isBlock) name = one.text();
      }
      if (!isThreadId(id) || id === 0) continue;
      // Writers that do not know the group of a thread tell the thread itself.
      if (isThreadId(group) && group > 0 && group !== id) this.groups.set(id, group);
      if (!isThread) this.groups.set(id, id);
      if (name !== undefined && name !== '') this.names.set(id, name);
    }
  }

  private readCpus(info: ProtoReader): void {
    let cpus = 0;
    while (info.next()) if (info.field === 1 && info.isBlock) cpus++;
    if (cpus <= 0x8000) this.collected.cpus = Math.max(this.collected.cpus, cpus);
  }

  /** Did buffers of the kernel overflow? The recorder empties them all the time, so that is a loss. */
  private readStats(stats: ProtoReader, offset: number): void {
    let atEnd = false;
    let overrun = 0;
    while (stats.next()) {
      if (stats.field === 1) atEnd = stats.low === 2;
      if (stats.field !== 2 || !stats.isBlock) continue;
      for (const cpu = stats.message(); cpu.next();) if (cpu.field === 3) overrun += cpu.uint;
    }
    if (atEnd && overrun > 0 && overrun <= 2 ** 40 && !this.collected.hasLosses)
      this.collected.sawLoss(overrun, undefined, offset);
  }

  private addThreads(): void {
    const { tasks } = this.collected;
    for (const [tid, name] of this.names) {
      if (!tasks.has(tid)) continue;
      const bytes = encoder.encode(name);
      tasks.nameIfUnknown(tid, { bytes, view: viewOf(bytes) }, 0, bytes.length);
    }
    for (const [tid, group] of this.groups) if (tasks.has(tid)) tasks.group(tid, group);
  }
}

interface Packets {
  readonly used: number;
  readonly wanted: number;
}

interface Head {
  readonly field: number;
  readonly from: number;
  readonly end: number;
}

/** The field of blocks that begins at `at`: 1 is a packet; undefined: what is there is no such field. */
function headOf(bytes: Uint8Array, at: number): Head | undefined {
  const tag = bytes[at]!;
  if ((tag & 0x87) !== 2) return undefined;
  let size = 0;
  let next = at + 1;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[next++];
    if (byte === undefined || shift > 28) return undefined;
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return { field: tag >>> 3, from: next, end: next + size };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
