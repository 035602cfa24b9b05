import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';

/** Where the recording has its tasks: those of task i are `start[i]` up to, not including, `start[i + 1]`. */
export interface Places {
  readonly start: Int32Array;
  /** Since when it is there, ns, ascending for each task. */
  readonly since: Float64Array;
  readonly cpu: Int16Array;
}

/** The places of the threads `tids`, as they run and are moved. */
export function placesOf(trace: Trace, tids: readonly number[]): Places {
  const [change, migrate] = ['sched_switch', 'sched_migrate_task'].map(kindIndex);
  let highest = 0;
  for (const tid of tids) if (tid > highest) highest = tid;
  const index = new Int32Array(highest + 1).fill(-1);
  tids.forEach((tid, i) => (index[tid] = i));
  const last = new Int16Array(tids.length).fill(-1);
  const found: { readonly task: number; readonly since: number; readonly cpu: number }[] = [];
  for (let row = 0; row < trace.length; row++) {
    const kind = trace.kind[row];
    if (kind !== change && kind !== migrate) continue;
    const task = index[kind === change ? trace.b[row]! : trace.a[row]!] ?? -1;
    const cpu = kind === change ? trace.cpu[row]! : (trace.b[row]! >>> 16) & 0x7fff;
    if (task < 0 || last[task] === cpu) continue;
    last[task] = cpu;
    found.push({ task, since: trace.time[row]!, cpu });
  }
  const start = new Int32Array(tids.length + 1);
  for (const { task } of found) start[task + 1]!++;
  for (let i = 0; i < tids.length; i++) start[i + 1]! += start[i]!;
  const next = start.slice();
  const places = {
    start,
    since: new Float64Array(found.length),
    cpu: new Int16Array(found.length),
  };
  for (const { task, since, cpu } of found) {
    const at = next[task]!++;
    places.since[at] = since;
    places.cpu[at] = cpu;
  }
  return places;
}

/** Where the recording has the task at `time`; undefined: it is not in it. */
export function placeAt({ start, since, cpu }: Places, task: number, time: number): number | undefined {
  const first = start[task] ?? 0;
  let [low, high] = [first, start[task + 1] ?? first];
  if (low === high) return undefined;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (since[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return cpu[Math.max(first, low - 1)];
}
