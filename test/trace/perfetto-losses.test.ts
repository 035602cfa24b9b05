import { describe, expect, test } from 'vitest';
import { memorySource } from '../../server/src/trace/binary/bytes.ts';
import type { Trace } from '../../server/src/trace/columns.ts';
import { unpack } from '../../server/src/trace/node/unpack.ts';
import { readPerfetto } from '../../server/src/trace/perfetto/read.ts';
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
import { eventsOf } from './support.ts';

function opened(...packets: readonly Write[]): Trace {
  const result = readPerfetto(memorySource(message(...packets)), unpack);
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}

const notesOf = (trace: Trace) => trace.notes.map(({ message: said, count }) => [said, count]);
const brief = (trace: Trace) => eventsOf(trace).map(({ name, time, cpu, tid }) => [name, time, cpu, tid]);

/** A switch to `next` at `time`, written compactly. */
const compact = (time: number, next: number): Write =>
  part(4, text(5, 'a'), packed(1, time), packed(2, 1), packed(3, next), packed(4, 120), packed(6, 0));
const lost = ['the recorder lost events here', 1];
const unknown = ['a switch does not say who left the CPU, and nothing before it does: it is left out', 1];

describe('what is missing', () => {
  const sequence = (of: number, ...parts: readonly Write[]): Write =>
    packet(int(10, of), ...parts, int(42, 1));
  const inside = (cpu: number, ...parts: readonly Write[]): Write => part(1, int(1, cpu), ...parts);

  test('are packets that the service dropped, but before the first of a sequence', () => {
    const trace = opened(
      sequence(3, inside(0, compact(10, 5))),
      packet(int(10, 3), inside(0, compact(20, 6))),
      sequence(4, part(2)),
      sequence(3, inside(0, compact(30, 7))),
      packet(int(10, 3), inside(0, compact(40, 8))),
    );
    expect(brief(trace)).toEqual([
      ['sched_switch', 10, 0, 5],
      ['sched_switch', 30, 0, 7],
    ]);
    expect(trace.lost).toBe(1);
    expect(notesOf(trace)).toEqual([[unknown[0], 2], lost]);
  });

  test('is what the recorder could not read of a page', () => {
    const error = part(8, int(1, 1000), int(2, 6));
    expect(opened(bundle(0, waking(1000, 1, 2), error))).toMatchObject({ lost: 1, length: 1 });
  });

  const stats = (phase: number, ...cpus: readonly Write[]): Write => packet(part(34, int(1, phase), ...cpus));
  const cpu = (overrun: number, dropped = 0): Write => part(2, int(1, 0), int(3, overrun), int(8, dropped));

  test('is what the buffers of the kernel lost while it was recorded', () => {
    const start = stats(1, cpu(100), cpu(5));
    const flush = stats(2, cpu(110), cpu(5));
    const end = stats(2, cpu(140), cpu(5, 2));
    const events = bundle(0, int(3, 1), waking(1000, 1, 2));
    expect(opened(start, events, flush, end)).toMatchObject({ lost: 42, cpus: 2 });
    expect(opened(start, events, stats(2, cpu(100), cpu(5)))).toMatchObject({ lost: 1 });
    // The buffers were emptied in between.
    expect(opened(start, events, stats(2, cpu(7)))).toMatchObject({ lost: 7 });
  });

  test.each([9, 10])('is what was overwritten before all CPUs have begun (field %i)', (field) => {
    const written = (time: number): Write => int(field, time);
    const trace = opened(
      bundle(1, written(1000), waking(1500, 1, 2), waking(2700, 1, 2)),
      bundle(0, written(2000), waking(2200, 1, 2)),
      // Of the first bundle of each CPU alone.
      bundle(1, written(2700), waking(3000, 1, 2)),
    );
    expect(trace).toMatchObject({ baseNs: 1500n, partialUntil: 500, durationNs: 1500 });
    expect(notesOf(trace)[0]?.[0]).toContain('overwritten from their start');
    // Where the recorder had written nothing before, nothing is missing.
    const whole = opened(
      bundle(1, written(0), waking(1500, 1, 2)),
      bundle(0, written(0), waking(2200, 1, 2)),
    );
    expect(whole).toMatchObject({ partialUntil: 0, notes: [] });
  });

  test('is what was overwritten, where only the figures of the service tell', () => {
    const figures = packet(part(35, part(1, int(2, 50), int(3, 9))));
    const events = [bundle(1, waking(1500, 1, 2)), bundle(0, waking(2200, 1, 2))];
    expect(opened(...events, figures)).toMatchObject({ partialUntil: 700 });
    expect(opened(...events, packet(part(35, part(1, int(2, 50)))))).toMatchObject({ partialUntil: 0 });
  });
});

test('events of another machine, which a service may write into the same file, are left out and told', () => {
  const guest = packet(part(1, int(1, 0), waking(1200, 7, 8)), int(98, 1));
  const names = packet(part(2, part(2, int(1, 7), text(2, 'of the guest'))), int(98, 1));
  const trace = opened(bundle(0, waking(1000, 7, 9)), guest, names, bundle(0, waking(1400, 7, 9)));
  expect(brief(trace).map(([, time]) => time)).toEqual([0, 400]);
  expect(trace.tasks.get(7)?.comm).toBe('<...>');
  expect(notesOf(trace)).toEqual([['events of another machine, such as a guest, are left out', 1]]);
});

describe('events', () => {
  test('are called by their names, and probes by theirs', () => {
    const probe = event(12, 7, 542, text(1, 'do_nanosleep'), int(2, 1));
    const trace = opened(bundle(0, event(10, 7, 326), event(11, 7, 617), probe, event(13, 7, 5000)));
    expect([...trace.counts.keys()]).toEqual([
      'oom_score_adj_update',
      'long_softirq',
      'do_nanosleep',
      'ftrace event 5000',
    ]);
  });

  test('of more kinds than there can be are counted together', () => {
    const kinds = Array.from({ length: 20_001 }, (_, i) => i);
    const numbered = opened(bundle(0, ...kinds.map((i) => event(10, 7, 1000 + i))));
    const named = opened(bundle(0, ...kinds.map((i) => event(10, 7, 327, text(1, `k${i}`)))));
    for (const trace of [numbered, named]) expect(trace.counts.get('other events')).toBe(10_001);
  });

  test('without a time, a thread or a kind are left out, and told', () => {
    const trace = opened(
      bundle(0, part(2, int(2, 7), part(20)), part(2, int(1, 5), int(2, 7)), waking(9, 1, 2)),
    );
    expect(trace).toMatchObject({ length: 1, skipped: 2 });
  });

  test('are read by a description that comes after the first of them', () => {
    const described = (at: number, name: string): Write => part(2, text(1, name), int(3, at));
    const descriptor = (field: number, name: string): Write =>
      part(11, int(1, field), part(2, text(1, name), described(1, 'vector')));
    const trace = opened(
      bundle(0, event(10, 7, 70_000, int(1, 64))),
      // Not of events that have a message of their own.
      bundle(
        0,
        event(11, 7, 70_000, int(1, 65)),
        descriptor(70_000, 'kvm_inj_virq'),
        descriptor(20, 'other'),
      ),
      bundle(0, waking(12, 7, 8)),
    );
    expect([...trace.counts]).toEqual([
      ['ftrace event 70000', 1],
      ['kvm_inj_virq', 1],
      ['sched_waking', 1],
    ]);
    expect(eventsOf(trace)[0]?.fields).toMatchObject({ vector: 65 });
  });

  test('of KVM keep addresses of the upper half, whatever number the writer has for them', () => {
    const rip = 0xffff_ffff_8100_0000n;
    const field = (value: Write): Write => part(2, text(1, 'rip'), value);
    const entry = (value: Write): Write => bundle(0, event(10, 7, 327, text(1, 'kvm_entry'), field(value)));
    const values = eventsOf(opened(entry(int(5, rip)), entry(int(4, rip - 2n ** 64n))));
    expect(values.map(({ fields }) => fields['rip'])).toEqual([Number(rip), Number(rip)]);
  });

  test('of KVM on x86 lack what the messages of Perfetto have no fields for, and that is told', () => {
    const trace = opened(
      bundle(0, event(10, 7, 376), event(11, 7, 377)),
      bundle(0, event(12, 7, 377, int(3, 4096))),
    );
    expect(eventsOf(trace).map(({ fields }) => fields)).toEqual([
      { vcpu_id: -1, rip: 0 },
      { vcpu_id: -1, exit_reason: 'unknown', guest_rip: 0 },
      { vcpu_id: -1, exit_reason: 'unknown', guest_rip: 4096 },
    ]);
    expect(notesOf(trace)).toEqual([
      ['kvm_exit has neither reason nor vCPU: the recorder of Perfetto knows those fields of arm64 alone', 1],
    ]);
  });
});

test('a process is called by its command line only where that is said to be its name', () => {
  const process = (pid: number, name: string, ...rest: readonly Write[]): Write =>
    part(1, int(1, pid), text(3, name), ...rest);
  const tree = packet(part(2, process(7, 'kthreadd', int(9, 1)), process(8, '/usr/bin/web --port 80')));
  const trace = opened(tree, bundle(0, waking(10, 7, 9), waking(11, 8, 9)));
  expect([7, 8].map((tid) => trace.tasks.get(tid)?.comm)).toEqual(['kthreadd', '<...>']);
});

test('a packet of all events of a CPU, larger than a piece of the file, is read', () => {
  const many = Array.from({ length: 60_000 }, (_, i) => waking(1000 + i, 7, 8));
  const trace = opened(bundle(0, ...many), bundle(1, waking(500, 1, 2)));
  expect(trace).toMatchObject({ length: 60_001, skipped: 0, baseNs: 500n });
});

test('packed packets that stand for more than any packet has are no reason to ask for memory', () => {
  // A frame of blocks that each repeat one byte 128 KB long (RFC 8878).
  const block = [0x02, 0x00, 0x10, 0];
  const head = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
  const bomb = Uint8Array.from([...head, ...Array.from({ length: 40_000 }, () => block).flat()]);
  const before = process.memoryUsage().arrayBuffers;
  const trace = opened(packet(bytesIn(133, bomb)), bundle(0, waking(10, 7, 8)));
  expect(notesOf(trace)).toEqual([['compressed packets are damaged', 1]]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200e6);
});
