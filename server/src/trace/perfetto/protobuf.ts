import { Malformed } from '../binary/bytes.ts';

const UTF8 = new TextEncoder();

/** Writes messages of the protobuf wire format: fields of varints, strings and messages. */
export class ProtoWriter {
  private bytes = new Uint8Array(1 << 7);
  private length = 0;

  /** A field of an integer, which may be negative and is exact below 2^53. */
  int(field: number, value: number | bigint): void {
    this.varint(field << 3);
    this.varint(value);
  }

  string(field: number, value: string): void {
    this.bytesOf(field, UTF8.encode(value));
  }

  message(field: number, write: (message: ProtoWriter) => void): void {
    const inner = new ProtoWriter();
    write(inner);
    this.bytesOf(field, inner.done());
  }

  done(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** A field of bytes as they are. */
  bytesOf(field: number, block: Uint8Array): void {
    this.varint((field << 3) | 2);
    this.varint(block.length);
    this.room(block.length);
    this.bytes.set(block, this.length);
    this.length += block.length;
  }

  private varint(value: number | bigint): void {
    this.room(10);
    if (typeof value === 'number' && value >= 0) {
      let rest = value;
      for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.bytes[this.length++] = (rest % 0x80) | 0x80;
      this.bytes[this.length++] = rest;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  private room(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const bigger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + size));
    bigger.set(this.bytes.subarray(0, this.length));
    this.bytes = bigger;
  }
}

/** Reads the fields of one message, in their order: varints, blocks and numbers of fixed size. */
export class ProtoReader {
  /** Of the field at hand: its number, and is it a block, whose bytes are [from, to)? */
  field = 0;
  isBlock = false;
  from = 0;
  to = 0;
  /** Its number, in halves. */
  low = 0;
  high = 0;
  readonly bytes: Uint8Array;
  private at: number;
  private readonly end: number;

  constructor(bytes: Uint8Array, from = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  /** Steps to the next field; false: there are no more. What cannot be is Malformed. */
  next(): boolean {
    if (this.at >= this.end) return false;
    this.varint();
    const key = this.low;
    this.field = key >>> 3;
    this.isBlock = false;
    if (this.field === 0 || this.high !== 0) this.fail();
    switch (key & 7) {
      case 0:
        this.varint();
        return true;
      case 1:
        return this.fixed(8);
      case 2: {
        this.varint();
        const size = this.low >>> 0;
        if (this.high !== 0 || size > this.end - this.at) this.fail();
        this.isBlock = true;
        this.from = this.at;
        this.to = this.at += size;
        return true;
      }
      case 5:
        return this.fixed(4);
      default:
        return this.fail();
    }
  }

  /** The number at hand, signed; rounded beyond 2^53. */
  get int(): number {
    return this.high * 2 ** 32 + (this.low >>> 0);
  }

  /** The number at hand, not signed. */
  get uint(): number {
    return (this.high >>> 0) * 2 ** 32 + (this.low >>> 0);
  }

  /** The message in the block at hand. */
  message(): ProtoReader {
    return new ProtoReader(this.bytes, this.from, this.to);
  }

  text(): string {
    return TEXT.decode(this.bytes.subarray(this.from, this.to));
  }

  /** The next of the varints that a packed block is made of; false: there are no more. */
  nextPacked(): boolean {
    if (this.at >= this.end) return false;
    this.varint();
    return true;
  }

  private varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) this.fail();
      const byte = this.bytes[this.at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.low = low;
        this.high = high;
        return;
      }
    }
    this.fail();
  }

  private fixed(size: number): boolean {
    if (this.at + size > this.end) this.fail();
    this.at += size;
    this.low = 0;
    this.high = 0;
    return true;
  }

  private fail(): never {
    throw new Malformed('a protobuf message cannot be', this.at);
  }
}

const TEXT = new TextDecoder();
