import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import { threadsEnd } from '../by-thread.ts';
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
  ownIdles: boolean,
  fromAfar: boolean,
  wakerIdles: boolean,
  anyIdles: boolean,
): number {
  const own = ownIdles ? OWN_IDLES : 0;
  return own | (fromAfar ? FROM_AFAR : 0) | (wakerIdles ? WAKER_IDLES : 0) | (anyIdles ? ANY_IDLES : 0);
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
  /** How many CPUs idle. */
  let idle = 0;
  /** By thread: where it ran last, does it sleep, in which row it is being woken (-1: it is not) and what that found. */
  const end = threadsEnd(trace);
  const last = new Int32Array(end);
  const asleep = new Uint8Array(end);
  const wakingRow = new Int32Array(end).fill(-1);
  const wakingFound = new Uint8Array(end);
  const found = (previous: number, waker: number): number =>
    situation(current[previous] === 0, waker !== previous, current[waker] === 0, idle > 0);
  for (let row = 0; row < trace.length; row++) {
    const kind = trace.kind[row];
    const cpu = trace.cpu[row]!;
    const tid = trace.a[row]!;
    if (kind === change) {
      const next = trace.b[row]!;
      if (tid > 0 && !staysRunnable((trace.c[row]! >>> 16) & 0x7fff)) asleep[tid] = 1;
      last[tid] = cpu;
      last[next] = cpu;
      asleep[next] = 0;
      idle += Number(next === 0) - Number(current[cpu] === 0);
      current[cpu] = next;
    } else if (kind === waking && asleep[tid] === 1) {
      asleep[tid] = 0;
      wakingRow[tid] = row;
      wakingFound[tid] = found(last[tid]!, cpu);
    } else if (kind === wakeupNew) {
      const went = trace.b[row] === cpu ? WENT.stayed : WENT.elsewhere;
      choices[row] = choice(found(cpu, cpu), went);
    } else if (kind === wakeup && wakingRow[tid]! >= 0) {
      const from = wakingRow[tid]!;
      wakingRow[tid] = -1;
      const target = trace.b[row]!;
      const went =
        target === last[tid] ? WENT.stayed : target === trace.cpu[from] ? WENT.toWaker : WENT.elsewhere;
      choices[from] = choice(wakingFound[tid]!, went);
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
