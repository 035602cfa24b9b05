import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { memorySource } from '../../server/src/trace/binary/bytes.ts';
import { readTraceDat } from '../../server/src/trace/binary/trace-dat.ts';
import { CONTEXT, type Trace, type TraceResult } from '../../server/src/trace/columns.ts';
import { unpack } from '../../server/src/trace/node/unpack.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { findVms } from '../../server/src/trace/vms.ts';
import { type Recorded, guestOption, pages, traceDatV6, traceDatV7, tscOption } from './encode.ts';
import { damage } from './damage.ts';
import { comparable, countsOf, eventsOf, haveRecorded, recordedPath, totalOf } from './support.ts';

const BASE = 3_000_000_000_123n;
const at = (
  cpu: number,
  after: number,
  name: Recorded['name'],
  ...values: (number | string)[]
): Recorded => ({
  time: BASE + BigInt(after),
  cpu,
  tid: cpu === 0 ? 7 : 9,
  name,
  values,
});

const first = [
  at(0, 0, 'sched_waking', 'CPU 0/KVM', 9, 120, 1),
  at(0, 1500, 'sched_switch', 'bash', 7, 120, 1, 'CPU 0/KVM', 9, 99),
  at(0, 1500, 'kvm_exit', 0x78, 0x1234, 2, 3),
  at(0, 300_000_000, 'sched_stat_runtime', 'bash', 7, 5_000_000_000),
  at(0, 300_000_001, 'softirq_raise', 7),
  at(0, 300_000_002, 'sched_switch', 'bash', 7, 120, 256, 'swapper/0', 0, 120),
];
const second = [
  at(1, 700, 'sched_wakeup', 'bash', 7, 120, 0),
  at(1, 1500, 'kvm_exit', 0x8000000c, 0x10, 1, 0),
  at(1, 400_000_000, 'sched_waking', 'bash', 7, 139, 0),
];
const cpus = [pages(first, { lost: 12 }), pages(second)];
const comms = '9 CPU 0/KVM\n12 gone\n';

function read(file: Uint8Array): TraceResult {
  return readTraceDat(memorySource(file), unpack);
}

function readOk(file: Uint8Array): Trace {
  const result = read(file);
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}

const files = {
  'version 6': traceDatV6(cpus, { comms }),
  'version 7': traceDatV7(cpus, { comms }),
  'version 7, compressed': traceDatV7(cpus, { comms, packed: 'zlib', pack: (part) => deflateSync(part) }),
};

describe.each(Object.entries(files))('trace.dat, %s', (_, file) => {
  test('gives the events of all CPUs in the order of time', () => {
    const trace = readOk(file);
    expect(trace).toMatchObject({ clock: 'mono', cpus: 2, lost: 12, skipped: 0, baseNs: BASE });
    expect(trace.durationNs).toBe(400_000_000);
    expect(countsOf(trace)).toMatchObject({ softirq_raise: 1, sched_switch: 2, kvm_exit: 2 });
    const events = eventsOf(trace);
    expect(events.map(({ name, time, cpu }) => [name, time, cpu])).toEqual([
      ['sched_waking', 0, 0],
      ['sched_wakeup', 700, 1],
      ['sched_switch', 1500, 0],
      ['kvm_exit', 1500, 0],
      ['kvm_exit', 1500, 1],
      ['sched_stat_runtime', 300_000_000, 0],
      ['sched_switch', 300_000_002, 0],
      ['sched_waking', 400_000_000, 1],
    ]);
    expect(events[2]!.fields).toEqual({
      prev_pid: 7,
      next_pid: 9,
      prev_prio: 120,
      next_prio: 99,
      prev_state: 1,
    });
    expect(events[3]!.fields).toEqual({ vcpu_id: 3, exit_reason: 'hlt', guest_rip: 0x1234 });
    expect(events[4]!.fields).toMatchObject({ exit_reason: 'HLT FAILED_VMENTRY' });
    expect(events[5]!.fields).toEqual({ pid: 7, runtime: 5_000_000_000 });
    expect(events[6]!.fields).toMatchObject({ prev_state: 256, next_pid: 0 });
    expect(events[0]!.context).toBe(CONTEXT.known | CONTEXT.irqsOff | CONTEXT.preemptOff);
    expect([...trace.tasks.values()].map(({ tid, comm }) => [tid, comm])).toEqual([
      [7, 'bash'],
      [9, 'CPU 0/KVM'],
    ]);
  });

  test('is refused, or is usable as far as it goes, whatever is damaged', () => {
    damage(file, read);
  });
});

test('the versions give the same', () => {
  const same = (file: Uint8Array): unknown => ({ ...comparable(read(file)), format: '', notes: [] });
  expect(same(files['version 6'])).toEqual(same(files['version 7']));
});

test.each([
  ['version 6', traceDatV6],
  ['version 7', traceDatV7],
])('%s: cycles become ns where the file says how', (_, encode) => {
  const trace = readOk(encode(cpus, { comms, clock: '[x86-tsc]', more: tscOption(3, 2) }));
  expect(trace).toMatchObject({ clock: 'x86-tsc', length: 8, durationNs: 300_000_000 });
  expect(trace.baseNs).toBe((BASE * 3n) >> 2n);
  expect([...trace.time].slice(0, 3)).toEqual([0, 525, 1125]);
});

test.each([
  ['version 6', traceDatV6],
  ['version 7', traceDatV7],
])('%s: guests that the recorder told are VMs, with their vCPUs', (_, encode) => {
  const more = Buffer.concat([guestOption('web', [[1, 9]]), guestOption('gone', [[0, 5555]])]);
  const trace = readOk(encode(cpus, { comms, more }));
  expect(findVms(trace)).toMatchObject([
    { name: 'vm-7', vcpus: [{ tid: 7 }], evidence: 'order' },
    { name: 'web', id: 9, vcpus: [{ id: 1, tid: 9 }], evidence: 'guest', inferred: false },
  ]);
});

test('a clock that counts cycles is refused by name', () => {
  const result = read(traceDatV6(cpus, { clock: '[x86-tsc]' }));
  expect(result.ok ? '' : result.error.message).toContain('its clock is x86-tsc');
});

test('a page that lies about its size is skipped, and counted', () => {
  const file = Uint8Array.from(files['version 6']);
  const page = file.length - 4096;
  file.set([0xff, 0xff, 0x0f], page + 8);
  const trace = readOk(file);
  expect(trace).toMatchObject({ skipped: 1, length: 5 });
  const message = 'a page says that it is larger than it is';
  expect(trace.notes).toContainEqual({ message, line: undefined, offset: page, count: 1 });
});

describe.skipIf(!haveRecorded)('recorded trace.dat files', () => {
  test('one trace in three encodings', async () => {
    const [zstd, none, six] = await Promise.all(
      ['kvm4.v7-zstd.dat', 'kvm4.v7-none.dat.gz', 'kvm4.v6.dat.gz'].map((name) =>
        openTrace(recordedPath(`host-6.18/${name}`)),
      ),
    );
    if (!zstd?.ok || !none?.ok || !six?.ok) throw new Error('not read');
    expect(totalOf(zstd.trace)).toBe(21_952);
    const same = (result: TraceResult): unknown => ({ ...comparable(result), format: '' });
    // Compared as text: a difference would build a report of megabytes.
    const expected = JSON.stringify(same(zstd), (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    for (const other of [none, six])
      expect(
        JSON.stringify(same(other), (_, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        ) === expected,
      ).toBe(true);
  });

  test.each([
    ['kvm-svm-6.1/cfs-2vm.v7-zstd.dat', 16_906, 2],
    ['kvm-svm-6.12/eevdf-3vm.v7-zstd.dat', 33_077, 2],
    ['third-party/trappy-trace_idle.v6.dat.gz', 43, 6],
    ['speed/sched-1.6M.v7-zstd.dat', 1_588_261, 2],
  ])('%s has %i events', async (name, total, cpuCount) => {
    const result = await openTrace(recordedPath(name));
    if (!result.ok) throw new Error(result.error.message);
    expect(result.trace).toMatchObject({ cpus: cpuCount, lost: 0, skipped: 0 });
    expect(totalOf(result.trace)).toBe(total);
  });
});
