import type { Trace } from './columns.ts';
import { fieldReader, kindIndex } from './kinds.ts';
import { ProtoWriter } from './protobuf.ts';

/** Something that happened beside the schedule, shown on a track of its own. */
export interface Remark {
  /** ns of the trace's clock. */
  readonly t: number;
  readonly text: string;
}

/** Numbers of fields, from protos/perfetto/trace of the Perfetto project: trace_packet, ftrace_event, sched, process_tree. */
const PACKET = { bundle: 1, processTree: 2, timestamp: 8, sequence: 10, trackEvent: 11, track: 60 } as const;
const EVENT = { sched_switch: 4, sched_wakeup: 17, sched_waking: 20, sched_wakeup_new: 114 } as const;
const TYPE_INSTANT = 3;
const SEQUENCE = 1;
const TRACK = 1;

/** Events of one CPU that a bundle holds. */
const BUNDLE = 512;

/**
 * A schedule as a trace that the Perfetto UI opens: switches and wake-ups, the names of threads, and `remarks` on a
 * track called `track`. Events of other kinds have no place in that format and are left out.
 */
export function perfettoTrace(trace: Trace, track: string, remarks: readonly Remark[]): Uint8Array {
  const file = new ProtoWriter();
  const packet = (write: (message: ProtoWriter) => void): void =>
    file.message(1, (message) => {
      message.int(PACKET.sequence, SEQUENCE);
      write(message);
    });
  packet((message) => message.message(PACKET.processTree, (tree) => writeThreads(tree, trace)));
  const writers = writersOf(trace);
  for (let cpu = 0; cpu < trace.cpus; cpu++) {
    const rows: number[] = [];
    const flush = (): void => {
      if (rows.length > 0)
        packet((message) =>
          message.message(PACKET.bundle, (to) => writeBundle(to, trace, cpu, rows, writers)),
        );
      rows.length = 0;
    };
    for (let row = 0; row < trace.length; row++) {
      if (trace.cpu[row] !== cpu || !writers.has(trace.kind[row] ?? -1)) continue;
      rows.push(row);
      if (rows.length === BUNDLE) flush();
    }
    flush();
  }
  if (remarks.length > 0) {
    packet((message) =>
      message.message(PACKET.track, (descriptor) => {
        descriptor.int(1, TRACK);
        descriptor.string(2, track);
      }),
    );
  }
  for (const { t, text } of remarks) {
    packet((message) => {
      message.int(PACKET.timestamp, t);
      message.message(PACKET.trackEvent, (event) => {
        event.int(9, TYPE_INSTANT);
        event.int(11, TRACK);
        event.string(23, text);
      });
    });
  }
  return file.done();
}

function writeThreads(tree: ProtoWriter, trace: Trace): void {
  for (const { tid, comm, tgid } of trace.tasks.values()) {
    tree.message(2, (thread) => {
      thread.int(1, tid);
      thread.string(2, comm);
      thread.int(3, tgid ?? tid);
    });
  }
}

interface EventWriter {
  readonly field: number;
  readonly write: (message: ProtoWriter, row: number) => void;
}

/** How the events of each kind that is written are written. */
function writersOf(trace: Trace): ReadonlyMap<number, EventWriter> {
  const read = (event: string, name: string): ((row: number) => number) => {
    const reader = fieldReader(trace, kindIndex(event), name);
    if (!reader) throw new Error(`${event} has no field ${name}`);
    return reader;
  };
  const comm = (tid: number): string => (tid === 0 ? 'swapper' : (trace.tasks.get(tid)?.comm ?? ''));
  const of = (name: string): ((row: number) => number) => read('sched_switch', name);
  const [prev, prevPrio, state, next, nextPrio] = [
    of('prev_pid'),
    of('prev_prio'),
    of('prev_state'),
    of('next_pid'),
    of('next_prio'),
  ];
  const change: EventWriter = {
    field: EVENT.sched_switch,
    write: (message, row) => {
      message.string(1, comm(prev(row)));
      message.int(2, prev(row));
      message.int(3, prevPrio(row));
      message.int(4, state(row));
      message.string(5, comm(next(row)));
      message.int(6, next(row));
      message.int(7, nextPrio(row));
    },
  };
  const wake = (name: 'sched_wakeup' | 'sched_waking' | 'sched_wakeup_new'): [number, EventWriter] => {
    const [pid, prio, target] = [read(name, 'pid'), read(name, 'prio'), read(name, 'target_cpu')];
    const write = (message: ProtoWriter, row: number): void => {
      message.string(1, comm(pid(row)));
      message.int(2, pid(row));
      message.int(3, prio(row));
      message.int(4, 1);
      message.int(5, target(row));
    };
    return [kindIndex(name), { field: EVENT[name], write }];
  };
  return new Map([
    [kindIndex('sched_switch'), change],
    wake('sched_wakeup'),
    wake('sched_waking'),
    wake('sched_wakeup_new'),
  ]);
}

function writeBundle(
  bundle: ProtoWriter,
  trace: Trace,
  cpu: number,
  rows: readonly number[],
  writers: ReadonlyMap<number, EventWriter>,
): void {
  bundle.int(1, cpu);
  for (const row of rows) {
    const writer = writers.get(trace.kind[row] ?? -1);
    if (!writer) continue;
    bundle.message(2, (event) => {
      event.int(1, trace.baseNs + BigInt(Math.round(trace.time[row] ?? 0)));
      event.int(2, Math.max(0, trace.tid[row] ?? 0));
      event.message(writer.field, (message) => writer.write(message, row));
    });
  }
}
