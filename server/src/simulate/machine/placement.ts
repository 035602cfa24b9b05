import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import type { Sidecar } from '../../trace/sidecar.ts';
import { staysRunnable } from '../threads.ts';
import type { Placement } from './types.ts';

/** Wake-ups that it takes to tell a habit. */
const ENOUGH = 5;
/** Of all such wake-ups, how many must go elsewhere for it to be a habit. */
const HABIT = 0.25;

/**
 * Where the recorded kernel puts tasks that wake up: does it look for an idle CPU when the task's own is busy (they
 * share a cache), and does it take the waker's CPU? Both follow from the machine's topology, which the sidecar tells.
 */
export function placementOf(trace: Trace, sidecar: Sidecar | undefined): Placement {
  const llcs = new Set(sidecar?.cpus.map(({ llc }) => llc) ?? [null]);
  const seen = habits(trace);
  const often = (moved: number, stayed: number): boolean =>
    moved + stayed < ENOUGH || moved >= HABIT * (moved + stayed);
  return {
    sharesCache: llcs.has(null) ? often(seen.toIdle, seen.pastIdle) : llcs.size === 1,
    affine: often(seen.toWaker, seen.pastWaker),
  };
}

function habits(trace: Trace) {
  const [change, waking, wakeup] = ['sched_switch', 'sched_waking', 'sched_wakeup'].map(kindIndex);
  const current = new Int32Array(trace.cpus).fill(-1);
  const last = new Map<number, number>();
  const asleep = new Set<number>();
  /** Of a task that is being woken: 1 an idle CPU is elsewhere, 2 the waker is on another CPU and both are busy. */
  const choices = new Map<number, number>();
  const seen = { toIdle: 0, pastIdle: 0, toWaker: 0, pastWaker: 0 };
  for (let row = 0; row < trace.length; row++) {
    const kind = trace.kind[row];
    const cpu = trace.cpu[row]!;
    const tid = trace.a[row]!;
    if (kind === change) {
      if (tid > 0 && !staysRunnable((trace.c[row]! >>> 16) & 0x7fff)) asleep.add(tid);
      last.set(tid, cpu);
      last.set(trace.b[row]!, cpu);
      asleep.delete(trace.b[row]!);
      current[cpu] = trace.b[row]!;
    } else if (kind === waking && asleep.has(tid)) {
      const previous = last.get(tid)!;
      if (current[previous] === 0) continue;
      if (current.includes(0)) choices.set(tid, 1);
      else if (cpu !== previous) choices.set(tid, 2);
    } else if (kind === wakeup) {
      const choice = choices.get(tid);
      if (choice === undefined) continue;
      choices.delete(tid);
      const moved = trace.b[row] !== last.get(tid);
      if (choice === 1) seen[moved ? 'toIdle' : 'pastIdle']++;
      else seen[moved ? 'toWaker' : 'pastWaker']++;
    }
  }
  return seen;
}
