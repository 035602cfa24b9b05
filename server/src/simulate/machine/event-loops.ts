import type { Extraction } from './extract.ts';
import { ARRIVAL, POINT, type Demand } from './types.ts';

/** Times that each kind of wake-up follows each, from which on their order is taken to be chance. */
const MIXED = 3;

/**
 * By task: does it wait for timers and for other tasks at once (1), as an event loop does? Then interrupts wake it after
 * interrupts and after tasks, and tasks wake it after both, as it comes. One that waits for the one and then for the other has
 * a pattern, and one that needs an answer waits for that. Wake-ups that were not recorded whole say nothing.
 */
export function eventLoops(
  found: Extraction,
  start: Int32Array,
  { arrival, choice }: Pick<Demand['bursts'], 'arrival' | 'choice'>,
): Uint8Array {
  const loops = new Uint8Array(found.tasks.length);
  for (let task = 0; task < loops.length; task++) {
    /** By whether a task did the wake-up before, and this one. */
    const follows = [0, 0, 0, 0];
    let before = -1;
    for (let place = start[task]!; place < start[task + 1]!; place++) {
      if (choice[place]! < 0) continue;
      const byTask = arrival[place] === ARRIVAL.dependent ? 1 : 0;
      if (before >= 0) follows[2 * before + byTask]!++;
      before = byTask;
    }
    loops[task] = follows.every((count) => count >= MIXED) ? 1 : 0;
  }
  found.pointKind.forEach((kind, i) => {
    if (kind === POINT.answer) loops[found.task[found.pointBurst[i]!]!] = 0;
  });
  return loops;
}
