const decoder = new TextDecoder('utf-8');

/** Distinct byte strings, numbered from 0 in the order in which they were first seen. */
export class ByteStrings {
  private pool = new Uint8Array(1024);
  private words = new DataView(this.pool.buffer);
  private used = 0;
  private readonly starts: number[] = [0];
  private readonly hashes: number[] = [];
  /** Open addressing; index plus one, 0 is a free place. */
  private table = new Int32Array(64);

  /** The number of `bytes[from, to)`, a new one where it has none; `view` is a view of `bytes`. */
  intern(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    const hash = hashOf(bytes, view, from, to);
    const mask = this.table.length - 1;
    let place = hash & mask;
    for (;;) {
      const index = this.table[place]! - 1;
      if (index < 0) return this.add(hash, place, bytes, from, to);
      if (this.hashes[index] === hash && this.equals(index, bytes, view, from, to)) return index;
      place = (place + 1) & mask;
    }
  }

  /** Is string `index` the same as `bytes[from, to)`? */
  equals(index: number, bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    const { pool, words } = this;
    const start = this.starts[index]!;
    const length = to - from;
    if (this.starts[index + 1]! - start !== length) return false;
    if (length < 4) {
      for (let i = 0; i < length; i++) if (pool[start + i] !== bytes[from + i]) return false;
      return true;
    }
    for (let i = 0; i < length - 4; i += 4) {
      if (words.getInt32(start + i, true) !== view.getInt32(from + i, true)) return false;
    }
    return words.getInt32(start + length - 4, true) === view.getInt32(to - 4, true);
  }

  /** Does string `index` stand at `from`, up to a zero byte before `to`, or up to `to`? It has no such byte itself. */
  standsAt(index: number, bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    const end = from + this.starts[index + 1]! - this.starts[index]!;
    if (end > to || (end < to && bytes[end] !== 0)) return false;
    return this.equals(index, bytes, view, from, end);
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
      this.words = new DataView(pool.buffer);
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
      let place = hash & mask;
      while (table[place] !== 0) place = (place + 1) & mask;
      table[place] = index + 1;
    });
    this.table = table;
  }
}

/** Mixes the bytes four at a time; the last word may overlap with the one before. */
function hashOf(bytes: Uint8Array, view: DataView, from: number, to: number): number {
  const length = to - from;
  let hash = length;
  if (length < 4) for (let i = from; i < to; i++) hash = mixed(hash, bytes[i]!);
  else {
    for (let i = from; i < to - 4; i += 4) hash = mixed(hash, view.getInt32(i, true));
    hash = mixed(hash, view.getInt32(to - 4, true));
  }
  return hash;
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}
