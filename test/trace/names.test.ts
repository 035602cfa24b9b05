import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GivenNames } from '../../server/src/trace/given-names.ts';
import { nameAt } from '../../server/src/trace/names.ts';
import { lineWriter } from '../../server/src/trace/write-text.ts';
import { line, readTrace } from './support.ts';

const woken = (comm: string, time: string): string =>
  line(`sched_waking: comm=${comm} pid=9 prio=120 target_cpu=000`, { time });

describe('the name of a thread', () => {
  test('is that which the last event before gave it', () => {
    const events = [woken('sh', '12.000001'), woken('make', '12.000005'), woken('make', '12.000007')];
    const trace = readTrace(`${[...events, woken('cc1', '12.000009')].join('\n')}\n`);
    expect(trace.renamed).toEqual(
      new Map([
        [
          9,
          [
            { from: 0, comm: 'sh' },
            { from: 4000, comm: 'make' },
            { from: 8000, comm: 'cc1' },
          ],
        ],
      ]),
    );
    expect([-1, 0, 3999, 4000, 7999, 8000, 1e9].map((t) => nameAt(trace, 9, t))).toEqual([
      ...['sh', 'sh', 'sh', 'make', 'make', 'cc1', 'cc1'],
    ]);
    expect(trace.tasks.get(9)?.comm).toBe('cc1');
    expect(nameAt(trace, 10, 0)).toBeUndefined();
  });

  test('is written as it was then', () => {
    const trace = readTrace(`${woken('sh', '12.000001')}\n${woken('make', '12.000005')}\n`);
    const write = lineWriter(trace);
    expect([write(0), write(1)]).toEqual([
      expect.stringContaining('comm=sh '),
      expect.stringContaining('comm=make '),
    ]);
  });

  test('takes no memory where no thread has two', () => {
    expect(readTrace(`${woken('sh', '12.000001')}\n${woken('sh', '12.000005')}\n`).renamed).toBeUndefined();
  });
});

test('names are found at their times in whatever order events come', () => {
  const times = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 60 });
  const limits = fc.uniqueArray(fc.nat(1000), { maxLength: 5 });
  fc.assert(
    fc.property(times, limits, (all, changes) => {
      // The name of a time: how many changes come before it.
      const nameOf = (time: number): number => changes.filter((change) => change <= time).length;
      const given = new GivenNames();
      given.addPlace();
      for (const time of all) given.note(0, nameOf(time), time);
      const names = given.renamed(0, String).get(0) ?? [{ from: 0, comm: String(nameOf(all[0]!)) }];
      for (const time of all)
        expect(names.findLast(({ from }) => from <= time)?.comm).toBe(String(nameOf(time)));
    }),
  );
});
