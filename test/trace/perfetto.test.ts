import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { memorySource } from '../../server/src/trace/binary/bytes.ts';
import { CONTEXT, type Trace } from '../../server/src/trace/columns.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { unpack } from '../../server/src/trace/node/unpack.ts';
import { readPerfetto } from '../../server/src/trace/perfetto/read.ts';
import { perfettoTrace } from '../../server/src/trace/perfetto/write.ts';
import { sniff } from '../../server/src/trace/sniff.ts';
import { exampleTrace } from '../support/trace.ts';
import { damage } from './damage.ts';
import {
  type Write,
  bundle,
  bytesIn,
  event,
  int,
  message,
  packed,
  packet,
  part,
  text,
  waking,
} from './encode-perfetto.ts';
import { type Event, eventsOf } from './support.ts';

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
    const result = readPerfetto(memorySource(Buffer.concat([...perfettoTrace(trace, '', [])])), unpack);
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

  test('of another clock are left out where nothing ties it to that of the first, which is named', () => {
    const trace = opened(bundle(0, int(5, 4), waking(10, 1, 2)), bundle(1, waking(20, 1, 2)));
    expect(trace).toMatchObject({ clock: 'mono_raw', length: 1, skipped: 1 });
    expect(trace.notes[0]?.message).toContain('nothing says how the clocks lie');
  });

  test('of another clock are brought to that of the first by the pair of times in their bundle', () => {
    const local = bundle(1, int(5, 3), int(6, 500), int(7, 12_000_500), waking(100, 1, 2));
    const raw = bundle(2, int(5, 4), int(6, 9_000_000), int(7, 11_000_000), waking(10_000_100, 1, 2));
    const trace = opened(bundle(0, waking(12_000_000, 1, 2)), local, raw);
    expect(trace).toMatchObject({ clock: 'boot', baseNs: 12_000_000n, skipped: 0 });
    expect(brief(trace)).toEqual([
      ['sched_waking', 0, 0, 1],
      ['sched_waking', 100, 1, 1],
      ['sched_waking', 100, 2, 1],
    ]);
    // The other way round: boot to local.
    const other = opened(local, bundle(0, waking(12_000_000, 1, 2)));
    expect(other).toMatchObject({ clock: 'local', baseNs: 0n, skipped: 0 });
    expect(brief(other)).toEqual([
      ['sched_waking', 0, 0, 1],
      ['sched_waking', 100, 1, 1],
    ]);
  });

  test('of another clock are brought to that of the first by a snapshot of clocks', () => {
    const clock = (id: number, time: number, unit = 1): Write =>
      part(1, int(1, id), int(2, time), ...(unit === 1 ? [] : [int(4, unit)]));
    // Boot, monotonic raw in us, a clock of a sequence; then a newer one.
    const snapshot = (boot: number, raw: number): Write =>
      packet(part(6, clock(6, boot), clock(5, raw, 1000), clock(70, 1)));
    const trace = opened(
      snapshot(5_000_000, 3000),
      bundle(0, waking(10_000_000, 1, 2)),
      bundle(1, int(5, 4), waking(8_000_100, 1, 2)),
      snapshot(15_000_000, 14_000),
      bundle(1, int(5, 4), waking(9_000_300, 1, 2)),
    );
    expect(trace).toMatchObject({ clock: 'boot', skipped: 0 });
    expect(brief(trace).map(([, time, cpu]) => [time, cpu])).toEqual([
      [0, 0],
      [100, 1],
      [300, 1],
    ]);
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

test('a file that another encoder made of the .proto files of Perfetto is read', async () => {
  // By protobufjs 8 from protos/perfetto/trace/trace.proto of Perfetto's commit ec5d16b14b74: three clocks, compact
  // columns, packets that are of no use here.
  const result = await openTrace(fileURLToPath(new URL('../fixtures/trace/clocks.pftrace', import.meta.url)));
  if (!result.ok) throw new Error(result.error.message);
  const { trace } = result;
  expect(trace).toMatchObject({ clock: 'boot', cpus: 3, baseNs: 10_000_000n, skipped: 0 });
  expect(brief(trace)).toEqual([
    ['sched_switch', 0, 0, 1],
    ['sched_waking', 1000, 0, 2],
    ['sched_wakeup', 2000, 0, 2],
    ['sched_migrate_task', 2500, 0, 2],
    ['sched_switch', 5000, 1, 5],
    ['sched_waking', 2_000_120, 2, 20],
    ['sched_switch', 2_000_150, 2, 20],
  ]);
  expect(eventsOf(trace)[3]?.fields).toMatchObject({ pid: 9, prio: 120, orig_cpu: 1, dest_cpu: 2 });
  expect(trace.tasks.get(9)).toEqual({ tid: 9, comm: 'w', tgid: 9 });
});

test('what the recorder of Perfetto wrote is what the kernel printed meanwhile', async () => {
  // By traced and traced_probes 56.0-1 of Debian in a virtual machine of Linux 7.3, which ran two VMs of test/qemu/vmm.c:
  // compact columns, described events, packets compressed with zlib. The text is that of another instance of tracefs.
  const fixture = async (name: string) => {
    const result = await openTrace(fileURLToPath(new URL(`../fixtures/trace/${name}`, import.meta.url)));
    if (!result.ok) throw new Error(result.error.message);
    return result.trace;
  };
  const [trace, printed] = [await fixture('traced-56.pftrace'), await fixture('traced-56.ftrace.txt.gz')];
  expect(trace).toMatchObject({ clock: 'boot', cpus: 2, lost: 0, skipped: 0, partialUntil: 0 });
  // As protobufjs counts them with the .proto files of Perfetto.
  expect(Object.fromEntries(trace.counts)).toMatchObject({
    sched_switch: 269,
    sched_waking: 144,
    sched_wakeup: 144,
    kvm_set_irq: 100,
    kvm_exit: 87,
    kvm_vcpu_wakeup: 31,
    sched_migrate_task: 3,
  });
  expect(trace.notes.map(({ count }) => count)).toEqual([87, 2]);
  expect(trace.tasks.get(124)).toEqual({ tid: 124, comm: 'CPU 0/KVM', tgid: 124 });
  // The two rings are filled one after the other, and an interrupt may come in between: one did while a thread ended.
  const of = (from: Trace, cpu: number): Event[] =>
    eventsOf(from).filter((one) => one.cpu === cpu && !/stat_runtime|process_exit/.test(one.name));
  const brief = ({ name, tid, fields }: Event) => {
    const { exit_reason: _, vcpu_id: __, rip: ___, guest_rip: ____, ...rest } = fields;
    return [name, tid, rest];
  };
  for (const cpu of [0, 1]) {
    const all = of(trace, cpu);
    const own = all.slice(all.findIndex(({ name }) => name === 'sched_switch'));
    const shift = Number(trace.baseNs - printed.baseNs);
    const text = of(printed, cpu);
    const at = text.findIndex(
      ({ name, time }) => name === own[0]!.name && Math.abs(time - shift - own[0]!.time) < 50_000,
    );
    expect(text.slice(at, at + own.length).map(brief)).toEqual(own.map(brief));
  }
});

test('whatever is damaged, what is read is sound', async () => {
  const file = Buffer.concat([...perfettoTrace(await exampleTrace('eevdf-3vm.trace.gz'), '', [])]);
  damage(
    Uint8Array.from(file.subarray(file.length - 20_000)),
    (bytes) => readPerfetto(memorySource(bytes), unpack),
    100,
  );
  const head = Uint8Array.from(file.subarray(0, 20_000));
  damage(head, (bytes) => readPerfetto(memorySource(bytes), unpack), 100);
});
