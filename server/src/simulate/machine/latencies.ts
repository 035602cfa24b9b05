import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import { threadsEnd } from '../by-thread.ts';
import { sorted, type Sorted } from '../quantiles.ts';
import { staysRunnable } from '../threads.ts';

/** Times that a thread is switched to, from which on it must have been switched from, too. */
const SEEN = 2;

/** Threads that never leave a CPU, as far as the recording shows: who traces may hide events of its own. */
export function hiddenThreads(trace: Trace): ReadonlySet<number> {
  const change = kindIndex('sched_switch');
  const end = threadsEnd(trace);
  const came = new Int32Array(end);
  const left = new Uint8Array(end).fill(1, 0, 1);
  for (let row = 0; row < trace.length; row++) {
    if (trace.kind[row] !== change) continue;
    left[trace.a[row]!] = 1;
    came[trace.b[row]!]!++;
  }
  const hidden = new Set<number>();
  for (let tid = 0; tid < end; tid++) if (came[tid]! >= SEEN && left[tid] === 0) hidden.add(tid);
  return hidden;
}

/**
 * ns from the wake-up of any thread to its run, for wake-ups since `from` that the trace shows whole, were the switches from
 * `hidden` threads to others not in it.
 */
export function wakeupLatencies(trace: Trace, from: number, hidden: ReadonlySet<number>): Sorted {
  const [change, waking, wakeup, wakeupNew] = [
    'sched_switch',
    'sched_waking',
    'sched_wakeup',
    'sched_wakeup_new',
  ].map(kindIndex);
  let highest = 0;
  for (const tid of trace.tasks.keys()) if (tid > highest) highest = tid;
  /** When it was woken; −1: it is not known to sleep; NaN: it sleeps. */
  const woken = new Float64Array(highest + 1).fill(-1);
  const latencies: number[] = [];
  const any = hidden.size > 0;
  for (let row = 0; row < trace.length; row++) {
    const kind = trace.kind[row];
    const t = trace.time[row]!;
    if (kind === change) {
      const prev = trace.a[row]!;
      if (any && hidden.has(prev)) continue;
      const next = trace.b[row]!;
      if (prev > 0) woken[prev] = staysRunnable((trace.c[row]! >>> 16) & 0x7fff) ? -1 : NaN;
      if (next > 0) {
        if (woken[next]! >= from) latencies.push(t - woken[next]!);
        woken[next] = -1;
      }
    } else if (kind === waking || kind === wakeup || kind === wakeupNew) {
      const tid = trace.a[row]!;
      if (Number.isNaN(woken[tid]!) || (kind === wakeupNew && woken[tid] === -1)) woken[tid] = t;
    }
  }
  return sorted(latencies);
}
