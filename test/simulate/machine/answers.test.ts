import { describe, expect, test } from 'vitest';
import { extractDemand } from '../../../server/src/simulate/machine/demand.ts';
import { POINT } from '../../../server/src/simulate/machine/types.ts';
import { switched, trace, wake } from '../../support/trace.ts';
import { MS, ran, runTimes, timeline, type TaskSpec } from './support.ts';

describe('a task that needs the answer of one that it woke', () => {
  /** Task 11 works for 2 ms and wakes 12, which preempts nobody, after 1 ms. */
  const tasks = (needs: boolean): readonly TaskSpec[] => [
    {
      tid: 11,
      bursts: [
        {
          demand: 2 * MS,
          wakes: [{ at: MS, tid: 12 }],
          ...(needs && { needs: { at: MS, burst: 2 } }),
        },
      ],
    },
    { tid: 12, policy: 'BATCH', bursts: [{ demand: 1, at: 1000 }, { demand: 0.5 * MS }] },
  ];
  const order = (needs: boolean): readonly number[] =>
    timeline(ran(tasks(needs), { ms: 8 })).map(([tid]) => tid);

  test('sleeps until it is there', () => {
    expect(order(false).join(' ')).toMatch(/^11 (12 11 )?12 0$/);
    expect(order(true).join(' ')).toMatch(/11 12 11 0$/);
  });

  test('runs as long as without', () => {
    expect(runTimes(ran(tasks(true), { ms: 8 }))).toEqual(runTimes(ran(tasks(false), { ms: 8 })));
  });
});

describe('a recording', () => {
  const clock = (us: number): string => (1 + us / 1e6).toFixed(6);

  /**
   * 11 wakes 12 and sleeps after `after` µs, 12 wakes 11, four times; then 12 preempts 11 as it is woken, and 11 finds
   * the answer when it goes on.
   */
  const recorded = (after: number) => {
    const lines: string[] = [`${clock(0)} 0 t9-9 ${switched(9, 'S', 11)}`];
    let t = 10;
    const line = (tid: number, text: string, later: number): void => {
      t += later;
      lines.push(`${clock(t)} 0 t${tid}-${tid} ${text}`);
    };
    const wakes = (by: number, tid: number): void => {
      line(by, wake('sched_waking', tid, 0), 10);
      line(by, wake('sched_wakeup', tid, 0), 1);
    };
    line(11, switched(11, 'S', 12), 5);
    for (let i = 0; i < 4; i++) {
      wakes(12, 11);
      line(12, switched(12, 'S', 11), 5);
      wakes(11, 12);
      line(11, switched(11, 'S', 12), after);
    }
    wakes(12, 11);
    line(12, switched(12, 'S', 11), 5);
    wakes(11, 12);
    line(11, switched(11, 'R', 12), 2);
    line(12, switched(12, 'S', 11), 20);
    line(11, switched(11, 'S', 0), 30);
    return extractDemand(trace(lines.join('\n')));
  };

  const needed = (after: number): number =>
    [...recorded(after).points.kind].filter((kind) => kind === POINT.answer).length;

  test('shows that a task needs answers by its sleeping soon after it asked', () => {
    expect(needed(20)).toBe(1);
  });

  test('and that it does not by its going on', () => {
    expect(needed(400)).toBe(0);
  });

  test('what it needs is the burst that was asked for', () => {
    const { points, bursts, tasks } = recorded(20);
    const at = points.kind.indexOf(POINT.answer);
    expect(tasks[bursts.task[points.arg[at]!]!]?.tid).toBe(12);
    expect(bursts.demand[points.arg[at]!]).toBe(20_000);
  });
});
