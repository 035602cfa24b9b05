import { rmSync } from 'node:fs';
import { shots } from './driver.ts';

/** Pictures of an earlier run would be taken for this one's. */
export default function clearShots(): void {
  rmSync(shots, { recursive: true, force: true });
}
