import { describe, expect, test } from 'vitest';
import { choicesOf, situation, wentAs, WENT } from '../../../server/src/simulate/machine/choices.ts';
import { createMachine } from '../../../server/src/simulate/machine/machine.ts';
import { kindIndex } from '../../../server/src/trace/kinds.ts';
import { switched, trace, wake } from '../../support/trace.ts';
import { demandOf, hog, MS } from './support.ts';

const WAKEUP = kindIndex('sched_wakeup');

const found = (previous: number, waker: number, idle: readonly number[]): number =>
  situation(idle.includes(previous), waker !== previous, idle.includes(waker), idle.length > 0);

/** Task 13 slept on CPU 0, where 11 runs; 12 wakes it on CPU 1, and it goes to `target`. */
const recording = (target: number) =>
  trace(`
    1.000000 1 swapper/1-0 ${switched(0, 'R', 12)}
    1.000000 0 t13-13 ${switched(13, 'S', 11)}
    1.001000 1 t12-12 ${wake('sched_waking', 13, 0)}
    1.001002 1 t12-12 ${wake('sched_wakeup', 13, target)}
  `);

describe('where wake-ups went in a recording', () => {
  test('is told with what they found', () => {
    const busy = found(0, 1, []);
    for (const [target, went] of [
      [0, WENT.stayed],
      [1, WENT.toWaker],
    ] as const) {
      const choices = choicesOf(recording(target));
      expect(choices.map((choice) => (choice < 0 ? 0 : 1))).toEqual(Int8Array.of(0, 0, 1, 0));
      expect(wentAs(choices[2]!, busy)).toBe(went);
      expect(wentAs(choices[2]!, found(0, 1, [1]))).toBeUndefined();
      expect(wentAs(choices[2]!, found(0, 0, []))).toBeUndefined();
    }
  });

  test('is not told of tasks that were awake', () => {
    const awake = trace(`
      1.000000 0 t13-13 ${switched(13, 'R', 11)}
      1.001000 0 t11-11 ${wake('sched_waking', 13, 0)}
      1.001002 0 t11-11 ${wake('sched_wakeup', 13, 0)}
    `);
    expect(choicesOf(awake)).toEqual(new Int8Array(3).fill(-1));
  });
});

describe('a wake-up in the simulation', () => {
  /** 12 on CPU 1 wakes 13, which slept on CPU 0, where a hog runs, and is recorded to have gone there: where does it go? */
  const goes = (choice: number): number => {
    const demand = demandOf(
      [
        hog(11, { allowed: [0] }),
        { tid: 12, allowed: [1], bursts: [{ demand: 12 * MS, wakes: [{ at: 10 * MS, tid: 13 }] }] },
        { tid: 13, cpu: 0, bursts: [{ demand: 1000, at: 0 }, { demand: MS }] },
      ],
      { cpus: 2, ms: 20 },
    );
    demand.bursts.choice[3] = choice;
    const machine = createMachine(demand);
    machine.run();
    const schedule = machine.schedule();
    const row = schedule.kind.findLastIndex((kind, at) => kind === WAKEUP && schedule.a[at] === 13);
    return schedule.b[row]!;
  };
  const busy = found(0, 1, []);

  test('goes where it went if it finds the same', () => {
    expect(goes(busy | (WENT.stayed << 4))).toBe(0);
    expect(goes(busy | (WENT.toWaker << 4))).toBe(1);
  });

  test('and where the kernel would put it if it finds something else', () => {
    const elsewhere = goes(-1);
    for (const went of [WENT.stayed, WENT.toWaker])
      expect(goes(found(0, 1, [0]) | (went << 4))).toBe(elsewhere);
  });
});
