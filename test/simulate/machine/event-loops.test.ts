import { describe, expect, test } from 'vitest';
import { extractDemand } from '../../../server/src/simulate/machine/demand.ts';
import { switched, trace, wake } from '../../support/trace.ts';
import { MS, ran, timeline, type TaskSpec } from './support.ts';

describe('a task that waits for a timer and for another task', () => {
  /** 13 has a burst at 10 ms, and then one that 12 wants after 2 ms. When does it run, in ms? */
  const runs = (anyOrder: boolean): readonly number[] => {
    const tasks: readonly TaskSpec[] = [
      { tid: 12, allowed: [0], bursts: [{ demand: 3 * MS, wakes: [{ at: 2 * MS, tid: 13 }] }] },
      { tid: 13, allowed: [1], anyOrder, bursts: [{ demand: MS, at: 10 * MS }, { demand: MS }] },
    ];
    const machine = ran(tasks, { cpus: 2, ms: 20 });
    expect(machine.tasks.map(({ done }) => done)).toEqual([1, 2]);
    return timeline(machine, 1)
      .filter(([tid]) => tid === 13)
      .map(([, us]) => Math.floor(us / 1000));
  };

  test('does what comes first if it waits for both at once', () => expect(runs(true)).toEqual([2, 10]));

  test('and one after the other if it does not', () => expect(runs(false)).toEqual([10]));
});

describe('whether a task waits for both', () => {
  /** 13 on CPU 0 is woken every ms, by 12 on CPU 1 or by an interrupt there, and sleeps at once. */
  const anyOrder = (wakers: string): boolean => {
    const lines = [...wakers].flatMap((by, i) => {
      const at = (us: number): string => `1.${String(i * 1000 + us).padStart(6, '0')}`;
      return [
        `${at(100)} 1 ${by === 't' ? 't12-12' : '<idle>-0'} ${wake('sched_waking', 13, 0)}`,
        `${at(102)} 1 ${by === 't' ? 't12-12' : '<idle>-0'} ${wake('sched_wakeup', 13, 0)}`,
        `${at(105)} 0 swapper/0-0 ${switched(0, 'R', 13)}`,
        `${at(130)} 0 t13-13 ${switched(13, 'S', 0)}`,
        ...(by === 't' ? [] : [`${at(200)} 1 swapper/1-0 ${switched(0, 'R', 12)}`]),
        ...(wakers[i + 1] === 'i' ? [`${at(300)} 1 t12-12 ${switched(12, 'S', 0)}`] : []),
      ];
    });
    const start = `0.999000 1 swapper/1-0 ${switched(0, 'R', 12)}\n0.999100 0 t13-13 ${switched(13, 'S', 0)}\n`;
    return extractDemand(trace(start + lines.join('\n'))).tasks.find(({ tid }) => tid === 13)!.anyOrder;
  };

  test('shows in the order of what wakes it', () => {
    expect(anyOrder('ttiittiittiittii'.repeat(2))).toBe(true);
    expect(anyOrder('titititititititi'.repeat(2))).toBe(false);
    expect(anyOrder('t'.repeat(32))).toBe(false);
  });
});
