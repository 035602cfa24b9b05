import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { memorySource } from '../../server/src/trace/binary/bytes.ts';
import { CONTEXT, type Trace } from '../../server/src/trace/columns.ts';
import { unpack } from '../../server/src/trace/node/unpack.ts';
import { ProtoWriter } from '../../server/src/trace/perfetto/protobuf.ts';
import { readPerfetto } from '../../server/src/trace/perfetto/read.ts';
import { perfettoTrace } from '../../server/src/trace/perfetto/write.ts';
import { sniff } from '../../server/src/trace/sniff.ts';
import { exampleTrace } from '../support/trace.ts';
import { damage } from './damage.ts';
import { eventsOf } from './support.ts';

type Write = (message: ProtoWriter) => void;

function message(...parts: readonly Write[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const write of parts) write(writer);
  return writer.done();
}

const int =
  (field: number, value: number | bigint): Write =>
  (to) =>
    to.int(field, value);
const text =
  (field: number, value: string): Write =>
  (to) =>
    to.string(field, value);
const part =
  (field: number, ...parts: readonly Write[]): Write =>
  (to) =>
    to.message(field, (inner) => parts.forEach((write) => write(inner)));
/** A block of varints. */
const packed = (field: number, ...values: readonly number[]): Write => {
  // A field of a varint is its tag, of one byte below 16, and the number.
  const bytes = values.flatMap((value) => [...message(int(1, value)).subarray(1)]);
  return bytesIn(field, Uint8Array.from(bytes));
};
const bytesIn =
  (field: number, bytes: Uint8Array): Write =>
  (to) =>
    to.bytesOf(field, bytes);

const packet = (...parts: readonly Write[]): Write => part(1, ...parts);
const bundle = (cpu: number, ...parts: readonly Write[]): Write => packet(part(1, int(1, cpu), ...parts));
const event = (time: number, tid: number, field: number, ...parts: readonly Write[]): Write =>
  part(2, int(1, time), int(2, tid), part(field, ...parts));
const waking = (time: number, tid: number, pid: number): Write =>
  event(time, tid, 20, text(1, `t${pid}`), int(2, pid), int(3, 120), int(4, 1), int(5, 1));

function opened(...packets: readonly Write[]): Trace {
  const bytes = message(...packets);
  expect(sniff(bytes)).toEqual({ kind: 'binary', format: 'perfetto' });
  const result = readPerfetto(memorySource(bytes), unpack);
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}

const brief = (trace: Trace) => eventsOf(trace).map(({ name, time, cpu, tid }) => [name, time, cpu, tid]);

test.each(['eevdf-3vm.trace.gz', 'kvm-overcommit4.trace.gz'])(
  'what was written of %s is read back',
  async (name) => {
    const trace = await exampleTrace(name);
    const result = readPerfetto(memorySource(perfettoTrace(trace, '', [])), unpack);
    if (!result.ok) throw new Error(result.error.message);
    const read = result.trace;
    expect(read).toMatchObject({
      format: 'perfetto',
      clock: 'boot',
      cpus: trace.cpus,
      skipped: 0,
      notes: [],
    });
    expect(read.baseNs).toBe(trace.baseNs);
    const without = (of: Trace) => eventsOf(of).map((one) => ({ ...one, context: 0 }));
    const byTime = (of: Trace) => without(of).toSorted((a, b) => a.time - b.time || a.cpu - b.cpu);
    expect(byTime(read)).toEqual(byTime(trace));
    expect(read.counts.get('sched_switch')).toBe(trace.counts.get('sched_switch'));
    for (const { tid, comm } of read.tasks.values()) expect(trace.tasks.get(tid)?.comm).toBe(comm);
  },
);

describe('compact events', () => {
  const compact = part(
    4,
    text(5, 'web'),
    text(5, 'db'),
    packed(1, 1000, 50, 100),
    packed(2, 1, 0, 256),
    packed(3, 10, 0, 11),
    packed(4, 120, 120, 98),
    packed(6, 0, 1, 1),
    packed(7, 1020, 30),
    packed(8, 11, 12),
    packed(9, 1, 0),
    packed(10, 98, 139),
    packed(11, 1, 0),
    packed(12, 0, 9),
  );

  test('are in the order of time, with the thread that the switch before brought', () => {
    const trace = opened(bundle(1, compact));
    expect(brief(trace)).toEqual([
      ['sched_waking', 20, 1, 10],
      ['sched_waking', 50, 1, 10],
      ['sched_switch', 50, 1, 10],
      ['sched_switch', 150, 1, 0],
    ]);
    const [first, second, change, last] = eventsOf(trace);
    expect(first?.fields).toEqual({ pid: 11, target_cpu: 1, prio: 98 });
    expect(second?.context).toBe(CONTEXT.known | CONTEXT.irqsOff | CONTEXT.hardirq);
    expect(change?.fields).toMatchObject({ prev_pid: 10, next_pid: 0, prev_prio: 120, prev_state: 0 });
    expect(last?.fields).toMatchObject({ prev_pid: 0, next_pid: 11, next_prio: 98, prev_state: 256 });
    expect(trace.tasks.get(10)?.comm).toBe('web');
    expect(trace.tasks.get(11)?.comm).toBe('db');
  });

  test('count where nobody knows who left the CPU, also after a loss', () => {
    const one = (time: number, next: number): Write =>
      part(4, text(5, 'a'), packed(1, time), packed(2, 1), packed(3, next), packed(4, 120), packed(6, 0));
    const trace = opened(bundle(0, one(10, 5)), bundle(0, one(20, 6)), bundle(0, int(3, 1), one(30, 7)));
    expect(brief(trace)).toEqual([['sched_switch', 10, 0, 5]]);
    expect(trace).toMatchObject({ lost: 1, skipped: 0 });
    expect(trace.counts.get('sched_switch')).toBe(3);
    expect(trace.notes.map(({ message: said, count }) => [said, count])).toContainEqual([
      'a switch does not say who left the CPU, and nothing before it does: it is left out',
      2,
    ]);
  });

  test('that do not go together are left out', () => {
    const trace = opened(bundle(0, part(4, packed(1, 10, 1), packed(3, 5))), bundle(0, event(5, 3, 13)));
    expect(trace).toMatchObject({ length: 0, skipped: 1 });
  });
});

describe('packets', () => {
  const first = message(bundle(0, waking(1000, 7, 8)));
  const second = bundle(1, waking(1500, 9, 10));
  const both = [
    ['sched_waking', 0, 0, 7],
    ['sched_waking', 500, 1, 9],
  ];

  test('may be compressed', () => {
    expect(brief(opened(packet(bytesIn(50, deflateSync(first))), second))).toEqual(both);
    const size = first.length;
    // A frame with its size and one block that is stored as it is.
    const head = [0x28, 0xb5, 0x2f, 0xfd, 0x20, size, ((size << 3) & 0xff) | 1, size >> 5, 0];
    expect(brief(opened(packet(bytesIn(133, Uint8Array.of(...head, ...first))), second))).toEqual(both);
  });

  test('that are damaged leave the others as they are', () => {
    const broken = packet(bytesIn(50, Uint8Array.of(1, 2, 3)));
    const trace = opened(second, broken, packet(bytesIn(1, Uint8Array.of(0x0a, 0x7f))));
    expect(trace).toMatchObject({ length: 1, skipped: 2 });
    expect(trace.notes.map(({ message: said }) => said)).toEqual([
      'compressed packets are damaged',
      'a packet cannot be: it is left out',
    ]);
  });

  test('that end too early are told', () => {
    const bytes = message(second, bundle(0, waking(1, 2, 3)));
    const result = readPerfetto(memorySource(bytes.subarray(0, bytes.length - 4)), unpack);
    expect(result.ok && result.trace).toMatchObject({
      length: 1,
      notes: [{ message: 'the file ends inside a packet', offset: message(second).length }],
    });
  });

  test('of another clock are left out, and the clock is named', () => {
    const trace = opened(bundle(0, int(5, 4), waking(10, 1, 2)), bundle(1, waking(20, 1, 2)));
    expect(trace).toMatchObject({ clock: 'mono_raw', length: 1, skipped: 1 });
  });

  test('tell names and groups of threads, CPUs, and what was lost', () => {
    const tree = packet(
      part(2, part(1, int(1, 7), text(3, '/bin/web')), part(2, int(1, 9), text(2, 'unused'), int(3, 7))),
    );
    const cpus = packet(part(67, part(1, text(1, 'x')), part(1), part(1), part(1)));
    const stats = packet(part(34, int(1, 2), part(2, int(1, 0), int(3, 40)), part(2, int(1, 1), int(3, 2))));
    const trace = opened(tree, cpus, second, bundle(0, waking(2000, 7, 9)), stats);
    expect(trace.tasks.get(9)).toEqual({ tid: 9, comm: 't9', tgid: 7 });
    expect(trace.tasks.get(7)).toMatchObject({ tgid: 7 });
    expect(trace).toMatchObject({ cpus: 4, lost: 42 });
  });

  test('of none of which ftrace has events are an error', () => {
    const result = readPerfetto(memorySource(message(packet(int(8, 5)))), unpack);
    expect(result).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('linux.ftrace') as string },
    });
  });
});

describe('events without a message of their own', () => {
  const field = (name: string, value: Write): Write => part(2, text(1, name), value);
  const exit = [
    field('exit_reason', int(5, 0x78)),
    field('isa', int(5, 2)),
    field('vcpu_id', int(5, 3)),
    field('guest_rip', int(5, 4096)),
  ];

  test('are read by the names of their fields', () => {
    const trace = opened(
      bundle(0, event(10, 7, 327, text(1, 'kvm_exit'), ...exit)),
      bundle(0, event(11, 7, 327, text(1, 'kvm_inj_virq'), field('vector', int(5, 64)))),
      bundle(0, event(12, 7, 327, text(1, 'something'), field('x', int(4, -1)))),
    );
    expect(eventsOf(trace).map(({ name, fields }) => [name, fields])).toEqual([
      ['kvm_exit', { vcpu_id: 3, exit_reason: 'hlt', guest_rip: 4096 }],
      ['kvm_inj_virq', { vector: 64, soft: 0, reinjected: 0 }],
    ]);
    expect(trace.counts.get('something')).toBe(1);
  });

  test('are read by a description in the file, which may follow them', () => {
    const described = (at: number, name: string): Write => part(2, text(1, name), int(3, at), int(4, 1));
    const descriptor = part(
      11,
      int(1, 70_000),
      part(2, text(1, 'kvm_exit'), described(1, 'exit_reason'), described(2, 'isa'), described(3, 'vcpu_id')),
    );
    const trace = opened(bundle(0, event(10, 7, 70_000, int(1, 1), int(2, 1), int(3, 5)), descriptor));
    expect(eventsOf(trace)).toMatchObject([
      { name: 'kvm_exit', fields: { exit_reason: 'EXTERNAL_INTERRUPT', vcpu_id: 5 } },
    ]);
  });

  test('and that nobody describes count', () => {
    const trace = opened(bundle(0, event(10, 7, 999), event(11, 7, 13), waking(12, 1, 2)));
    expect([...trace.counts]).toEqual([
      ['ftrace event 999', 1],
      ['cpu_idle', 1],
      ['sched_waking', 1],
    ]);
  });
});

test('whatever is damaged, what is read is sound', async () => {
  const file = perfettoTrace(await exampleTrace('eevdf-3vm.trace.gz'), '', []);
  damage(
    Uint8Array.from(file.subarray(file.length - 20_000)),
    (bytes) => readPerfetto(memorySource(bytes), unpack),
    100,
  );
  const head = Uint8Array.from(file.subarray(0, 20_000));
  damage(head, (bytes) => readPerfetto(memorySource(bytes), unpack), 100);
});
