import type { Trace } from './columns.ts';

/**
 * The name that the thread `tid` has at `t`, ns since the first event: what the last event before that named it; before
 * its first name, that. undefined: the trace has no such thread. A name is seen when an event shows it, which is after
 * the thread took it.
 */
export function nameAt({ renamed, tasks }: Trace, tid: number, t: number): string | undefined {
  const names = renamed?.get(tid);
  if (!names) return tasks.get(tid)?.comm;
  let low = 0;
  let high = names.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (names[middle]!.from <= t) low = middle;
    else high = middle - 1;
  }
  return names[low]!.comm;
}
