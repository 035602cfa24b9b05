import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { NamedSource } from '../binary/tar.ts';

/** A folder with more files is no trace. */
const MOST_FILES = 20_000;

/** The files below the folder `path`, each opened when it is first read; `close` closes them. */
export function filesIn(path: string): { readonly all: NamedSource[]; close(): void } {
  const opened: number[] = [];
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).slice(0, MOST_FILES);
  const all = names.flatMap((name) => {
    const stat = statSync(join(path, name), { throwIfNoEntry: false });
    if (!stat?.isFile()) return [];
    let descriptor: number | undefined;
    const read = (offset: number, length: number, into?: Uint8Array): Uint8Array => {
      if (descriptor === undefined) opened.push((descriptor = openSync(join(path, name), 'r')));
      const bytes = into?.subarray(0, length) ?? new Uint8Array(length);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
    };
    return [{ path: name.replaceAll(sep, '/'), source: { size: stat.size, read } }];
  });
  return { all, close: () => opened.forEach((descriptor) => closeSync(descriptor)) };
}
