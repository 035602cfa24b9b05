import type { Trace } from '../../trace/columns.ts';
import type { SimEvent } from '../machine/types.ts';

/** The event at hand as a trace of one row, so that hooks read simulated events as they read recorded ones. */
export interface Live {
  readonly trace: Trace;
  readonly take: (event: SimEvent) => void;
}

/** Events that the machine makes, whether the recording has them or not. */
const MADE = ['sched_switch', 'sched_waking', 'sched_wakeup', 'sched_wakeup_new', 'sched_migrate_task'];

/** A live trace over the names and threads of `recorded`, at `start`. */
export function liveTrace(recorded: Trace, start: number): Live {
  const time = Float64Array.of(start);
  const [kind, context] = [new Uint8Array(1), new Uint8Array(1)];
  const cpu = new Uint16Array(1);
  const [tid, a, b, c] = [new Int32Array(1), new Int32Array(1), new Int32Array(1), new Int32Array(1)];
  const wide = new Float64Array(1);
  const counts = new Map(recorded.counts);
  for (const event of MADE) if (!counts.has(event)) counts.set(event, 1);
  return {
    trace: { ...recorded, counts, length: 1, time, kind, cpu, tid, context, a, b, c, wide },
    take: (event) => {
      time[0] = event.time;
      kind[0] = event.kind;
      cpu[0] = event.cpu;
      tid[0] = event.tid;
      context[0] = event.context;
      a[0] = event.a;
      b[0] = event.b;
      c[0] = event.c;
      wide[0] = event.wide;
    },
  };
}
