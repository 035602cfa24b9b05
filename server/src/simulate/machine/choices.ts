import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import { staysRunnable } from '../threads.ts';

/** Where a wake-up put its task. */
export const WENT = { stayed: 0, toWaker: 1, elsewhere: 2 } as const;
type Went = (typeof WENT)[keyof typeof WENT];

/** Bits of what a wake-up finds. */
const OWN_IDLES = 1;
const FROM_AFAR = 2;
const WAKER_IDLES = 4;
const ANY_IDLES = 8;
/** What it finds takes the lowest bits, where it went those above. */
const FOUND_BITS = 4;
const FOUND = (1 << FOUND_BITS) - 1;

/**
 * What a wake-up finds: is the task's CPU idle, is the waker's another one, is that idle, is any? A wake-up that finds the
 * same as it did in the recording goes where it went there: what else decides, the loads of milliseconds ago, no event tells.
 * A new task's CPU is its parent's.
 */
export function situation(
  previous: number,
  waker: number,
  idle: (cpu: number) => boolean,
  cpus: number,
): number {
  let any = 0;
  for (let cpu = 0; cpu < cpus && any === 0; cpu++) if (idle(cpu)) any = ANY_IDLES;
  const own = idle(previous) ? OWN_IDLES : 0;
  return own | (waker !== previous ? FROM_AFAR : 0) | (idle(waker) ? WAKER_IDLES : 0) | any;
}

/** By row of a wake-up: what it found and where it went, as `choice` puts it; −1 where that is not recorded. */
export function choicesOf(trace: Trace): Int8Array {
  const [change, waking, wakeup, wakeupNew] = [
    'sched_switch',
    'sched_waking',
    'sched_wakeup',
    'sched_wakeup_new',
  ].map(kindIndex);
  const choices = new Int8Array(trace.length).fill(-1);
  const current = new Int32Array(trace.cpus).fill(-1);
  const last = new Map<number, number>();
  const asleep = new Set<number>();
  const woken = new Map<number, { readonly row: number; readonly found: number; readonly waker: number }>();
  const idle = (cpu: number): boolean => current[cpu] === 0;
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
    } else if (kind === waking && asleep.delete(tid)) {
      const found = situation(last.get(tid)!, cpu, idle, trace.cpus);
      woken.set(tid, { row, found, waker: cpu });
    } else if (kind === wakeupNew) {
      const went = trace.b[row] === cpu ? WENT.stayed : WENT.elsewhere;
      choices[row] = choice(situation(cpu, cpu, idle, trace.cpus), went);
    } else if (kind === wakeup) {
      const from = woken.get(tid);
      if (!from) continue;
      woken.delete(tid);
      const target = trace.b[row]!;
      const went =
        target === last.get(tid) ? WENT.stayed : target === from.waker ? WENT.toWaker : WENT.elsewhere;
      choices[from.row] = choice(from.found, went);
    }
  }
  return choices;
}

const choice = (found: number, went: Went): number => found | (went << FOUND_BITS);

/** Where a recorded wake-up went. */
export const wentTo = (recorded: number): Went => (recorded >> FOUND_BITS) as Went;

/** Did a recorded wake-up find the task's CPU busy, and another one idle? */
export const passedBusy = (recorded: number): boolean =>
  recorded >= 0 && (recorded & (OWN_IDLES | ANY_IDLES)) === ANY_IDLES;

/** Where the wake-up went that is recorded in `recorded`, if it found what this one finds; else undefined. */
export const wentAs = (recorded: number, found: number): Went | undefined =>
  recorded >= 0 && (recorded & FOUND) === found ? wentTo(recorded) : undefined;
