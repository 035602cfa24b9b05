/** A file whose parts can be read in any order. */
export interface ByteSource {
  readonly size: number;
  /**
   * The bytes from `offset` on: `length` of them, or fewer where the file ends. They stay as they are, but where they
   * may be put `into` a buffer of the caller's, which has room for `length`.
   */
  read(offset: number, length: number, into?: Uint8Array): Uint8Array;
}

/** The bytes of `memory` as a file. */
export function memorySource(memory: Uint8Array): ByteSource {
  return {
    size: memory.length,
    read: (offset, length) => memory.subarray(offset, Math.max(offset, offset + length)),
  };
}

/** The `size` bytes of `whole` from `from` on, as a file of its own. */
export function partOf(whole: ByteSource, from: number, size: number): ByteSource {
  return {
    size,
    read: (offset, length, into) =>
      whole.read(from + offset, Math.max(0, Math.min(length, size - offset)), into),
  };
}

/** Bytes that a window reads ahead: what is read bit by bit would cost a call of the system each. */
const AHEAD = 64 * 1024;

/** The file `whole` for who reads small pieces one after the other. */
export function readAhead(whole: ByteSource): ByteSource {
  let from = 0;
  let window: Uint8Array = new Uint8Array(0);
  return {
    size: whole.size,
    read(offset, length, into) {
      if (length > AHEAD / 4) return whole.read(offset, length, into);
      if (offset < from || offset + length > from + window.length) {
        from = offset;
        window = whole.read(offset, AHEAD);
      }
      return window.subarray(offset - from, offset - from + length);
    },
  };
}

/** What a file says at `offset` cannot be: thrown inside a reader, which answers it with an error or a note. */
export class Malformed extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const decoder = new TextDecoder();
/** No text in a trace is as long as this: names and descriptions of events have some KB. */
const LONGEST_TEXT = 16 * 1024 * 1024;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Reads numbers and texts one after the other; what lies beyond the end is Malformed. */
export class ByteReader {
  at: number;
  little = true;
  private readonly source: ByteSource;
  /** Added to `at` in errors: where the bytes are in the file. */
  private readonly origin: number;

  constructor(source: ByteSource, at = 0, origin = 0) {
    this.source = source;
    this.at = at;
    this.origin = origin;
  }

  /** Where in the file the next byte is. */
  get offset(): number {
    return this.origin + this.at;
  }

  get left(): number {
    return this.source.size - this.at;
  }

  bytes(length: number): Uint8Array {
    if (length > this.left) this.fail('the file ends too early');
    const bytes = this.source.read(this.at, length);
    if (bytes.length < length) this.fail('the file ends too early');
    this.at += length;
    return bytes;
  }

  skip(length: number): void {
    if (length > this.left) this.fail('the file ends too early');
    this.at += length;
  }

  u8(): number {
    return this.bytes(1)[0]!;
  }

  u16(): number {
    return viewOf(this.bytes(2)).getUint16(0, this.little);
  }

  u32(): number {
    return viewOf(this.bytes(4)).getUint32(0, this.little);
  }

  /** 64 bits, exact. */
  big(): bigint {
    return viewOf(this.bytes(8)).getBigUint64(0, this.little);
  }

  /** 64 bits that are a size or a place in the file. */
  u64(): number {
    const value = Number(this.big());
    if (value > Number.MAX_SAFE_INTEGER) this.fail('a size or an offset is too large');
    return value;
  }

  /** The text that a zero byte ends. */
  cstring(): string {
    const from = this.at;
    const window = this.source.read(from, Math.min(this.left, 4096));
    const end = window.indexOf(0);
    if (end < 0) this.fail('a name has no end');
    this.at = from + end + 1;
    return decoder.decode(window.subarray(0, end));
  }

  text(length: number): string {
    if (length > LONGEST_TEXT) this.fail('a text is too long');
    return decoder.decode(this.bytes(length));
  }

  fail(message: string): never {
    throw new Malformed(message, this.offset);
  }
}
