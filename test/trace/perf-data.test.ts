import { describe, expect, test } from 'vitest';
import { memorySource } from '../../server/src/trace/binary/bytes.ts';
import { readPerfData } from '../../server/src/trace/binary/perf-data.ts';
import type { Trace, TraceResult } from '../../server/src/trace/columns.ts';
import { unpack } from '../../server/src/trace/node/unpack.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { damage } from './damage.ts';
import type { Recorded } from './encode.ts';
import { comm, lost, perfData, pipedPerfData, round, sample } from './encode-perf.ts';
import { comparable, countsOf, eventsOf, haveRecorded, recordedPath, totalOf } from './support.ts';

const BASE = 5_000_000_007n;
const event = (after: number, name: Recorded['name'], ...values: (number | string)[]): Recorded => ({
  time: BASE + BigInt(after),
  cpu: after % 2,
  tid: 7,
  name,
  values,
});

const records = [
  comm(5, 7, 'qemu'),
  comm(5, 11, 'never seen'),
  sample(event(1000, 'sched_switch', 'new', 7, 120, 2, 'other', 9, 120)),
  sample(event(3000, 'sched_waking', 'other', 9, 120, 1)),
  // The buffer of another CPU, read after it: earlier events, and an older name.
  sample(event(501, 'sched_waking', 'old', 7, 120, 1)),
  round(),
  lost(17),
  sample(event(4001, 'softirq_raise', 1)),
  sample(event(4000, 'kvm_exit', 0x60, 0x10, 2, 1)),
];

const read = (file: Uint8Array): TraceResult => readPerfData(memorySource(file), unpack);

function readOk(file: Uint8Array): Trace {
  const result = read(file);
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}

describe.each([
  ['of a file', perfData(records)],
  ['of a pipe', pipedPerfData(records)],
])('perf.data %s', (_, file) => {
  test('gives the samples in the order of time', () => {
    const trace = readOk(file);
    expect(trace).toMatchObject({ format: 'perf.data', cpus: 2, lost: 17, skipped: 0, baseNs: BASE + 501n });
    expect(countsOf(trace)).toEqual({ sched_switch: 1, sched_waking: 2, softirq_raise: 1, kvm_exit: 1 });
    expect(eventsOf(trace).map(({ name, time, cpu }) => [name, time, cpu])).toEqual([
      ['sched_waking', 0, 1],
      ['sched_switch', 499, 0],
      ['sched_waking', 2499, 0],
      ['kvm_exit', 3499, 0],
    ]);
    expect(eventsOf(trace)[3]!.fields).toEqual({ vcpu_id: 1, exit_reason: 'interrupt', guest_rip: 16 });
    expect([...trace.tasks.values()]).toEqual([
      { tid: 7, comm: 'new', tgid: 7 },
      { tid: 9, comm: 'other', tgid: undefined },
    ]);
  });

  test('is refused, or is usable as far as it goes, whatever is damaged', () => {
    damage(file, read);
  });
});

test('both forms give the same', () => {
  const same = (file: Uint8Array): unknown => ({ ...comparable(read(file)), notes: [] });
  expect(same(perfData(records))).toEqual(same(pipedPerfData(records)));
});

test('a recording that was killed is refused by what it lacks', () => {
  const killed = Buffer.from(perfData(records));
  killed.writeBigUInt64LE(0n, 48);
  const result = read(killed.subarray(0, killed.length - 3000));
  expect(result.ok ? '' : result.error.message).toContain('a record');
});

describe.skipIf(!haveRecorded)('recorded perf.data files', () => {
  test.each([
    ['host-6.18/kvm4.perf.data', 28_549],
    ['host-6.18/sched4.perf.data', 15_629],
    ['speed/sched-1M.perf.data.zst', 977_114],
  ])('%s has %i events', async (name, total) => {
    const result = await openTrace(recordedPath(name));
    if (!result.ok) throw new Error(result.error.message);
    expect(result.trace).toMatchObject({ cpus: 2, lost: 0, skipped: 0 });
    expect(totalOf(result.trace)).toBe(total);
  });
});
