/** What decompresses; from outside, so that the core needs nothing of Node's. */
export interface Unpack {
  /**
   * Each gives the `size` bytes that `packed` stands for, or undefined where it is damaged. They may be put `into`
   * memory that has this size.
   */
  zstd(packed: Uint8Array, size: number, into?: Uint8Array): Uint8Array | undefined;
  zlib(packed: Uint8Array, size: number, into?: Uint8Array): Uint8Array | undefined;
  /** What the whole zlib stream `packed` stands for, at most `most` bytes; undefined: it is damaged, or has more. */
  inflate(packed: Uint8Array, most: number): Uint8Array | undefined;
  /**
   * Takes the next piece of a zstd stream and gives what it unpacks to, at most `most` bytes; undefined: it is damaged,
   * or has more.
   */
  zstdStream(most: number): (packed: Uint8Array) => Uint8Array[] | undefined;
}
