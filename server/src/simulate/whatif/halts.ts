import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import { field, haltRows } from '../prepass.ts';
import { staysRunnable } from '../threads.ts';
import type { Demand, SimEvent, SimTask } from '../machine/types.ts';

/** Which of the switch-outs of a run are those of vCPUs that halt. */
export interface Halts {
  /** A sched_switch happens, of which `task` is switched out. */
  readonly take: (event: SimEvent, task: SimTask | undefined) => void;
  /** Does the thread that it switches out, a vCPU, go to sleep halted? */
  readonly now: () => boolean;
}

interface ThreadIds {
  readonly has: (tid: number) => boolean;
  readonly keys: () => Iterable<number>;
}

const STATE_SHIFT = 16;
const STATE_MASK = 0x7fff;

/**
 * A burst that ended in a halt in the recording ends in one in the model too, if the thread sleeps there at all: its
 * bursts are its sleeps in the recording, in their order.
 */
export function haltsOf(trace: Trace, demand: Demand, vcpus: ThreadIds): Halts {
  const recorded = recordedSleeps(trace, demand.startNs, vcpus);
  let halts = false;
  return {
    take: ({ a: tid, c }, task) => {
      halts = false;
      if (!task || task.asks || staysRunnable((c >>> STATE_SHIFT) & STATE_MASK)) return;
      const done = task.ended - demand.tasks[task.index]!.firstBurst;
      halts = recorded.get(tid)?.[done] === true;
    },
    now: () => halts,
  };
}

/** By thread: for each sleep since `start`, was it a halt? */
function recordedSleeps(
  trace: Trace,
  start: number,
  vcpus: ThreadIds,
): ReadonlyMap<number, readonly boolean[]> {
  const rows = haltRows(trace, vcpus);
  const sleeps = new Map<number, boolean[]>();
  const change = kindIndex('sched_switch');
  const prev = field(trace, 'sched_switch', 'prev_pid');
  const state = field(trace, 'sched_switch', 'prev_state');
  for (let row = 0; row < trace.length; row++) {
    if (trace.kind[row] !== change || trace.time[row]! < start || staysRunnable(state(row))) continue;
    const tid = prev(row);
    if (!vcpus.has(tid)) continue;
    let list = sleeps.get(tid);
    if (!list) sleeps.set(tid, (list = []));
    list.push(rows[row] === 1);
  }
  return sleeps;
}
