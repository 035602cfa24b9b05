import { describe, expect, test } from 'vitest';
import { findImbalance, type CpuState } from '../../../server/src/simulate/machine/classes/imbalance.ts';
import { placeAt, placesOf } from '../../../server/src/simulate/machine/places.ts';
import type { Demand } from '../../../server/src/simulate/machine/types.ts';
import { createMachine } from '../../../server/src/simulate/machine/machine.ts';
import { kindIndex } from '../../../server/src/trace/kinds.ts';
import { switched, trace } from '../../support/trace.ts';
import { demandOf, hog, MS } from './support.ts';

const MIGRATE = kindIndex('sched_migrate_task');
const SWITCH = kindIndex('sched_switch');

const IDLE: CpuState = { cpu: 0, load: 0, util: 0, runnable: 0, capacity: 1, tasks: 0, fair: 0 };
/** A CPU with so many hogs, for long. */
const hogs = (cpu: number, count: number, more: Partial<CpuState> = {}): CpuState => ({
  cpu,
  load: 1024 * count,
  util: 1,
  runnable: count,
  capacity: 1,
  tasks: count,
  fair: count,
  ...more,
});

describe('an idle CPU takes', () => {
  test.each([
    [2, { unit: 'task', amount: 1 }],
    [5, { unit: 'task', amount: 2 }],
  ])('of %i tasks half, where the CPUs share a cache', (count, taken) =>
    expect(findImbalance(IDLE, [hogs(1, count)], true, true)).toEqual({ source: 1, ...taken }),
  );

  test('what it has time for, where they share none', () => {
    const local = { ...IDLE, util: 0.25 };
    expect(findImbalance(local, [hogs(1, 3)], true, false)).toEqual({
      source: 1,
      unit: 'util',
      amount: 0.75,
    });
  });

  test('nothing from where one runs alone', () =>
    expect(findImbalance(IDLE, [hogs(1, 1)], true, true)).toBeUndefined());

  test('a lone task from where real-time tasks leave it less than 85 %', () => {
    const behind = (capacity: number): CpuState =>
      hogs(1, 1, { util: 0.1, runnable: 0.2, tasks: 2, capacity });
    expect(findImbalance(IDLE, [behind(0.9)], true, true)).toBeUndefined();
    expect(findImbalance(IDLE, [behind(0.7)], true, true)).toEqual({ source: 1, unit: 'load', amount: 1024 });
  });
});

describe('a busy CPU takes', () => {
  test('half of the difference above 17 %', () => {
    expect(findImbalance(hogs(0, 2), [hogs(1, 4)], false, true)).toMatchObject({
      unit: 'load',
      amount: 1024,
    });
    expect(findImbalance(hogs(0, 2), [hogs(1, 2, { load: 2300 })], false, true)).toBeUndefined();
  });

  test('the same, whether it is among the CPUs or not', () => {
    const local = hogs(0, 2);
    const others = [hogs(1, 4), hogs(2, 1)];
    const alone = findImbalance(local, others, false, true);
    expect(alone).toMatchObject({ source: 1, unit: 'load' });
    expect(findImbalance(local, [local, ...others], false, true)).toEqual(alone);
  });

  test('any difference, where it has one task and the other ones cannot do theirs', () =>
    expect(findImbalance(hogs(0, 1), [hogs(1, 2, { load: 1100 })], false, true)).toMatchObject({
      amount: 38,
    }));

  test('less where real-time tasks run beside', () => {
    const amount = (capacity: number): number | undefined =>
      findImbalance(hogs(0, 2, { capacity }), [hogs(1, 4)], false, true)?.amount;
    expect(amount(0.8)).toBeLessThan(amount(1)!);
  });

  test('from the one with the most for its capacity', () => {
    const others = [hogs(1, 4), hogs(2, 3, { capacity: 0.5 })];
    expect(findImbalance(hogs(0, 2), others, false, true)?.source).toBe(2);
  });
});

const migrations = (demand: Demand): number => {
  const machine = createMachine(demand);
  machine.run();
  const schedule = machine.schedule();
  return schedule.kind.filter((kind) => kind === MIGRATE).length;
};

describe('three hogs on two CPUs', () => {
  const specs = [hog(11, { cpu: 0 }), hog(12, { cpu: 0 }), hog(13, { cpu: 1 })];
  const demand = demandOf(specs, { cpus: 2, ms: 400 });
  const places = (...moves: readonly (readonly [since: number, cpu: number])[]): Demand['places'] => ({
    start: Int32Array.of(0, 1, 1 + moves.length, 2 + moves.length),
    since: Float64Array.of(0, ...moves.map(([since]) => since * MS), 0),
    cpu: Int16Array.of(0, ...moves.map(([, cpu]) => cpu), 1),
  });

  test('take turns', () => expect(migrations(demand)).toBeGreaterThan(3));

  test('stay where they are, if the recording has them there', () =>
    expect(migrations({ ...demand, places: places([0, 0]) })).toBe(0));

  test('move as they do in the recording', () =>
    expect(migrations({ ...demand, places: places([0, 0], [100, 1], [250, 0]) })).toBe(2));

  test('go by the rules where one may not be where the recording has it', () => {
    const pinned = demandOf([hog(11, { allowed: [0] }), ...specs.slice(1)], { cpus: 2, ms: 400 });
    const elsewhere = { ...places([0, 0]), cpu: Int16Array.of(1, 0, 1) };
    expect(migrations({ ...pinned, places: elsewhere })).toBeGreaterThan(3);
  });
});

test('a task that sleeps moves too, as long as its dequeue is delayed', () => {
  const bursts = Array.from({ length: 40 }, (_, i) => ({ demand: MS, at: i * 17 * MS }));
  const heavy = [12, 13, 14].map((tid) => hog(tid, { cpu: tid % 2, allowed: [tid % 2], nice: -10 }));
  const demand = demandOf([{ tid: 11, cpu: 0, bursts }, ...heavy], { cpus: 2, ms: 700 });
  const turns = Array.from({ length: 11 }, (_, i) => i);
  const places: Demand['places'] = {
    start: Int32Array.of(0, 11, 12, 13, 14),
    since: Float64Array.of(...turns.map((turn) => turn * 60 * MS), 0, 0, 0),
    cpu: Int16Array.of(...turns.map((turn) => turn % 2), 0, 1, 0),
  };
  const machine = createMachine({ ...demand, places });
  machine.run();
  const schedule = machine.schedule();
  let asleep = false;
  let moved = 0;
  for (let row = 0; row < schedule.length; row++) {
    const kind = schedule.kind[row];
    if (schedule.a[row] !== 11) continue;
    if (kind === MIGRATE && asleep) moved++;
    if (kind !== MIGRATE) asleep = kind === SWITCH && ((schedule.c[row]! >>> 16) & 0xff) !== 0;
  }
  expect(moved).toBeGreaterThan(0);
});

test('the recording tells where its tasks are', () => {
  const recording = trace(`
1.000000 0 t11-11 ${switched(11, 'S', 12)}
1.000010 1 <idle>-0 ${switched(0, 'R', 13)}
1.000020 0 t12-12 ${switched(12, 'S', 0)}
1.000030 1 t13-13 sched_migrate_task: comm=t12 pid=12 prio=120 orig_cpu=0 dest_cpu=1
1.000040 1 t13-13 ${switched(13, 'R', 12)}`);
  const places = placesOf(recording, [12, 13, 14]);
  const at = (task: number, us: number): number | undefined => placeAt(places, task, us * 1000);
  expect([at(0, 0), at(0, 29), at(0, 30), at(0, 99)]).toEqual([0, 0, 1, 1]);
  expect([at(1, 0), at(1, 50)]).toEqual([1, 1]);
  expect([at(2, 0), at(3, 0)]).toEqual([undefined, undefined]);
});
