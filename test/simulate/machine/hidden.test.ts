import { describe, expect, test } from 'vitest';
import { simulateBaseline } from '../../../server/src/simulate/machine/baseline.ts';
import { extractDemand } from '../../../server/src/simulate/machine/demand.ts';
import { hiddenThreads, wakeupLatencies } from '../../../server/src/simulate/machine/latencies.ts';
import { kindIndex } from '../../../server/src/trace/kinds.ts';
import { switched, trace, wake } from '../../support/trace.ts';

const runtime = (tid: number, ns: number): string =>
  `sched_stat_runtime: comm=t${tid} pid=${tid} runtime=${ns} [ns]`;

/** Thread 12 runs twice, the switches from it to 11 and 13 are hidden; the first charge of 11 after the first one is `charge`. */
const recording = (charge: string) =>
  trace(`
1.000000 0 t11-11 ${switched(11, 'S', 12)}
1.000010 0 t12-12 ${wake('sched_waking', 11, 0)}
1.000012 0 t12-12 ${wake('sched_wakeup', 11, 0)}
1.000100 0 t11-11 ${wake('sched_waking', 13, 0)}
1.000101 0 t11-11 ${charge}
1.000102 0 t11-11 ${wake('sched_wakeup', 13, 0)}
1.000110 0 t11-11 ${switched(11, 'S', 12)}
1.000200 0 t13-13 ${switched(13, 'S', 11)}
1.000300 0 t11-11 ${switched(11, 'S', 0)}`);

describe('a thread that hides its switches', () => {
  const hidden = recording(runtime(11, 30_000));

  test('is one that comes, but never leaves', () => expect([...hiddenThreads(hidden)]).toEqual([12]));

  test('is left out of the waits of a whole schedule, as it is in the recording', () => {
    const whole = trace(`
1.000000 0 t11-11 ${switched(11, 'S', 12)}
1.000010 0 t12-12 ${wake('sched_waking', 11, 0)}
1.000080 0 t12-12 ${switched(12, 'S', 11)}
1.000090 0 t11-11 ${wake('sched_waking', 12, 0)}
1.000110 0 t11-11 ${switched(11, 'S', 12)}
1.000120 0 t12-12 ${wake('sched_waking', 13, 0)}
1.000150 0 t12-12 ${switched(12, 'S', 11)}
1.000160 0 t11-11 ${switched(11, 'S', 13)}
1.000170 0 t13-13 ${wake('sched_waking', 11, 0)}
1.000180 0 t13-13 ${switched(13, 'S', 11)}`);
    expect([...wakeupLatencies(whole, 0, new Set())]).toEqual([10_000, 20_000, 70_000]);
    expect([...wakeupLatencies(whole, 0, new Set([12]))]).toEqual([10_000]);
  });
});

test('switches from a hidden thread count on neither side', () => {
  const { fidelity, schedule } = simulateBaseline(recording(runtime(11, 30_000)));
  const from = Array.from(schedule.a).filter((_, row) => schedule.kind[row] === kindIndex('sched_switch'));
  expect(from.filter((tid) => tid === 12).length).toBeGreaterThan(0);
  expect(fidelity.switches.simulated).toBe(from.filter((tid) => tid !== 12).length);
  expect(fidelity.switches.recorded).toBe(4);
});

describe('a switch that is missing', () => {
  /** What 11 ran from its first wake-up to its sleep, µs. */
  const ran = (charge: string): number => {
    const { bursts, tasks } = extractDemand(recording(charge));
    const { firstBurst } = tasks.find(({ tid }) => tid === 11)!;
    return bursts.demand[firstBurst + 1]! / 1000;
  };

  test('happened when the first charge of the next thread says', () =>
    expect(ran(runtime(11, 30_000))).toBe(39));

  test('or in the middle of what is known, where no charge tells', () =>
    expect(ran(runtime(13, 30_000))).toBe(54));
});
