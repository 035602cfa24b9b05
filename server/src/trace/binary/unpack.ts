/** What decompresses; from outside, so that the core needs nothing of Node's. */
export interface Unpack {
  /** Each gives the `size` bytes that `packed` stands for, or undefined where it is damaged. */
  zstd(packed: Uint8Array, size: number): Uint8Array | undefined;
  zlib(packed: Uint8Array, size: number): Uint8Array | undefined;
}
