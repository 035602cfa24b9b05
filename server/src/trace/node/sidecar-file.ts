import { readFileSync } from 'node:fs';
import { parseSidecar, sidecarPath, type Sidecar } from '../sidecar.ts';

/** What the recorder wrote beside the trace; undefined: nothing that can be read. */
export function sidecarOf(trace: string): Sidecar | undefined {
  try {
    return parseSidecar(readFileSync(sidecarPath(trace), 'utf8'));
  } catch {
    return undefined;
  }
}
