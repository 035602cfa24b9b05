import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unpack } from '../../client/report/data.ts';
import { CURVE, distributionsOf } from '../../server/src/simulate/distribution.ts';
import { timelineOf, type Timeline } from '../../server/src/simulate/timeline.ts';
import { machines, machinesOf, type Machines } from '../../server/src/simulate/vms.ts';
import { runs } from '../support/runs.ts';
import { exampleTrace, switched, trace, wake } from '../support/trace.ts';

const VM: Machines = machines([{ name: 'web', id: 5, vcpus: [{ tid: 5, id: 0 }] }]);

/** A vCPU (5) that waits 20 µs, runs, is preempted by 6, moves to the other CPU and sleeps. */
const MOVED = trace(`
  1.000000 0 t7-7 ${switched(7, 'S', 0)}
  1.000010 0 swapper-0 ${wake('sched_waking', 5, 1)}
  1.000012 0 swapper-0 ${wake('sched_wakeup', 5, 1)}
  1.000030 1 swapper-0 ${switched(0, 'R', 5)}
  1.000050 1 t5-5 ${switched(5, 'R', 6)}
  1.000090 0 swapper-0 ${switched(0, 'R', 5)}
  1.000100 0 t5-5 ${switched(5, 'S', 0)}
  1.000120 1 t6-6 ${switched(6, 'S', 0)}
`);

interface Slice {
  readonly who: string;
  readonly does: 'runs' | 'waits';
  readonly from: number;
  readonly to: number;
  readonly cpu: number;
}

function slicesOf(timeline: Timeline): readonly Slice[] {
  const { from, to, cpu, what } = unpack(timeline);
  return [...from].map((begin, i) => ({
    who: timeline.threads[what[i]! >> 1]!.label,
    does: (what[i]! & 1) === 1 ? 'waits' : 'runs',
    from: begin * timeline.unit,
    to: to[i]! * timeline.unit,
    cpu: cpu[i]!,
  }));
}

describe('a timeline', () => {
  test('shows who ran where, and when vCPUs waited', () => {
    expect(slicesOf(timelineOf(MOVED, VM))).toEqual([
      { who: 't5-5', does: 'waits', from: 10_000, to: 30_000, cpu: 1 },
      { who: 't5-5', does: 'runs', from: 30_000, to: 50_000, cpu: 1 },
      { who: 't5-5', does: 'waits', from: 50_000, to: 90_000, cpu: 0 },
      { who: 't5-5', does: 'runs', from: 90_000, to: 100_000, cpu: 0 },
      { who: 't6-6', does: 'runs', from: 50_000, to: 120_000, cpu: 1 },
    ]);
  });

  test('names vCPUs by their VM, and no other thread', () => {
    expect(timelineOf(MOVED, VM).threads.map(({ tid, vm }) => [tid, vm])).toEqual([
      [5, { index: 0, name: 'web', vcpu: 0 }],
      [6, null],
    ]);
  });

  test('fits longer traces than 32 bits of ns by coarser ticks', () => {
    const long = trace(`
      1.000000 0 swapper-0 ${switched(0, 'R', 6)}
      61.000000 0 t6-6 ${switched(6, 'S', 0)}
    `);
    const timeline = timelineOf(long, VM);
    const [slice] = slicesOf(timeline);
    expect(timeline.unit).toBeGreaterThan(1);
    expect(Math.abs(slice!.to - slice!.from - 60e9)).toBeLessThan(2 * timeline.unit);
  });

  test('lets no two threads run on a CPU at once, over a real recording', async () => {
    const recorded = await exampleTrace('eevdf-3vm.trace.gz');
    const timeline = timelineOf(recorded, machinesOf(recorded, []).machines);
    const busy = new Map<number, number>();
    let ran = 0;
    for (const { does, from, to, cpu } of slicesOf(timeline)) {
      if (does === 'waits') continue;
      expect(from).toBeGreaterThanOrEqual(busy.get(cpu) ?? 0);
      busy.set(cpu, to);
      ran += to - from;
    }
    expect(ran).toBeGreaterThan(0.5 * recorded.durationNs);
    expect(ran).toBeLessThanOrEqual(recorded.cpus * recorded.durationNs);
  });
});

describe('the distributions of a schedule', () => {
  test('are values that were measured, at the quantiles of the curve', () => {
    const waits = distributionsOf(MOVED, VM).find(({ metric }) => metric === 'runqueue_delay');
    expect(waits?.count).toBe(2);
    expect(waits?.values[CURVE.indexOf(0.5)]).toBe(20_000);
    expect(waits?.values[CURVE.indexOf(0.51)]).toBe(40_000);
    expect(waits?.values.at(-1)).toBe(40_000);
  });

  test('the quantiles of the curve ascend to 1', () => {
    expect(CURVE.toSorted((a, b) => a - b)).toEqual(CURVE);
    expect(CURVE.at(-1)).toBe(1);
    expect(new Set(CURVE).size).toBe(CURVE.length);
  });
});

test('unpacking gives back what was packed, whatever the sizes', () => {
  fc.assert(
    fc.property(fc.uint32Array({ maxLength: 40_000 }), (column) => {
      const bytes = Buffer.from(column.buffer, column.byteOffset, column.byteLength).toString('base64');
      const timeline = { from: bytes, to: '', cpu: '', what: '' } as unknown as Timeline;
      expect(unpack(timeline).from).toEqual(column);
    }),
    { numRuns: runs(20) },
  );
});
