import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  mergeSweeps,
  paretoFront,
  parseAxis,
  pointAt,
  pointsOf,
  type Point,
  type Sweep,
} from '../../server/src/simulate/sweep.ts';
import { policy } from '../support/policy.ts';

const { program } = policy(`policy t for tracing
  param prio: rt_prio = 8 in 1..50
  param wait: duration = 1ms in 1us..1s
  param swift: bool = true
  every 1ms { log "{prio} {wait} {swift}" }`);

describe('the values of a sweep', () => {
  test.each([
    ['prio=1..3', ['1', '2', '3']],
    ['prio=1..8:3', ['1', '4', '7']],
    ['wait=1ms..2ms:500us', ['1ms', '1.5ms', '2ms']],
    ['wait=1234567ns..1234569ns', ['1234567ns', '1234568ns', '1234569ns']],
    ['wait=1ms, 20ms', ['1ms', '20ms']],
    ['swift=true,false', ['true', 'false']],
  ])('%s', (text, values) => {
    expect(parseAxis(program, text)).toMatchObject({ values });
  });

  test.each([
    ['prio', 'a sweep is NAME=FROM..TO'],
    ['prio=9..1', 'the range of prio is empty'],
    ['prio=1..9:0', "'0' is no step"],
    ['wait=1us..1s', 'would have 999999001 values; give a step'],
    ['swift=false..true', 'swift has no range'],
  ])('%s is refused', (text, said) => {
    expect(parseAxis(program, text)).toContain(said);
  });

  test('outside of their range, or of a param that is none, they are diagnostics', () => {
    expect(parseAxis(program, 'prio=1..99')).toMatchObject({ code: 'PV7057' });
    expect(parseAxis(program, 'pri=1..9')).toMatchObject({ code: 'PV7055' });
  });
});

test('the points of a grid are all different, and as many as the axes span', () => {
  const axis = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(axis, { minLength: 1, maxLength: 3 }), (lists) => {
      const axes = lists.map((list, i) => ({ param: `p${i}`, values: list.map(String) }));
      const total = pointsOf(axes);
      const points = Array.from({ length: total }, (_, i) => pointAt(axes, i).join());
      expect(new Set(points).size).toBe(total);
    }),
  );
});

const OBJECTIVES = [
  { name: 'latency', unit: 'ns', better: 'less' },
  { name: 'share', unit: 'ratio', better: 'more' },
] as const;
const point = (index: number, values: readonly (number | null)[], ejected = false): Point => ({
  index,
  settings: [`p=${index}`],
  values,
  ok: true,
  ejected,
});

test('no point of the front is beaten, and every other one is', () => {
  const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(values, (list) => {
      const points = list.map((pair, i) => point(i, pair));
      const front = new Set(paretoFront(OBJECTIVES, points));
      const beats = (a: Point, b: Point): boolean =>
        a.values[0]! <= b.values[0]! &&
        a.values[1]! >= b.values[1]! &&
        (a.values[0] !== b.values[0] || a.values[1] !== b.values[1]);
      for (const one of points) expect(points.some((other) => beats(other, one))).toBe(!front.has(one.index));
    }),
  );
});

test('what was thrown out, or has no figure, is not on the front', () => {
  const points = [point(0, [1, 9], true), point(1, [null, 9]), point(2, [5, 5])];
  expect(paretoFront(OBJECTIVES, points)).toEqual([2]);
});

describe('merging', () => {
  const shard = (points: readonly Point[]): Sweep => ({
    version: 1,
    policy: 't',
    scenario: null,
    trace: { file: 'x', events: 3 },
    axes: [{ param: 'p', values: ['0', '1'] }],
    shard: { index: 0, count: 2 },
    objectives: OBJECTIVES,
    points,
    pareto: [],
  });

  test('puts the points in order and finds the front anew', () => {
    const merged = mergeSweeps([shard([point(1, [1, 1])]), shard([point(0, [2, 1])])]);
    expect(merged).toMatchObject({ points: [{ index: 0 }, { index: 1 }], pareto: [1], shard: { count: 1 } });
  });

  test('refuses points that are missing, or differ, and shards of something else', () => {
    expect(mergeSweeps([shard([point(0, [1, 1])])])).toContain('1 of 2 points are missing');
    expect(mergeSweeps([shard([point(0, [1, 1])]), shard([point(0, [2, 1])])])).toContain('is there twice');
    const other = { ...shard([point(1, [1, 1])]), policy: 'u' };
    expect(mergeSweeps([shard([point(0, [1, 1])]), other])).toContain('different sweeps');
  });
});
