import {
  LITERALS,
  LITERAL_BASE,
  LITERAL_BITS,
  MATCHES,
  MATCH_BASE,
  MATCH_BITS,
  OFFSETS,
  type Codes,
} from './zstd-codes.ts';
import { Huffman } from './zstd-huffman.ts';
import { type Table, fillFse, fseTable, highBit, readCounts } from './zstd-tables.ts';

/**
 * Decompresses zstd frames (RFC 8878) of which the size is known: those of a trace.dat, which are most of the time
 * that reading one takes. It answers false where a frame is damaged, or has what they do not have (a dictionary, more
 * than one frame, offsets beyond 32 MB), for a decoder that knows all to have its say.
 */

const MAGIC = 0xfd2fb528;
const MOST_LITERALS = 128 * 1024;
/** Beyond the packed bytes, on both sides: words are read that reach over their ends. */
const MARGIN = 16;

/** A decoder, with the memory that it uses again for each frame. */
export class ZstdFrames {
  private bytes = new Uint8Array(64 * 1024);
  private view = new DataView(this.bytes.buffer);
  private readonly literals = new Uint8Array(MOST_LITERALS + MARGIN);
  private literalCount = 0;
  private readonly huffman = new Huffman();
  private tables: { literal: Table; offset: Table; match: Table } | undefined;
  /** The last three offsets. */
  private readonly recent = new Int32Array(3);
  private readonly counts = new Int16Array(256);
  private readonly own = {
    literal: fseTable(9),
    offset: fseTable(8),
    match: fseTable(9),
  };
  private out: Uint8Array = new Uint8Array(0);
  private outView: DataView = new DataView(new ArrayBuffer(0));
  private filled = 0;
  /** Where in `bytes` the next one is. */
  private at = 0;
  private end = 0;

  /** Decompresses the one frame that `packed` is into all of `out`; false: it is another decoder's. */
  decode(packed: Uint8Array, out: Uint8Array): boolean {
    if (packed.length + 2 * MARGIN > this.bytes.length) {
      this.bytes = new Uint8Array(2 * (packed.length + 2 * MARGIN));
      this.view = new DataView(this.bytes.buffer);
    }
    this.bytes.set(packed, MARGIN);
    this.at = MARGIN;
    this.end = MARGIN + packed.length;
    this.bytes.fill(0, this.end, this.end + MARGIN);
    if (out !== this.out) {
      this.out = out;
      this.outView = new DataView(out.buffer, out.byteOffset, out.length);
    }
    this.filled = 0;
    this.huffman.bits = 0;
    this.tables = undefined;
    this.recent.set([1, 4, 8]);
    const trailer = this.frameHead();
    if (trailer < 0) return false;
    for (;;) {
      const head = this.at + 3 <= this.end ? this.view.getUint32(this.at, true) & 0xffffff : 6;
      this.at += 3;
      if (!this.block((head >> 1) & 3, head >>> 3)) return false;
      if ((head & 1) === 1) break;
    }
    return this.filled === out.length && this.at + trailer === this.end;
  }

  /** Reads the head of the frame; gives how many bytes follow its blocks, or −1. */
  private frameHead(): number {
    const { view, bytes } = this;
    if (this.end - this.at < 6 || view.getUint32(this.at, true) !== MAGIC) return -1;
    const flags = bytes[this.at + 4]!;
    if ((flags & 0x0b) !== 0) return -1;
    const single = (flags >> 5) & 1;
    const sizeBytes = [single, 2, 4, 8][flags >> 6]!;
    this.at += 5 + (1 - single) + sizeBytes;
    return (flags & 4) === 0 ? 0 : 4;
  }

  private block(type: number, size: number): boolean {
    const { bytes, out } = this;
    const left = out.length - this.filled;
    if (type === 0) {
      if (size > this.end - this.at || size > left) return false;
      out.set(bytes.subarray(this.at, this.at + size), this.filled);
      this.at += size;
      this.filled += size;
      return true;
    }
    if (type === 1) {
      if (this.at >= this.end || size > left) return false;
      out.fill(bytes[this.at++]!, this.filled, this.filled + size);
      this.filled += size;
      return true;
    }
    if (type !== 2 || size > this.end - this.at) return false;
    const end = this.at + size;
    return this.readLiterals(end) && this.readSequences(end) && (this.at = end) === end;
  }

  private readLiterals(end: number): boolean {
    const { view, bytes, literals } = this;
    const head = view.getUint32(this.at, true);
    const type = head & 3;
    const format = (head >> 2) & 3;
    if (type < 2) {
      const [length, bits, mask] =
        format === 1 ? [2, 4, 0xfff] : format === 3 ? [3, 4, 0xfffff] : [1, 3, 0x1f];
      const count = (head >>> bits!) & mask!;
      this.at += length!;
      const packed = type === 0 ? count : 1;
      if (count > MOST_LITERALS || this.at + packed > end) return false;
      if (type === 0) literals.set(bytes.subarray(this.at, this.at + count));
      else literals.fill(bytes[this.at]!, 0, count);
      this.literalCount = count;
      this.at += packed;
      return true;
    }
    const length = format < 2 ? 3 : format + 2;
    const bits = format < 2 ? 10 : format === 2 ? 14 : 18;
    const high = bytes[this.at + 4]!;
    const mask = 2 ** bits - 1;
    const count = (head >>> 4) & mask;
    const packed =
      bits === 10 ? (head >>> 14) & mask : bits === 14 ? head >>> 18 : (head >>> 22) | (high << 10);
    this.at += length;
    const stop = this.at + packed;
    if (count > MOST_LITERALS || stop > end) return false;
    const { huffman } = this;
    huffman.view = view;
    huffman.bytes = bytes;
    const codes = type === 2 ? huffman.read(this.at, stop) : this.at;
    if (codes < 0 || huffman.bits === 0) return false;
    this.literalCount = count;
    this.at = stop;
    return format === 0
      ? huffman.stream(codes, stop, literals, 0, count)
      : huffman.fourStreams(codes, stop, literals, count);
  }

  private readSequences(end: number): boolean {
    const { bytes } = this;
    if (this.at >= end) return false;
    let count = bytes[this.at++]!;
    if (count === 255) {
      count = this.view.getUint16(this.at, true) + 0x7f00;
      this.at += 2;
    } else if (count > 127) count = ((count - 128) << 8) | bytes[this.at++]!;
    if (count > 0) {
      const modes = bytes[this.at++]!;
      const literal = this.table(modes >> 6, LITERALS, this.own.literal, this.tables?.literal, end);
      const offset = this.table((modes >> 4) & 3, OFFSETS, this.own.offset, this.tables?.offset, end);
      const match = this.table((modes >> 2) & 3, MATCHES, this.own.match, this.tables?.match, end);
      if (!literal || !offset || !match || (modes & 3) !== 0 || this.at >= end) return false;
      this.tables = { literal, offset, match };
      const used = this.sequences(count, end, literal, offset, match);
      if (used < 0) return false;
      return this.addLiterals(used, this.literalCount - used);
    }
    return this.at === end && this.addLiterals(0, this.literalCount);
  }

  private table(
    mode: number,
    codes: Codes,
    own: Table,
    last: Table | undefined,
    end: number,
  ): Table | undefined {
    switch (mode) {
      case 0:
        return codes.usual;
      case 1: {
        const symbol = this.bytes[this.at++]!;
        if (symbol > codes.mostSymbol) return undefined;
        own.log = 0;
        own.cells[0] = symbol;
        return own;
      }
      case 2: {
        const read = readCounts(this.view, this.at, end, codes.mostLog, this.counts, codes.mostSymbol);
        if (!read) return undefined;
        this.at = read.at;
        return fillFse(own, this.counts, read.symbols, read.log);
      }
      default:
        return last;
    }
  }

  private addLiterals(from: number, count: number): boolean {
    if (count < 0 || count > this.out.length - this.filled) return false;
    this.out.set(this.literals.subarray(from, from + count), this.filled);
    this.filled += count;
    return true;
  }

  /** Carries out `count` sequences: literals, then a piece of what is there already. Gives the literals used, or −1. */
  private sequences(count: number, end: number, literal: Table, offsets: Table, match: Table): number {
    const { view, bytes, literals, out, outView, recent } = this;
    const from = 8 * this.at;
    if (bytes[end - 1] === 0) return -1;
    let bit = 8 * end - 8 + highBit(bytes[end - 1]!);
    const [literalCells, offsetCells, matchCells] = [literal.cells, offsets.cells, match.cells];
    bit -= literal.log;
    let literalCell =
      literalCells[(view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << literal.log) - 1)]!;
    bit -= offsets.log;
    let offsetCell = offsetCells[(view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << offsets.log) - 1)]!;
    bit -= match.log;
    let matchCell = matchCells[(view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << match.log) - 1)]!;
    let used = 0;
    let to = this.filled;
    for (let left = count; ;) {
      const offsetBits = offsetCell & 0xff;
      bit -= offsetBits;
      let offset =
        (1 << offsetBits) + ((view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << offsetBits) - 1));
      const matchBits = MATCH_BITS[matchCell & 0xff]!;
      bit -= matchBits;
      const length =
        MATCH_BASE[matchCell & 0xff]! +
        ((view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << matchBits) - 1));
      const literalBits = LITERAL_BITS[literalCell & 0xff]!;
      bit -= literalBits;
      const before =
        LITERAL_BASE[literalCell & 0xff]! +
        ((view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << literalBits) - 1));
      if (offset > 3) {
        offset -= 3;
        recent[2] = recent[1]!;
        recent[1] = recent[0]!;
        recent[0] = offset;
      } else offset = again(recent, offset - (before === 0 ? 0 : 1));
      if (bit < from || used + before > this.literalCount || to + before + length > out.length) return -1;
      for (let i = 0; i < before; i++) out[to + i] = literals[used + i]!;
      used += before;
      to += before;
      if (offset <= 0 || offset > to) return -1;
      copy(out, outView, to, to - offset, length);
      to += length;
      if (--left === 0) break;
      const literalNext = (literalCell >> 8) & 0xff;
      bit -= literalNext;
      literalCell =
        literalCells[
          (literalCell >>> 16) + ((view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << literalNext) - 1))
        ]!;
      const matchNext = (matchCell >> 8) & 0xff;
      bit -= matchNext;
      matchCell =
        matchCells[
          (matchCell >>> 16) + ((view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << matchNext) - 1))
        ]!;
      const offsetNext = (offsetCell >> 8) & 0xff;
      bit -= offsetNext;
      offsetCell =
        offsetCells[
          (offsetCell >>> 16) + ((view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << offsetNext) - 1))
        ]!;
      if (bit < from) return -1;
    }
    this.filled = to;
    return bit === from ? used : -1;
  }
}

/** One of the last offsets: the first, second or third, or the first less one; it becomes the first. */
function again(recent: Int32Array, which: number): number {
  if (which === 0) return recent[0]!;
  const offset = which === 3 ? recent[0]! - 1 : recent[which]!;
  if (which > 1) recent[2] = recent[1]!;
  recent[1] = recent[0]!;
  recent[0] = offset;
  return offset;
}

/** Copies `length` bytes from `from` to `to`, where what was copied may be copied again. */
function copy(bytes: Uint8Array, view: DataView, to: number, from: number, length: number): void {
  let left = length;
  if (to - from >= 4) {
    for (; left >= 4; left -= 4) {
      view.setInt32(to, view.getInt32(from, true), true);
      to += 4;
      from += 4;
    }
  }
  for (; left > 0; left--) bytes[to++] = bytes[from++]!;
}
