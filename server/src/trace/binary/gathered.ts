import type { ByteSource } from './bytes.ts';

/** Bytes in one piece of memory. */
const BLOCK = 1024 * 1024;

/** Bytes that come one after the other, kept in blocks: never in two copies, however many there are. */
export class Gathered implements ByteSource {
  size = 0;
  private readonly blocks: Uint8Array[] = [];

  append(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const at = this.size % BLOCK;
      if (at === 0) this.blocks.push(new Uint8Array(BLOCK));
      const part = bytes.subarray(from, from + BLOCK - at);
      this.blocks.at(-1)!.set(part, at);
      this.size += part.length;
      from += part.length;
    }
  }

  read(offset: number, length: number, into?: Uint8Array): Uint8Array {
    const end = Math.min(this.size, offset + length);
    if (offset >= end) return new Uint8Array(0);
    const inside = this.inBlock(offset, end);
    if (inside) return inside;
    const bytes = into?.subarray(0, end - offset) ?? new Uint8Array(end - offset);
    for (let at = offset; at < end;) {
      const part = this.inBlock(at, Math.min(end, at - (at % BLOCK) + BLOCK))!;
      bytes.set(part, at - offset);
      at += part.length;
    }
    return bytes;
  }

  /** The bytes from `from` to `to`, where one block has them all. */
  private inBlock(from: number, to: number): Uint8Array | undefined {
    const start = from % BLOCK;
    const end = start + to - from;
    return end <= BLOCK ? this.blocks[Math.floor(from / BLOCK)]!.subarray(start, end) : undefined;
  }
}
