import type { Trace } from '../columns.ts';
import { KINDS, fieldReader, type Kind } from '../kinds.ts';
import { GENERIC, MESSAGES, PACKET } from './messages.ts';
import { ProtoWriter } from './protobuf.ts';

/** Something that happened beside the schedule, shown on a track of its own. */
export interface Remark {
  /** ns of the trace's clock. */
  readonly t: number;
  readonly text: string;
}

const TYPE_INSTANT = 3;
const SEQUENCE = 1;
const TRACK = 1;

/** Events of all CPUs after which each has its bundle, as recorders write them: who reads the file needs only its beginning. */
const ROUND = 4096;

/**
 * A trace for the Perfetto UI, in parts that follow each other: the events of the kinds that are wanted, the names of
 * threads, and `remarks` on a track called `track`. The context of events has no place in that format.
 */
export function* perfettoTrace(
  trace: Trace,
  track: string,
  remarks: readonly Remark[],
  isWanted: (kind: number) => boolean = () => true,
): Generator<Uint8Array> {
  yield packet((message) => message.message(PACKET.processTree, (tree) => writeThreads(tree, trace)));
  const writers = writersOf(trace);
  const waiting: number[][] = Array.from({ length: trace.cpus }, () => []);
  let written = 0;
  for (let row = 0; row < trace.length; row++) {
    if (!isWanted(trace.kind[row] ?? 0)) continue;
    waiting[trace.cpu[row] ?? 0]?.push(row);
    if (++written % ROUND === 0) yield* bundlesOf(trace, waiting, writers);
  }
  yield* bundlesOf(trace, waiting, writers);
  if (remarks.length > 0) yield packet((message) => message.message(PACKET.track, trackCalled(track)));
  for (const { t, text } of remarks) {
    yield packet((message) => {
      message.int(PACKET.timestamp, t);
      message.message(PACKET.trackEvent, (event) => {
        event.int(9, TYPE_INSTANT);
        event.int(11, TRACK);
        event.string(23, text);
      });
    });
  }
}

const trackCalled =
  (name: string) =>
  (descriptor: ProtoWriter): void => {
    descriptor.int(1, TRACK);
    descriptor.string(2, name);
  };

function packet(write: (message: ProtoWriter) => void): Uint8Array {
  const file = new ProtoWriter();
  file.message(1, (message) => {
    message.int(PACKET.sequence, SEQUENCE);
    write(message);
  });
  return file.done();
}

/** A bundle for each CPU of the rows that wait for it, which are none then. */
function* bundlesOf(
  trace: Trace,
  waiting: readonly number[][],
  writers: readonly EventWriter[],
): Generator<Uint8Array> {
  for (const [cpu, rows] of waiting.entries()) {
    if (rows.length === 0) continue;
    yield packet((message) =>
      message.message(PACKET.bundle, (to) => writeBundle(to, trace, cpu, rows, writers)),
    );
    rows.length = 0;
  }
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
  /** The field of FtraceEvent. */
  readonly field: number;
  readonly write: (message: ProtoWriter, row: number) => void;
}

/** How the events of each kind are written: as the message of their own, or with the names of their fields. */
function writersOf(trace: Trace): readonly EventWriter[] {
  const messages = new Map(
    Object.entries(MESSAGES)
      .filter(([, { name }]) => !name.startsWith('kvm_'))
      .map(([field, message]) => [message.name, { field: Number(field), message }]),
  );
  return KINDS.map((kind, index) => {
    const own = messages.get(kind.name);
    const field = (name: string): ((row: number) => number) => required(fieldReader(trace, index, name));
    if (!own) return { field: GENERIC, write: genericWriter(trace, kind, field) };
    const parts = [
      ...Object.entries(own.message.fields).map(([at, name]) => numberWriter(Number(at), field(name))),
      ...Object.entries(own.message.comms).map(([at, pid]) => nameWriter(trace, Number(at), field(pid))),
    ];
    return { field: own.field, write: (message, row) => parts.forEach((write) => write(message, row)) };
  });
}

type Write = EventWriter['write'];

const numberWriter =
  (at: number, value: (row: number) => number): Write =>
  (message, row) =>
    message.int(at, value(row));

const nameWriter =
  (trace: Trace, at: number, pid: (row: number) => number): Write =>
  (message, row) =>
    message.string(at, comm(trace, pid(row)));

const comm = (trace: Trace, tid: number): string =>
  tid === 0 ? 'swapper' : (trace.tasks.get(tid)?.comm ?? '');

/** Of GenericFtraceEvent: the name of the event, and each field with its name. */
function genericWriter(
  trace: Trace,
  { name, fields }: Kind,
  field: (name: string) => (row: number) => number,
): Write {
  const parts = Object.entries(fields).map(([of, { as }]) => ({
    of,
    isText: as === 'string',
    value: field(of),
  }));
  return (message, row) => {
    message.string(1, name);
    for (const { of, isText, value } of parts) {
      message.message(2, (one) => {
        one.string(1, of);
        if (isText) one.string(3, trace.strings[value(row)] ?? '');
        else one.int(4, value(row));
      });
    }
  };
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a message has a field that its event has not');
  return value;
}

function writeBundle(
  bundle: ProtoWriter,
  trace: Trace,
  cpu: number,
  rows: readonly number[],
  writers: readonly EventWriter[],
): void {
  bundle.int(1, cpu);
  for (const row of rows) {
    const writer = writers[trace.kind[row] ?? -1];
    if (!writer) continue;
    bundle.message(2, (event) => {
      event.int(1, trace.baseNs + BigInt(Math.round(trace.time[row] ?? 0)));
      event.int(2, Math.max(0, trace.tid[row] ?? 0));
      event.message(writer.field, (message) => writer.write(message, row));
    });
  }
}
