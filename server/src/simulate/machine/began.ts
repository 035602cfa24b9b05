import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';

/** Rows that are looked at. */
const ROWS = 200;

/**
 * Since when `tid` runs on `cpu`, as its first charge from `row` on tells: sched_stat_runtime says how long a task ran since
 * it was picked, or since the charge before (update_curr). Undefined where it leaves the CPU without one.
 */
export function beganAt(trace: Trace, row: number, cpu: number, tid: number): number | undefined {
  const [change, charge] = ['sched_switch', 'sched_stat_runtime'].map(kindIndex);
  const end = Math.min(trace.length, row + ROWS);
  for (let at = row; at < end; at++) {
    if (trace.cpu[at] !== cpu) continue;
    if (trace.kind[at] === charge && trace.a[at] === tid) return trace.time[at]! - trace.wide[at]!;
    if (trace.kind[at] === change) return undefined;
  }
  return undefined;
}
