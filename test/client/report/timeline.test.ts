import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { moment } from '../../../client/figures.ts';
import { firstAfter, lanesOf, sliceAt, type Lane } from '../../../client/report/timeline/lanes.ts';
import { panned, ticks, within, zoomed } from '../../../client/report/timeline/window.ts';
import { timelineOf } from '../../../server/src/simulate/timeline.ts';
import { machinesOf } from '../../../server/src/simulate/vms.ts';
import { exampleTrace } from '../../support/trace.ts';

const END = 1e9;
const windows = fc
  .tuple(fc.integer({ min: 0, max: END - 2000 }), fc.integer({ min: 2000, max: END }))
  .map(([from, width]) => within({ from, to: from + width }, END));

describe('the window of a timeline', () => {
  test('stays within the recording whatever is done to it, and zooming keeps its place', () => {
    fc.assert(
      fc.property(
        windows,
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (window, factor, part) => {
          for (const moved of [
            zoomed(window, factor, (window.from + window.to) / 2, END),
            panned(window, part, END),
          ]) {
            expect(moved.from).toBeGreaterThanOrEqual(0);
            expect(moved.to).toBeLessThanOrEqual(END + 1e-3);
            expect(moved.to).toBeGreaterThan(moved.from);
          }
        },
      ),
    );
  });

  test('has no more marks on its axis than there is room for, all within it', () => {
    fc.assert(
      fc.property(windows, fc.integer({ min: 1, max: 20 }), (window, most) => {
        const { marks, step } = ticks(window, most);
        expect(marks.length).toBeLessThanOrEqual(most + 1);
        for (const at of marks) expect(at).toBeGreaterThanOrEqual(window.from);
        expect(new Set(marks.map((at) => moment(at, step))).size).toBe(marks.length);
      }),
    );
  });
});

describe('the lanes of a timeline', () => {
  test('are the CPUs and the vCPUs, each in the order of time and without overlap', async () => {
    const trace = await exampleTrace('eevdf-3vm.trace.gz');
    const { machines } = machinesOf(trace, []);
    const lanes = lanesOf(timelineOf(trace, machines));
    expect(lanes.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: trace.cpus }, () => 'cpu'),
      ...[...machines.vcpuOf].map(() => 'vcpu'),
    ]);
    for (const lane of lanes)
      for (let i = 1; i < lane.from.length; i++)
        expect(lane.from[i]).toBeGreaterThanOrEqual(lane.to[i - 1] ?? 0);
  });

  test('find the slice at a time as a walk over all of them does', () => {
    const slices = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 50 })), { maxLength: 60 })
      .map((gaps) => {
        let at = 0;
        return gaps.map(([gap, length]) => {
          const from = at + gap;
          at = from + length;
          return [from, at] as const;
        });
      });
    fc.assert(
      fc.property(slices, fc.integer({ min: 0, max: 3000 }), (all, at) => {
        const lane = {
          from: Uint32Array.from(all, ([from]) => from),
          to: Uint32Array.from(all, ([, to]) => to),
        } as unknown as Lane;
        const walked = all.findIndex(([from, to]) => from <= at && at < to);
        expect(sliceAt(lane, at) ?? -1).toBe(walked);
        const after = all.findIndex(([, to]) => to > at);
        expect(firstAfter(lane, at)).toBe(after < 0 ? all.length : after);
      }),
    );
  });
});
