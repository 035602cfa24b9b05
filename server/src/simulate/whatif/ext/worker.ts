import type { Trace } from '../../../trace/columns.ts';
import { TASK_STATE } from '../../../trace/kinds.ts';
import { ARRIVAL, type Demand } from '../../machine/types.ts';

/** How long the worker runs: a look at the few tasks that wait on each CPU. Assumed. */
const WORK_NS = 10_000;

type Column = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Float64Array;

/**
 * `demand` and its `trace` with one more thread: the kernel's worker that does the work of the watchdog of sched_ext, first
 * after half of `timeout`, then half of it after it was done (queue_delayed_work on system_unbound_wq).
 */
export function withWatchdogWorker(
  trace: Trace,
  demand: Demand,
  timeout: number,
): { readonly trace: Trace; readonly demand: Demand; readonly worker: number } {
  const { bursts, startNs, endNs } = demand;
  const worker = Math.max(0, ...trace.tasks.keys()) + 1;
  const comm = `kworker/u${2 * demand.cpus}:0`;
  const tasks = new Map(trace.tasks).set(worker, { tid: worker, comm, tgid: undefined });
  const count = Math.floor((endNs - startNs) / (timeout / 2)) + 1;
  const last = bursts.pointStart[bursts.length] ?? 0;
  const when = new Float64Array(count).fill(timeout / 2);
  when[0] = startNs + timeout / 2;
  const arrival = new Uint8Array(count).fill(ARRIVAL.relative);
  arrival[0] = ARRIVAL.absolute;
  const named = { ...trace, tasks };
  return {
    worker,
    trace: named,
    demand: {
      ...demand,
      trace: { ...demand.trace, tasks },
      tasks: [
        ...demand.tasks,
        {
          tid: worker,
          comm,
          firstBurst: bursts.length,
          lastBurst: bursts.length + count,
          cut: false,
          anyOrder: false,
          policy: 'NORMAL',
          nice: 0,
          rtPriority: 0,
          allowed: undefined,
          cpu: 0,
          group: 0,
        },
      ],
      bursts: {
        length: bursts.length + count,
        task: longer(bursts.task, new Int32Array(count).fill(demand.tasks.length)),
        demand: longer(bursts.demand, new Float64Array(count).fill(WORK_NS)),
        arrival: longer(bursts.arrival, arrival),
        when: longer(bursts.when, when),
        waker: longer(bursts.waker, new Int16Array(count).fill(-1)),
        costKind: longer(bursts.costKind, new Int8Array(count).fill(-1)),
        choice: longer(bursts.choice, new Int8Array(count).fill(-1)),
        cost: longer(bursts.cost, new Float64Array(count)),
        endState: longer(bursts.endState, new Uint16Array(count).fill(TASK_STATE.idle)),
        pointStart: longer(bursts.pointStart, new Int32Array(count).fill(last)),
      },
    },
  };
}

function longer<T extends Column>(column: T, more: T): T {
  const joined = new (column.constructor as new (length: number) => T)(column.length + more.length);
  joined.set(column);
  joined.set(more, column.length);
  return joined;
}
