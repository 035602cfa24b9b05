import { fstatSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { ByteSource } from '../binary/bytes.ts';

/** The open file `file`, whose parts are read when they are needed. */
export function fileSource(file: FileHandle): ByteSource {
  return {
    size: fstatSync(file.fd).size,
    read(offset, length, into) {
      const bytes = into?.subarray(0, length) ?? new Uint8Array(Math.max(0, length));
      let filled = 0;
      while (filled < length) {
        const count = readSync(file.fd, bytes, filled, length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled < length ? bytes.subarray(0, filled) : bytes;
    },
  };
}
