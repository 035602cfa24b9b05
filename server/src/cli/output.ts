import { createWriteStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { reason, Refusal } from './refusal.ts';

/** Writes a file that the user asked for; a place where none can be written is the user's mistake. */
export function writeResult(path: string, text: string | Uint8Array): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Refusal(`cannot be written: ${reason(error)}`, path);
  }
}

/**
 * Makes the folder `path` and those around it, where they are not there. Not by mkdir's own `recursive`: in Node 20 it never
 * comes back from folders in which none can be made, such as /proc.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!existsSync(path)) throw error;
  }
}

/** Writes the parts of a file that the user asked for one after the other, compressed where it is to be called .gz. */
export async function writeParts(path: string, parts: Iterable<string | Uint8Array>): Promise<void> {
  try {
    const file = createWriteStream(path);
    if (path.endsWith('.gz')) await pipeline(Readable.from(parts), createGzip(), file);
    else await pipeline(Readable.from(parts), file);
  } catch (error) {
    throw new Refusal(`cannot be written: ${reason(error)}`, path);
  }
}
