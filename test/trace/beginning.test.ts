import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { TraceResult } from '../../server/src/trace/columns.ts';
import { memorySource } from '../../server/src/trace/binary/bytes.ts';
import { unpack } from '../../server/src/trace/node/unpack.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { readPerfetto } from '../../server/src/trace/perfetto/read.ts';
import { perfettoTrace } from '../../server/src/trace/perfetto/write.ts';
import { type Recorded, pages, traceDatV6, traceDatV7 } from './encode.ts';
import { perfData, sample } from './encode-perf.ts';
import { type Write, bundle, message, waking as wakingAt } from './encode-perfetto.ts';
import { eventsOf, example, readTrace, textOf } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-beginning-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** As many events as a reader takes several pieces for. */
const waking = (cpu: number): Recorded[] =>
  Array.from({ length: 40_000 }, (_, i): Recorded => ({
    time: 1_000_000n + BigInt(2 * i + cpu) * 1000n,
    cpu,
    tid: 7,
    name: 'sched_waking',
    values: ['sh', 8 + (i % 5), 120, 1],
  }));
const both = [pages(waking(0), { perPage: 60 }), pages(waking(1), { perPage: 60 })];
const long = textOf(example('eevdf-3vm-6s.trace.gz'));

const perfetto = Buffer.concat([...perfettoTrace(readTrace(long), '', [])]);

test.each([
  ['text', long],
  ['gzip', gzipSync(long)],
  ['trace.dat 6', traceDatV6(both)],
  ['trace.dat 7', traceDatV7(both)],
  ['trace.dat in gzip', gzipSync(traceDatV7(both))],
  ['perf.data', perfData(waking(0).map(sample))],
  ['Perfetto', perfetto],
  ['Perfetto in gzip', gzipSync(perfetto)],
])('of %s the beginning alone can be read', async (name, bytes) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const ok = (result: TraceResult) => {
    if (!result.ok) throw new Error(result.error.message);
    return result;
  };
  const whole = ok(await openTrace(path));
  const begin = ok(await openTrace(path, 2000));
  const { length } = begin.trace;
  expect([whole.more, begin.more]).toEqual([undefined, true]);
  expect(length).toBeGreaterThan(1900);
  expect(length).toBeLessThan(whole.trace.length);
  // Of perf.data, whose last events may come in any order, not quite all.
  const compared = name === 'perf.data' ? 1000 : length;
  expect(eventsOf(begin.trace).slice(0, compared)).toEqual(eventsOf(whole.trace).slice(0, compared));
  expect(ok(await openTrace(path, 1e9)).more).toBeUndefined();
});

describe('of Perfetto', () => {
  const read = (bundles: readonly Write[], most: number) => {
    const result = readPerfetto(memorySource(message(...bundles)), unpack, most);
    if (!result.ok) throw new Error(result.error.message);
    return { times: [...result.trace.time], more: result.more };
  };
  /** A bundle of `cpu` with an event at each of the times. */
  const at = (cpu: number, ...times: readonly number[]): Write =>
    bundle(cpu, ...times.map((time) => wakingAt(time, 1, 2)));

  test('what is read ends where events of a CPU may be missing', () => {
    const rounds = [
      [at(0, 100, 190), at(1, 150), at(1, 195)],
      // A CPU that was idle for long, and one that has more than was read of it.
      [at(0, 200), at(2, 210, 220)],
      [at(0, 230, 300), at(1, 310, 320)],
      [at(1, 325), at(2, 280 + 60)],
      [at(0, 400)],
    ].flat();
    expect(read(rounds, 1)).toEqual({ times: [0, 50, 90], more: true });
    expect(read(rounds, 5)).toEqual({ times: [0, 50, 90, 95, 100], more: true });
    expect(read(rounds, 100)).toMatchObject({ more: undefined });
  });

  test.each([
    ['one after the other', [at(0, 1, 2, 3), at(1, 1, 2, 3), at(2, 1, 2)]],
    ['one after the other, from the last on', [at(2, 1, 2, 3), at(1, 1, 2, 3), at(0, 1, 2, 3)]],
    [
      'with other events of them behind',
      [at(0, 1, 3), at(1, 1, 3), at(0, 2, 4), at(1, 2, 4), at(0, 5), at(1, 6)],
    ],
  ])('all is read where the CPUs are %s', (_, bundles) => {
    const whole = read(bundles, Infinity);
    expect(read(bundles, 2)).toEqual(whole);
    expect(whole.more).toBeUndefined();
  });
});
