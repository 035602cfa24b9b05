/** The bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/**
 * A text to compare with, by its first and its last four bytes: of what stands between the values of an event that is
 * all that tells one from another, and a third of the work.
 */
export interface Key {
  readonly length: number;
  readonly head: number;
  readonly tail: number;
}

/** The ASCII text `text`, of at least four letters, as a key. */
export function key(text: string): Key {
  const { length } = text;
  const view = new DataView(ascii(text).buffer as ArrayBuffer);
  return { length, head: view.getInt32(0, true), tail: view.getInt32(length - 4, true) };
}

/**
 * A position in one line of a text. The byte at `end` exists and ends the line, so that looking one byte ahead is
 * allowed everywhere. Reading something else than what is there clears `ok`.
 */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  /** A view of `bytes`. */
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;
  end = 0;
  ok = true;

  /** Points at `bytes[from, to)`. */
  reset(bytes: Uint8Array, from: number, to: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.at = from;
    this.end = to;
    this.ok = true;
  }

  /** Is `key` at `position`? */
  matches(key: Key, position: number): boolean {
    const { view } = this;
    const { length } = key;
    return (
      position + length <= this.end &&
      view.getInt32(position, true) === key.head &&
      view.getInt32(position + length - 4, true) === key.tail
    );
  }

  /** Steps over `key` where it is next, and says whether it was. */
  skip(key: Key): boolean {
    if (!this.matches(key, this.at)) return false;
    this.at += key.length;
    return true;
  }

  /** Steps over the one byte `code`, which has to be next. */
  expectByte(code: number): void {
    if (this.bytes[this.at] !== code || this.at >= this.end) this.ok = false;
    this.at++;
  }

  /** Steps over `key`, which has to be next. */
  expect(key: Key): void {
    if (!this.skip(key)) this.ok = false;
  }

  /** Steps over blanks. */
  blanks(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end && bytes[at] === 0x20) at++;
    this.at = at;
  }

  /** A decimal number, with a minus or without. */
  int(): number {
    const { bytes } = this;
    let at = this.at;
    const negative = bytes[at] === 0x2d;
    if (negative) at++;
    const first = at;
    let value = 0;
    // The byte at the end of the line is no digit, so the loop ends there.
    for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[++at]! - 0x30) {
      value = value * 10 + digit;
    }
    // 2^53 has 16 digits; what is longer is no number that a kernel prints here.
    if (at === first || at - first > 16) this.ok = false;
    this.at = at;
    return negative ? -value : value;
  }

  /** The decimal number behind `key`, which has to be next. */
  intAfter(key: Key): number {
    if (this.matches(key, this.at)) this.at += key.length;
    else this.ok = false;
    return this.int();
  }

  /** A hexadecimal number, `0x` or not; above 2^53 it is rounded. */
  hex(): number {
    const { bytes, end } = this;
    let at = this.at;
    if (bytes[at] === 0x30 && bytes[at + 1] === 0x78) at += 2;
    const first = at;
    let value = 0;
    while (at < end) {
      const digit = hexDigit(bytes[at]!);
      if (digit < 0) break;
      value = value * 16 + digit;
      at++;
    }
    if (at === first || at - first > 16) this.ok = false;
    this.at = at;
    return value;
  }

  /** A number as C's `%#x` or `%d` prints it. */
  number(): number {
    const { bytes, at } = this;
    return bytes[at] === 0x30 && bytes[at + 1] === 0x78 ? this.hex() : this.int();
  }

  /** Position of the last `key` that begins at or after `this.at`, or −1. */
  lastIndexOf(key: Key): number {
    return this.lastBefore(key, this.end);
  }

  /**
   * Where the name of a task that begins at `this.at` ends, given that `key` follows it; −1: nowhere. A name may
   * contain the key, but has 15 bytes at most (TASK_COMM_LEN), and no key follows the one behind it so soon.
   */
  endOfName(key: Key): number {
    const end = this.lastBefore(key, this.at + 15);
    return end >= 0 ? end : this.lastIndexOf(key);
  }

  /** Position of the first `key` at or after `from`, or −1. */
  indexOf(key: Key, from: number): number {
    const { view } = this;
    const { head } = key;
    const last = this.end - key.length;
    for (let i = from; i <= last; i++) {
      if (view.getInt32(i, true) === head && this.matches(key, i)) return i;
    }
    return -1;
  }

  /** Position of the last byte `code` at or after `this.at`, or −1. */
  lastIndexOfByte(code: number): number {
    for (let i = this.end - 1; i >= this.at; i--) if (this.bytes[i] === code) return i;
    return -1;
  }

  private lastBefore(key: Key, latest: number): number {
    const { view, at } = this;
    const { head } = key;
    for (let i = Math.min(latest, this.end - key.length); i >= at; i--) {
      if (view.getInt32(i, true) === head && this.matches(key, i)) return i;
    }
    return -1;
  }

  /** Position of the first byte `code` at or after `from`, or −1. */
  indexOfByte(code: number, from: number): number {
    for (let i = from; i < this.end; i++) if (this.bytes[i] === code) return i;
    return -1;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
