import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { snapshot, type Snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';

export const FOLDER = join(import.meta.dirname, '../../examples/gallery');

/** One policy of the gallery. */
export interface Entry {
  /** Name of its file. */
  readonly file: string;
  readonly snapshot: Snapshot;
}

/** The gallery in the order of its numbers. */
export const GALLERY: readonly Entry[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.pvpolicy'))
  .toSorted()
  .map((file) => ({ file, snapshot: snapshot(readFileSync(join(FOLDER, file), 'utf8'), DEFAULTS) }));
