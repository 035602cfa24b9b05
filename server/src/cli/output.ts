import { writeFileSync } from 'node:fs';
import { reason, Refusal } from './refusal.ts';

/** Writes a file that the user asked for; a place where none can be written is the user's mistake. */
export function writeResult(path: string, text: string | Uint8Array): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Refusal(`cannot be written: ${reason(error)}`, path);
  }
}
