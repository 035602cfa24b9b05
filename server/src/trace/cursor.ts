/** The bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/**
 * A position in one line of a text. The byte at `end` exists and ends the line, so that looking one byte ahead is
 * allowed everywhere. Reading something else than what is there clears `ok`.
 */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  ok = true;

  /** Points at `bytes[from, to)`. */
  reset(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
    this.ok = true;
  }

  /** Is `key` at `position`? */
  matches(key: Uint8Array, position: number): boolean {
    const { bytes } = this;
    if (position + key.length > this.end) return false;
    for (let i = 0; i < key.length; i++) if (bytes[position + i] !== key[i]) return false;
    return true;
  }

  /** Steps over `key` where it is next, and says whether it was. */
  skip(key: Uint8Array): boolean {
    if (!this.matches(key, this.at)) return false;
    this.at += key.length;
    return true;
  }

  /** Steps over `key`, which has to be next. */
  expect(key: Uint8Array): void {
    if (!this.skip(key)) this.ok = false;
  }

  /** Steps over blanks. */
  blanks(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end && bytes[at] === 0x20) at++;
    this.at = at;
  }

  /** A decimal number, with a sign or without. */
  int(): number {
    const { bytes, end } = this;
    let at = this.at;
    const negative = bytes[at] === 0x2d && at < end;
    if (negative) at++;
    const first = at;
    let value = 0;
    while (at < end) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    // 2^53 has 16 digits; a longer number is none that a kernel prints here.
    if (at === first || at - first > 16) this.ok = false;
    this.at = at;
    return negative ? -value : value;
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
  lastIndexOf(key: Uint8Array): number {
    for (let i = this.end - key.length; i >= this.at; i--) if (this.matches(key, i)) return i;
    return -1;
  }

  /** Position of the first `key` at or after `from`, or −1. */
  indexOf(key: Uint8Array, from: number): number {
    const first = key[0];
    const last = this.end - key.length;
    for (let i = from; i <= last; i++) if (this.bytes[i] === first && this.matches(key, i)) return i;
    return -1;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
