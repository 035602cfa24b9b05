import type { Trace } from './columns.ts';
import { fieldReader, kindIndex } from './kinds.ts';

/** A switch that the recording lacks: a CPU leaves a thread that it had not taken up. */
export interface Gap {
  readonly cpu: number;
  /** The thread that it leaves: when it came is not recorded. */
  readonly tid: number;
  /** The switches around it, ns since the first event. */
  readonly from: number;
  readonly to: number;
}

/**
 * The switches that `trace` lacks, as far as the others show it. Recorders lose some without a word: on Linux 6.18 a BPF
 * program was called for switches that ftrace's buffers did not have, and that they did not count as lost.
 */
export function gapsIn(trace: Trace): readonly Gap[] {
  const change = kindIndex('sched_switch');
  const [prev, next] = [fieldReader(trace, change, 'prev_pid')!, fieldReader(trace, change, 'next_pid')!];
  const running = new Int32Array(trace.cpus).fill(-1);
  const since = new Float64Array(trace.cpus);
  const gaps: Gap[] = [];
  for (let row = 0; row < trace.length; row++) {
    if (trace.kind[row] !== change) continue;
    const cpu = trace.cpu[row]!;
    const t = trace.time[row]!;
    const tid = prev(row);
    if (running[cpu] !== -1 && running[cpu] !== tid) gaps.push({ cpu, tid, from: since[cpu]!, to: t });
    running[cpu] = next(row);
    since[cpu] = t;
  }
  return gaps;
}
