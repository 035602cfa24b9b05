const decoder = new TextDecoder('utf-8');

/** Distinct byte strings, numbered from 0 in the order in which they were first seen. */
export class ByteStrings {
  private pool = new Uint8Array(1024);
  private used = 0;
  private readonly starts: number[] = [0];
  private readonly hashes: number[] = [];
  /** Open addressing; index plus one, 0 is a free place. */
  private table = new Int32Array(64);

  get size(): number {
    return this.hashes.length;
  }

  /** The number of `bytes[from, to)`, a new one where it has none. */
  intern(bytes: Uint8Array, from: number, to: number): number {
    let hash = 0;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const mask = this.table.length - 1;
    let place = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const index = this.table[place]! - 1;
      if (index < 0) return this.add(hash, place, bytes, from, to);
      if (this.hashes[index] === hash && this.equals(index, bytes, from, to)) return index;
      place = (place + 1) & mask;
    }
  }

  /** Is string `index` the same as `bytes[from, to)`? */
  equals(index: number, bytes: Uint8Array, from: number, to: number): boolean {
    const { pool } = this;
    const start = this.starts[index]!;
    const length = to - from;
    if (this.starts[index + 1]! - start !== length) return false;
    for (let i = 0; i < length; i++) if (pool[start + i] !== bytes[from + i]) return false;
    return true;
  }

  /** String `index` as text; bytes that are no UTF-8 show as U+FFFD. */
  text(index: number): string {
    return decoder.decode(this.pool.subarray(this.starts[index], this.starts[index + 1]));
  }

  /** All strings as text, by their number. */
  texts(): string[] {
    return this.hashes.map((_, index) => this.text(index));
  }

  private add(hash: number, place: number, bytes: Uint8Array, from: number, to: number): number {
    const index = this.hashes.length;
    const end = this.used + to - from;
    if (end > this.pool.length) {
      const pool = new Uint8Array(Math.max(end, 2 * this.pool.length));
      pool.set(this.pool);
      this.pool = pool;
    }
    for (let i = from; i < to; i++) this.pool[this.used++] = bytes[i]!;
    this.starts.push(end);
    this.hashes.push(hash);
    this.table[place] = index + 1;
    if (2 * this.hashes.length > this.table.length) this.rehash();
    return index;
  }

  private rehash(): void {
    const table = new Int32Array(2 * this.table.length);
    const mask = table.length - 1;
    this.hashes.forEach((hash, index) => {
      let place = (hash ^ (hash >>> 15)) & mask;
      while (table[place] !== 0) place = (place + 1) & mask;
      table[place] = index + 1;
    });
    this.table = table;
  }
}
