import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { threadMetrics, vmMetrics } from '../../server/src/simulate/metrics.ts';
import { jain, mean, quantile, sorted } from '../../server/src/simulate/quantiles.ts';
import { machines } from '../../server/src/simulate/vms.ts';
import { switched, trace, wake } from '../support/trace.ts';

const exit = (time: string, tid: number, reason: string): string =>
  `${time} 0 t${tid}-${tid} kvm_exit: vcpu 0 reason ${reason} rip 0x1 info1 0x0 info2 0x0 intr_info 0x0 error_code 0x0`;

/** Thread 5 wakes at 10 µs and runs from 30 to 50; preempted in its guest until 90; runs until 100; sleeps. */
const OVER = trace(`
  1.000000 0 t5-5 ${switched(5, 'S', 7)}
  1.000010 0 t7-7 ${wake('sched_waking', 5, 1)}
  1.000012 0 t7-7 ${wake('sched_wakeup', 5, 1)}
  1.000015 0 t7-7 ${wake('sched_waking', 5, 1)}
  1.000030 1 swapper-0 ${switched(0, 'R', 5)}
  1.000035 1 t5-5 kvm_entry: vcpu 0, rip 0x1
  ${exit('1.000045', 5, 'interrupt')}
  1.000050 1 t5-5 ${switched(5, 'R', 6)}
  1.000090 0 t7-7 ${switched(7, 'S', 5)}
  1.000092 0 t5-5 kvm_entry: vcpu 0, rip 0x1
  ${exit('1.000095', 5, 'hlt')}
  1.000100 0 t5-5 ${switched(5, 'S', 0)}
  1.000110 0 swapper-0 ${wake('sched_waking', 5, 0)}
  1.000120 1 t6-6 ${switched(6, 'R', 0)}
`);

describe('the recorded schedule of a thread', () => {
  const metrics = threadMetrics(OVER, new Set([5])).get(5);

  test('wake-ups count from the first one on, each wait once', () => {
    expect(metrics?.wakeup_latency).toEqual([20_000]);
    expect(metrics?.runqueue_delay).toEqual([20_000, 40_000]);
  });

  test('stretches that the trace cuts off are left out', () => {
    expect(metrics?.run_time).toEqual([20_000, 10_000]);
  });

  test('a wait that began with an interrupt of the host while the guest worked is one of a preempted guest', () => {
    expect(metrics?.preempted_in_guest).toEqual([40_000]);
  });

  test('switch-ins and changes of the CPU', () => {
    expect([metrics?.switches, metrics?.migrations]).toEqual([2, 1]);
  });
});

test('moves are counted by their own event where the trace has it', () => {
  const over = trace(`
    1.000000 0 t7-7 sched_migrate_task: comm=t5 pid=5 prio=120 orig_cpu=0 dest_cpu=1
    1.000001 1 swapper-0 ${switched(0, 'R', 5)}
    1.000002 1 t5-5 ${switched(5, 'S', 0)}
    1.000003 0 swapper-0 ${switched(0, 'R', 5)}
  `);
  expect(threadMetrics(over, new Set([5])).get(5)?.migrations).toBe(1);
});

test('a VM has the stretches of all its vCPUs; what a trace cannot show is missing', () => {
  const over = trace(`
    1.000000 0 t7-7 ${switched(7, 'R', 5)}
    1.000010 0 t5-5 ${switched(5, 'R', 7)}
    1.000030 0 t7-7 ${switched(7, 'R', 5)}
    1.000060 0 t5-5 ${switched(5, 'R', 7)}
  `);
  const of = machines([{ name: 'm', id: 1, vcpus: [{ tid: 5, id: 0 }, { tid: 7, id: 1 }] }]); // prettier-ignore
  const [vm] = vmMetrics(over, threadMetrics(over, new Set([5, 7])), of);
  expect(vm?.run_time).toMatchObject({ count: 3, sum: 60_000, p50: 20_000, max: 30_000 });
  expect(vm?.steal).toEqual(vm?.runqueue_delay);
  expect([vm?.wakeup_latency, vm?.preempted_in_guest]).toEqual([undefined, undefined]);
});

describe('quantiles', () => {
  const values = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 200 });

  test('are values that enough others do not exceed, and the smallest such', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.9, 0.99, 0.999), (list, p) => {
        const found = quantile(sorted(list), p);
        const atMost = list.filter((value) => value <= found).length;
        const below = list.filter((value) => value < found).length;
        expect(list).toContain(found);
        expect(atMost).toBeGreaterThanOrEqual(p * list.length);
        expect(below).toBeLessThan(p * list.length);
      }),
    );
  });

  test('of nothing are no number', () => {
    expect([quantile(sorted([]), 0.5), mean(sorted([]))]).toEqual([NaN, NaN]);
  });

  test('fairness is 1 where all have the same, and 1/n where one has all', () => {
    expect(jain([3, 3, 3, 3])).toBe(1);
    expect(jain([5, 0, 0, 0])).toBe(0.25);
  });
});

test('few values and many are sorted alike, whether or not they are whole numbers of 32 bits', () => {
  const wide = [0, 1, 2047, 2048, 2 ** 22, 2 ** 31, 2 ** 32 - 1];
  const values = (of: fc.Arbitrary<number>, most: number): fc.Arbitrary<number[]> =>
    fc.array(of, { minLength: most - 2, maxLength: most });
  const whole = fc.oneof(fc.nat(5000), fc.constantFrom(...wide), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  const any = fc.oneof(whole, fc.constantFrom(2 ** 32, 2 ** 53, -1), fc.double({ noNaN: true }));
  for (const list of [values(whole, 600), values(whole, 40), values(any, 600)])
    fc.assert(
      fc.property(list, (given) => {
        expect([...sorted(given)]).toEqual([...new Float64Array(given).sort()]);
      }),
      { numRuns: 30 },
    );
});
