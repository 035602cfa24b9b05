import { describe, expect, test } from 'vitest';
import { AverageIdle } from '../../../server/src/simulate/machine/classes/average-idle.ts';
import { createMachine } from '../../../server/src/simulate/machine/machine.ts';
import { searchCostOf } from '../../../server/src/simulate/machine/search-cost.ts';
import { kindIndex } from '../../../server/src/trace/kinds.ts';
import { switched, trace, wake } from '../../support/trace.ts';
import { demandOf, hog, MS, timeline, type TaskSpec } from './support.ts';

const MIGRATE = kindIndex('sched_migrate_task');

/**
 * CPU 1 runs dry `rounds` times while a task waits on CPU 0, and idles for `idle(round)` µs each time; where `taken(round)`, it
 * takes the task first, and CPU 0 takes it back.
 */
function recording(rounds: number, idle: (round: number) => number, taken: (round: number) => boolean) {
  const lines: string[] = [];
  let us = 1_000_000;
  const add = (cpu: number, tid: number, event: string): void => {
    lines.push(`${(us / 1e6).toFixed(6)} ${cpu} t-${tid} ${event}`);
    us += 10;
  };
  const moved = (from: number, to: number): string =>
    `sched_migrate_task: comm=t12 pid=12 prio=120 orig_cpu=${from} dest_cpu=${to}`;
  // Thread 12 has run on both CPUs, so it can move.
  add(0, 11, switched(11, 'R', 12));
  add(0, 12, switched(12, 'R', 11));
  add(1, 13, switched(13, 'R', 12));
  add(1, 12, switched(12, 'R', 13));
  add(1, 13, moved(1, 0));
  for (let round = 0; round < rounds; round++) {
    us += 2000;
    if (taken(round)) {
      add(1, 13, moved(0, 1));
      add(1, 13, switched(13, 'S', 12));
      add(1, 12, switched(12, 'R', 0));
      add(0, 11, moved(1, 0));
    } else add(1, 13, switched(13, 'S', 0));
    us += idle(round);
    add(1, 0, wake('sched_waking', 13, 1));
    add(1, 0, wake('sched_wakeup', 13, 1));
    add(1, 0, switched(0, 'R', 13));
  }
  return trace(lines.join('\n'));
}

describe('what a search for work costs', () => {
  test('is more than any CPU idles on average where none took a task', () => {
    expect(
      searchCostOf(
        recording(
          40,
          () => 300,
          () => false,
        ),
      ),
    ).toBe(Infinity);
  });

  test('is nothing where all took one, and where too few ran dry to tell', () => {
    expect(
      searchCostOf(
        recording(
          40,
          () => 300,
          () => true,
        ),
      ),
    ).toBeLessThan(300_000);
    expect(
      searchCostOf(
        recording(
          5,
          () => 300,
          () => false,
        ),
      ),
    ).toBe(0);
  });

  test('lets as many pass as took one, those that idled longest', () => {
    const late = (round: number): boolean => round >= 40;
    const cost = searchCostOf(
      recording(
        80,
        (round) => (late(round) ? 900 : 100),
        (round) => round >= 60,
      ),
    );
    expect(cost).toBeGreaterThan(100_000);
    expect(cost).toBeLessThan(1_000_000);
  });
});

describe('the average of idle times', () => {
  test('moves an eighth of the way, up to twice the cost of a search, or 1 ms', () => {
    const average = new AverageIdle(1, 0);
    expect(average.of(0)).toBe(MS);
    average.idled(0, 0);
    expect(average.of(0)).toBe(0.875 * MS);
    for (let i = 0; i < 100; i++) average.idled(0, 50 * MS);
    expect(average.of(0)).toBe(MS);
    const dear = new AverageIdle(1, 3 * MS);
    for (let i = 0; i < 100; i++) dear.idled(0, 50 * MS);
    expect(dear.of(0)).toBe(6 * MS);
  });
});

describe('a CPU that runs dry', () => {
  /** Two tasks wait for CPU 0; CPU 1 runs dry after 6 ms: when does it take one, in µs? */
  const taken = (searchNs: number): number | undefined => {
    const demand = demandOf(
      [hog(11, { allowed: [0] }), hog(12), hog(13), { tid: 14, allowed: [1], bursts: [{ demand: 6 * MS }] }],
      { cpus: 2, ms: 20, kernel: { features: { NI_RANDOM: false } } },
    );
    const machine = createMachine({ ...demand, calibration: { ...demand.calibration, searchNs } });
    machine.run();
    return timeline(machine, 1).find(([tid]) => tid === 12 || tid === 13)?.[1];
  };

  test('takes a task at once where it idles for longer than a search costs, else at a tick', () => {
    expect(taken(0)).toBeLessThan(7_000);
    expect(taken(2 * MS)).toBeGreaterThan(7_999);
  });
});

test('a new task goes to another CPU without an event', () => {
  const parent: TaskSpec = { tid: 11, allowed: [0], bursts: [{ demand: 4 * MS }] };
  const demand = demandOf([parent, { tid: 12, bursts: [{ demand: MS }] }], { cpus: 2, ms: 10 });
  const points = { length: 1, at: Float64Array.of(MS), kind: Uint8Array.of(2), arg: Int32Array.of(1) };
  const arrival = Uint8Array.of(0, 4);
  const pointStart = Int32Array.of(0, 1, 1);
  const machine = createMachine({ ...demand, points, bursts: { ...demand.bursts, arrival, pointStart } });
  machine.run();
  expect(timeline(machine, 1).map(([tid]) => tid)).toContain(12);
  expect(machine.schedule().kind.includes(MIGRATE)).toBe(false);
});
