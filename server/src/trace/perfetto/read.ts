import { type ByteSource, Malformed } from '../binary/bytes.ts';
import type { Unpack } from '../binary/unpack.ts';
import { Collector } from '../collector.ts';
import type { TraceResult } from '../columns.ts';
import { Bundles } from './bundle.ts';
import { Losses } from './losses.ts';
import { PACKET } from './messages.ts';
import { DAMAGED, type PacketNotes, notesOf, readPacked, readPackets } from './packets.ts';
import { ProtoReader } from './protobuf.ts';
import { upTo } from './rounds.ts';
import { Threads } from './threads.ts';

const NO_EVENTS = 'there are no events of ftrace in it; record with the data source linux.ftrace';
const OTHER_MACHINE = 'events of another machine, such as a guest, are left out';

/**
 * Reads a Perfetto trace: the events of ftrace in its packets, and the names of threads and processes. Where the file has
 * the events of all CPUs in turn, as recorders write it, it ends once it has `most` events that are whole.
 */
export function readPerfetto(source: ByteSource, unpack: Unpack, most = Infinity): TraceResult {
  return new TraceReader(source, unpack, most).read();
}

class TraceReader {
  private readonly source: ByteSource;
  private readonly unpack: Unpack;
  private readonly collected = new Collector();
  private readonly losses = new Losses(this.collected);
  private readonly bundles = new Bundles(this.collected, this.losses);
  private readonly threads = new Threads();
  /** Sequences of packets that had bundles. */
  private readonly ofBundles = new Set<number>();
  private readonly most: number;

  constructor(source: ByteSource, unpack: Unpack, most: number) {
    this.source = source;
    this.unpack = unpack;
    this.most = most;
  }

  read(): TraceResult {
    const { source, collected, bundles } = this;
    readPackets(source, this.taker(true));
    if (collected.total === 0) return this.nothing();
    this.losses.finish();
    this.threads.addTo(collected.tasks);
    const trace = collected.trace('perfetto', bundles.clock ?? 'boot');
    const { whole } = bundles.rounds;
    if (!whole || whole.events < this.most) return { ok: true, trace };
    return { ok: true, trace: upTo(trace, whole.until - collected.earliest), more: true };
  }

  private nothing(): TraceResult {
    const note = this.collected.notes.list()[0];
    return {
      ok: false,
      error: { message: note?.message ?? NO_EVENTS, line: undefined, offset: note?.offset ?? 0 },
    };
  }

  /** `outer`: packets may hold others. */
  private taker(outer: boolean) {
    return {
      take: (bytes: Uint8Array, from: number, to: number, offset: number) => {
        this.readPacket(bytes, from, to, offset, outer);
        return (this.bundles.rounds.whole?.events ?? -1) < this.most;
      },
      skip: (message: string, offset: number) => this.collected.skip(message, undefined, offset),
    };
  }

  private readPacket(bytes: Uint8Array, from: number, to: number, offset: number, outer: boolean): void {
    try {
      const notes = notesOf(bytes, from, to);
      if (notes.afterLoss && this.ofBundles.has(notes.sequence)) this.bundles.lost(offset);
      const packet = new ProtoReader(bytes, from, to);
      while (packet.next()) if (packet.isBlock) this.readPart(packet, notes, offset, outer);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.collected.skip(DAMAGED, undefined, offset);
    }
  }

  private readPart(packet: ProtoReader, notes: PacketNotes, offset: number, outer: boolean): void {
    const { bytes, from, to } = packet;
    if (packet.field === PACKET.deflated || packet.field === PACKET.zstd) {
      if (outer) readPacked(packet.field, bytes.subarray(from, to), offset, this.unpack, this.taker(false));
      return;
    }
    if (notes.machine !== 0) {
      if (packet.field === PACKET.bundle) this.collected.notes.add(OTHER_MACHINE, undefined, offset);
      return;
    }
    switch (packet.field) {
      case PACKET.bundle:
        this.ofBundles.add(notes.sequence);
        this.bundles.read(() => new ProtoReader(bytes, from, to), offset);
        return;
      case PACKET.processTree:
        this.threads.readTree(packet.message());
        return;
      case PACKET.clocks:
        this.bundles.clocks.readSnapshot(packet.message());
        return;
      case PACKET.cpuInfo:
        this.readCpus(packet.message());
        return;
      case PACKET.ftraceStats:
        this.losses.readFtrace(packet.message(), offset);
        return;
      case PACKET.traceStats:
        this.losses.readTrace(packet.message());
    }
  }

  private readCpus(info: ProtoReader): void {
    let cpus = 0;
    while (info.next()) if (info.field === 1 && info.isBlock) cpus++;
    if (cpus <= 0x8000) this.collected.cpus = Math.max(this.collected.cpus, cpus);
  }
}
