import { describe, expect, test } from 'vitest';
import { Eevdf } from '../../../server/src/simulate/machine/classes/eevdf.ts';
import { newEntity, newQueue, type Entity } from '../../../server/src/simulate/machine/classes/entity.ts';
import { kernelOf } from '../../../server/src/simulate/machine/kernel.ts';
import { CHANGES, has } from '../../../server/src/simulate/machine/rules.ts';
import { demandOf, MS } from './support.ts';

const eevdf = (version: number, patch = Infinity): Eevdf =>
  new Eevdf(demandOf([], { ms: 1, kernel: { version, patch } }).kernel, 4 * MS);

/** A queue whose current entity ran ahead of V, by entities' [vruntime, deadline]; in ms, but for the weight. */
function queueOf(...places: readonly (readonly [vruntime: number, deadline: number])[]) {
  const queue = newQueue(0, 0, undefined);
  const entities = places.map(([vruntime, deadline]): Entity => {
    const entity = newEntity(undefined, undefined, queue);
    return {
      ...entity,
      vruntime: vruntime * MS,
      deadline: deadline * MS,
      vprot: deadline * MS,
      slice: 1.4 * MS,
      queued: true,
    };
  });
  queue.entities.push(...entities);
  queue.weight = 1024 * entities.length;
  queue.current = entities[0];
  return { queue, entities };
}

describe('what changed in the scheduler', () => {
  test.each([
    ['6.18.33', true],
    ['6.18.32', false],
    ['6.18', true],
    ['6.19', false],
    ['7.0.9', false],
    ['7.0.10', true],
    ['7.1', true],
    ['6.12.117', false],
  ])('%s: wake-ups take delayed entities out: %s', (version, expected) => {
    expect(has(kernelOf(2, undefined, { version }), CHANGES.wakeupDequeues)).toBe(expected);
  });

  test('the release of a distribution is read', () => {
    const { version, patch } = kernelOf(2, undefined, { version: '6.12.117+deb13-cloud-amd64' });
    expect([version, patch]).toEqual([612, 117]);
  });

  test('without a word on it, it is a recent one', () => {
    const { version, patch } = kernelOf(2, undefined);
    expect([version, patch]).toEqual([618, 44]);
  });

  test('a change that was taken back is gone', () => {
    const versions = ['6.12', '6.13', '6.18.44', '6.18.45', '6.18', '6.19', '7.0'];
    const places = versions.map((version) => has(kernelOf(2, undefined, { version }), CHANGES.reweighPlaces));
    expect(places).toEqual([false, true, true, false, false, true, false]);
  });
});

describe('a wake-up', () => {
  /** The current entity is not eligible; a sleeper that is still queued has the earliest deadline, before the woken one. */
  const woken = (rules: Eevdf, fork = false) => {
    const { queue, entities } = queueOf([3, 4], [0.2, 1.6], [0.5, 1.9]);
    const [current, sleeper, entity] = entities as [Entity, Entity, Entity];
    sleeper.delayed = true;
    const left: Entity[] = [];
    const preempts = rules.preempts(queue, current, entity, fork, (delayed) => {
      left.push(delayed);
      queue.entities.splice(queue.entities.indexOf(delayed), 1);
    });
    return { preempts, left: left.length };
  };

  test('preempts in spite of a delayed entity, once that is taken out (since 6.18.33)', () => {
    expect(woken(eevdf(618))).toEqual({ preempts: true, left: 1 });
    expect(woken(eevdf(618, 32))).toEqual({ preempts: false, left: 0 });
  });

  test('of a new task preempts nobody (since 6.18.33)', () => {
    expect(woken(eevdf(618), true)).toEqual({ preempts: false, left: 0 });
  });
});

describe('a new weight of the group that runs', () => {
  /** The lag of the current entity, in ms, before and after its weight changes a little. */
  const lags = (rules: Eevdf, ahead: number): readonly [before: number, after: number] => {
    const { queue, entities } = queueOf([ahead, ahead + 1], [0, 1]);
    const [current, other] = entities as [Entity, Entity];
    const lag = (): number =>
      ((current.weight * current.vruntime + other.weight * other.vruntime) / queue.weight -
        current.vruntime) /
      MS;
    const before = lag();
    rules.reweigh(queue, current, 1000);
    queue.weight += 1000 - current.weight;
    current.weight = 1000;
    return [before, lag()];
  };

  test('keeps its lag', () => {
    for (const version of [612, 700]) {
      const [before, after] = lags(eevdf(version), 1);
      expect(after).toBeCloseTo((before * 1024) / 1000, 6);
    }
  });

  test('takes it further from V from 6.13 to 6.19, whichever side it is on', () => {
    for (const ahead of [1, -1]) {
      const [before, after] = lags(eevdf(618, 44), ahead);
      expect(Math.sign(after)).toBe(Math.sign(before));
      expect(Math.abs(after)).toBeGreaterThan(1.2 * Math.abs(before));
    }
  });

  test('but no further than the limit of the lag', () => {
    const { queue, entities } = queueOf([-20, -19], [0, 1]);
    const [current] = entities as [Entity, Entity];
    eevdf(618, 44).reweigh(queue, current, 1000);
    // 1.4 ms of slice and a tick, as (W + w) / W of it.
    expect(-current.vruntime / MS).toBeLessThan(10 + 2 * 5.4 * 1.03);
  });
});
