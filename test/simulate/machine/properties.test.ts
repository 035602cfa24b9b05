import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMachine } from '../../../server/src/simulate/machine/machine.ts';
import { TASK, type Machine } from '../../../server/src/simulate/machine/types.ts';
import type { Trace } from '../../../server/src/trace/columns.ts';
import { runs } from '../../support/runs.ts';
import { demandOf, MS, type TaskSpec } from './support.ts';

const LENGTH_MS = 120;

const burst = fc.record(
  {
    demand: fc.integer({ min: 1_000, max: 8 * MS }),
    at: fc.integer({ min: 0, max: LENGTH_MS * MS }),
    after: fc.integer({ min: 0, max: 5 * MS }),
  },
  { requiredKeys: ['demand'] },
);

const task = fc.record({
  // A burst that nothing starts would wait for another task, which these do not wake.
  bursts: fc
    .array(burst, { minLength: 1, maxLength: 12 })
    .map((bursts) => bursts.map((one, i) => (i > 0 && one.at === undefined ? { after: 1000, ...one } : one))),
  policy: fc.constantFrom('NORMAL', 'NORMAL', 'BATCH', 'IDLE', 'FIFO', 'RR'),
  nice: fc.integer({ min: -20, max: 19 }),
  rtPriority: fc.integer({ min: 1, max: 99 }),
  cpu: fc.nat(3),
  bound: fc.boolean(),
  group: fc.nat(2),
});

const GROUPS = [
  { name: '/', parent: -1, weight: 1024, idle: false },
  { name: '/a', parent: 0, weight: 512, idle: false },
  { name: '/a/b', parent: 1, weight: 1024, idle: false },
];

const demands = fc
  .record({
    cpus: fc.integer({ min: 1, max: 4 }),
    kernel: fc.constantFrom(
      {},
      { version: 703 },
      { scheduler: 'cfs' as const, version: 601, baseSliceNs: 1.5 * MS },
    ),
    tasks: fc.array(task, { minLength: 1, maxLength: 9 }),
  })
  .map(({ cpus, kernel, tasks }) => {
    const specs = tasks.map(({ bound, ...one }, i): TaskSpec => {
      const cpu = one.cpu % cpus;
      const rt = one.policy === 'FIFO' || one.policy === 'RR';
      return {
        ...one,
        tid: 11 + i,
        cpu,
        rtPriority: rt ? one.rtPriority : 0,
        ...(bound ? { allowed: [cpu] } : {}),
      };
    });
    return demandOf(specs, { cpus, ms: LENGTH_MS, kernel, groups: GROUPS });
  });

/** Checks of every switch: who leaves was there, and nobody runs in two places. */
function consistent(schedule: Trace): void {
  const running = new Int32Array(schedule.cpus);
  for (let row = 0; row < schedule.length; row++) {
    if (schedule.kind[row] !== 0) continue;
    const cpu = schedule.cpu[row]!;
    expect(schedule.a[row]).toBe(running[cpu]);
    running[cpu] = schedule.b[row]!;
    if (running[cpu]! > 0) expect(running.filter((tid) => tid === running[cpu]).length).toBe(1);
  }
}

/** Tasks that wait although a CPU that they may use idles. */
const stranded = (machine: Machine): readonly number[] =>
  machine.tasks
    .filter(
      (one) =>
        one.state === TASK.queued &&
        Array.from({ length: machine.cpus }, (_, cpu) => cpu).some(
          (cpu) => machine.allows(one, cpu) && machine.current(cpu) === undefined,
        ),
    )
    .map(({ tid }) => tid);

describe('any demand', () => {
  test('is run by nobody twice at a time, never beyond what is wanted, and its time is conserved', () => {
    fc.assert(
      fc.property(demands, (demand) => {
        const machine = createMachine(demand);
        machine.run();
        consistent(machine.schedule());
        let all = 0;
        for (const one of machine.tasks) {
          const { firstBurst, lastBurst } = demand.tasks[one.index]!;
          const wanted = demand.bursts.demand
            .subarray(firstBurst, lastBurst)
            .reduce((sum, ns) => sum + ns, 0);
          expect(one.ran).toBeLessThanOrEqual(wanted);
          all += one.ran;
        }
        expect(all).toBeLessThanOrEqual(demand.cpus * LENGTH_MS * MS);
      }),
      { numRuns: runs(150) },
    );
  });

  test('leaves no task waiting beside an idle CPU for longer than balancing takes', () => {
    fc.assert(
      fc.property(demands, (demand) => {
        const machine = createMachine(demand);
        const since = new Map<number, number>();
        // A lone task is left behind real-time ones until they had 15 % of its CPU: 8 ms (sched_reduced_capacity).
        for (let ms = 1; ms < LENGTH_MS; ms++) {
          machine.run(ms * MS);
          const now = new Set(stranded(machine));
          for (const tid of since.keys()) if (!now.has(tid)) since.delete(tid);
          for (const tid of now) if (!since.has(tid)) since.set(tid, ms);
          for (const [tid, from] of since) expect([tid, ms - from]).toEqual([tid, Math.min(ms - from, 30)]);
        }
      }),
      { numRuns: runs(60) },
    );
  });

  test('gives the same schedule again', () => {
    fc.assert(
      fc.property(demands, (demand) => {
        const [first, second] = [createMachine(demand), createMachine(demand)];
        first.run();
        for (let ms = 1; ms <= LENGTH_MS; ms += 7) second.run(ms * MS);
        second.run();
        const [left, right] = [first.schedule(), second.schedule()];
        expect(right.length).toBe(left.length);
        for (const column of ['time', 'kind', 'cpu', 'tid', 'a', 'b', 'c'] as const)
          expect(right[column]).toEqual(left[column]);
      }),
      { numRuns: runs(40) },
    );
  });
});
