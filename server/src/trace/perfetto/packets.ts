import type { ByteSource } from '../binary/bytes.ts';
import type { Unpack } from '../binary/unpack.ts';
import { PACKET } from './messages.ts';
import { ProtoReader } from './protobuf.ts';

/** Read at a time; a packet that is larger is read alone. */
const CHUNK = 1024 * 1024;
/**
 * Recorders write packets of some KB; scxtop and systing all events of a CPU into one. What says that it is larger than
 * this is damaged.
 */
const LARGEST = 1024 * 1024 * 1024;
/** What is packed in one packet has less (trace_packet.proto: 512 KB before it is packed). */
const LARGEST_UNPACKED = 64 * 1024 * 1024;
/** Of Trace: its packets. */
const PACKETS = 1;
/** Bytes of the tag of a field below 16 and of a length below 2^35. */
const LONGEST_HEAD = 6;

export const DAMAGED = 'a packet cannot be: it is left out';
const CUT = 'the file ends inside a packet';
const BADLY_PACKED = 'compressed packets are damaged';

/** What is done with packets. */
export interface PacketTaker {
  /**
   * Takes the packet of `bytes` from `from` to `to`, which is good until the next one; `offset` is its place in the
   * file, or that of the packet in which it is packed. False: no more are wanted.
   */
  take(bytes: Uint8Array, from: number, to: number, offset: number): boolean;
  /** What is at `offset` of the file cannot be read. */
  skip(message: string, offset: number): void;
}

/** Hands the packets of the Perfetto trace `source` to `to`, in the order of the file. */
export function readPackets(source: ByteSource, to: PacketTaker): void {
  const buffer = new Uint8Array(CHUNK);
  let at = 0;
  while (at < source.size) {
    const start = at;
    const chunk = source.read(start, Math.min(CHUNK, source.size - start), buffer);
    const { used, wanted, enough } = packetsIn(chunk, (from) => start + from, to);
    if (enough) return;
    at += used;
    if (used > 0) continue;
    const reason =
      wanted === 0 || wanted > LARGEST ? DAMAGED : start + wanted > source.size ? CUT : undefined;
    if (reason !== undefined) {
      to.skip(reason, start);
      return;
    }
    if (packetsIn(source.read(start, wanted), () => start, to).enough) return;
    at += wanted;
  }
}

/** Hands over the packets that are packed in `packed`, the field `field` of a packet at `offset`. */
export function readPacked(
  field: number,
  packed: Uint8Array,
  offset: number,
  unpack: Unpack,
  to: PacketTaker,
): void {
  const bytes = field === PACKET.zstd ? unzstd(packed, unpack) : unpack.inflate(packed, LARGEST_UNPACKED);
  if (!bytes) {
    to.skip(BADLY_PACKED, offset);
    return;
  }
  const { used, enough } = packetsIn(bytes, () => offset, to);
  if (!enough && used < bytes.length) to.skip(DAMAGED, offset);
}

function unzstd(packed: Uint8Array, unpack: Unpack): Uint8Array | undefined {
  const parts = unpack.zstdStream(LARGEST_UNPACKED)(packed);
  if (!parts) return undefined;
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

interface Packets {
  /** Bytes of the whole packets. */
  readonly used: number;
  /** Bytes of what follows them, as far as it says; 0: there is nothing, or it is no packet. */
  readonly wanted: number;
  readonly enough: boolean;
}

/** Hands over the whole packets in `bytes`, which are where `offsetOf` says. */
function packetsIn(bytes: Uint8Array, offsetOf: (at: number) => number, to: PacketTaker): Packets {
  let at = 0;
  while (at < bytes.length) {
    const head = headOf(bytes, at);
    if (!head && bytes.length - at >= LONGEST_HEAD) return { used: at, wanted: 0, enough: false };
    if (!head || head.end > bytes.length)
      return { used: at, wanted: (head?.end ?? bytes.length + 1) - at, enough: false };
    if (head.field === PACKETS && !to.take(bytes, head.from, head.end, offsetOf(at)))
      return { used: at, wanted: 0, enough: true };
    at = head.end;
  }
  return { used: at, wanted: 0, enough: false };
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

/** What the writer and the service say of a packet beside what it holds; they may say it behind that. */
export interface PacketNotes {
  /** The sequence of one writer to which it belongs. */
  readonly sequence: number;
  /** Packets of its sequence before it are missing. */
  readonly afterLoss: boolean;
  /** The machine that it is of; 0: the one whose service wrote the trace. */
  readonly machine: number;
}

export function notesOf(bytes: Uint8Array, from: number, to: number): PacketNotes {
  let [sequence, afterLoss, machine] = [0, false, 0];
  for (const packet = new ProtoReader(bytes, from, to); packet.next();) {
    if (packet.isBlock) continue;
    if (packet.field === PACKET.sequence) sequence = packet.uint;
    else if (packet.field === PACKET.afterLoss) afterLoss = packet.low !== 0;
    else if (packet.field === PACKET.machine) machine = packet.uint;
  }
  return { sequence, afterLoss, machine };
}
