const UTF8 = new TextEncoder();

/** Writes messages of the protobuf wire format: fields of varints, strings and messages. */
export class ProtoWriter {
  private bytes = new Uint8Array(1 << 12);
  private length = 0;

  /** A field of an integer, which may be negative and is exact below 2^53. */
  int(field: number, value: number | bigint): void {
    this.varint(field << 3);
    this.varint(value);
  }

  string(field: number, value: string): void {
    this.block(field, UTF8.encode(value));
  }

  message(field: number, write: (message: ProtoWriter) => void): void {
    const inner = new ProtoWriter();
    write(inner);
    this.block(field, inner.done());
  }

  done(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private block(field: number, block: Uint8Array): void {
    this.varint((field << 3) | 2);
    this.varint(block.length);
    this.room(block.length);
    this.bytes.set(block, this.length);
    this.length += block.length;
  }

  private varint(value: number | bigint): void {
    this.room(10);
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
