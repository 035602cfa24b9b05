import { fillFse, fseTable, highBit, readCounts } from './zstd-tables.ts';

const LONGEST_CODE = 11;

/** The Huffman codes of the literals of a frame (RFC 8878, 4.2), with the memory that they use again. */
export class Huffman {
  view = new DataView(new ArrayBuffer(0)) as DataView;
  bytes: Uint8Array = new Uint8Array(0);
  /** Length of the longest code; 0: none have been read. */
  bits = 0;
  /** By the next bits: a symbol, and above it the length of its code. */
  private readonly table = new Uint16Array(1 << LONGEST_CODE);
  private readonly weights = new Uint8Array(256);
  private readonly counts = new Int16Array(256);
  private readonly states = fseTable(6);

  /** Decodes `count` literals from the four streams in [at, stop), behind their lengths. */
  fourStreams(at: number, stop: number, literals: Uint8Array, count: number): boolean {
    const { view } = this;
    let from = at + 6;
    if (from > stop || count < 4) return false;
    const part = (count + 3) >> 2;
    for (let i = 0; i < 4; i++) {
      const to = i === 3 ? stop : from + view.getUint16(at + 2 * i, true);
      const first = Math.min(i * part, count);
      if (
        to > stop ||
        !this.stream(from, to, literals, first, i === 3 ? count : Math.min(first + part, count))
      )
        return false;
      from = to;
    }
    return true;
  }

  /** Decodes the stream of Huffman codes in [from, to) into the literals [first, last). */
  stream(from: number, to: number, literals: Uint8Array, first: number, last: number): boolean {
    const { view, bytes, table, bits } = this;
    if (to <= from || bytes[to - 1] === 0) return false;
    let bit = 8 * to - 8 + highBit(bytes[to - 1]!);
    const mask = (1 << bits) - 1;
    for (let i = first; i < last; i++) {
      const peek = bit - bits;
      const code = table[(view.getUint32(peek >> 3, true) >>> (peek & 7)) & mask]!;
      literals[i] = code;
      bit -= code >> 8;
      if (bit < 8 * from) return false;
    }
    return bit === 8 * from;
  }

  /** Reads the description of the codes from `at` on; gives where it ends, or −1. */
  read(at: number, stop: number): number {
    const { bytes, weights } = this;
    const head = bytes[at++]!;
    let count: number;
    if (head >= 128) {
      count = head - 127;
      const length = (count + 1) >> 1;
      if (at + length > stop) return -1;
      for (let i = 0; i < count; i++) weights[i] = (bytes[at + (i >> 1)]! >> (i % 2 === 0 ? 4 : 0)) & 15;
      at += length;
    } else {
      const to = at + head;
      if (to > stop) return -1;
      count = this.readWeights(at, to);
      at = to;
    }
    return count > 0 && this.fill(count) ? at : -1;
  }

  /** Weights that are themselves packed, by two states that take turns; gives how many. */
  private readWeights(at: number, to: number): number {
    const { view, bytes, counts, states: cells, weights } = this;
    const read = readCounts(view, at, to, 6, counts, 15);
    if (!read) return 0;
    const table = fillFse(cells, counts, read.symbols, read.log);
    const from = 8 * read.at;
    if (read.at >= to || bytes[to - 1] === 0) return 0;
    let bit = 8 * to - 8 + highBit(bytes[to - 1]!);
    const take = (bits: number): number => {
      bit -= bits;
      return (view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << bits) - 1);
    };
    const states = [take(read.log), take(read.log)];
    if (bit < from) return 0;
    for (let n = 0; n < 255; n++) {
      const cell = table.cells[states[n & 1]!]!;
      weights[n] = cell & 0xff;
      const bits = (cell >> 8) & 0xff;
      if (bit - bits < from) {
        weights[n + 1] = table.cells[states[(n + 1) & 1]!]! & 0xff;
        return n + 2;
      }
      states[n & 1] = (cell >>> 16) + take(bits);
    }
    return 0;
  }

  private fill(count: number): boolean {
    const { weights, table } = this;
    if (count > 255) return false;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += weights[i] === 0 ? 0 : 1 << (weights[i]! - 1);
    if (sum === 0) return false;
    const bits = highBit(sum) + 1;
    const rest = (1 << bits) - sum;
    if (bits > LONGEST_CODE || (rest & (rest - 1)) !== 0) return false;
    weights[count] = highBit(rest) + 1;
    let at = 0;
    for (let weight = 1; weight <= bits; weight++) {
      for (let symbol = 0; symbol <= count; symbol++) {
        if (weights[symbol] !== weight) continue;
        const next = at + (1 << (weight - 1));
        table.fill(symbol | ((bits + 1 - weight) << 8), at, next);
        at = next;
      }
    }
    this.bits = bits;
    return at === 1 << bits;
  }
}
