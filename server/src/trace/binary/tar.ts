import { type ByteSource, partOf } from './bytes.ts';

/** A file of a folder or an archive. */
export interface NamedSource {
  /** Its path, with `/`. */
  readonly path: string;
  readonly source: ByteSource;
}

const BLOCK = 512;
const MOST_FILES = 100_000;
const decoder = new TextDecoder();

/** The files in a tar archive (POSIX ustar); one that is cut off ends with the last whole file. */
export function readTar(source: ByteSource): NamedSource[] {
  const files: NamedSource[] = [];
  let at = 0;
  while (at + BLOCK <= source.size && files.length < MOST_FILES) {
    const head = source.read(at, BLOCK);
    const name = fieldOf(head, 0, 100);
    const size = parseInt(fieldOf(head, 124, 12), 8);
    const type = String.fromCharCode(head[156]!);
    if (name === '' || !Number.isFinite(size)) break;
    const from = at + BLOCK;
    if (from + size > source.size) break;
    const prefix = fieldOf(head, 345, 155);
    if (type === '0' || type === '\0')
      files.push({
        path: prefix === '' ? name : `${prefix}/${name}`,
        source: partOf(source, from, size),
      });
    at = from + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function fieldOf(head: Uint8Array, from: number, length: number): string {
  const field = head.subarray(from, from + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end)).trim();
}
