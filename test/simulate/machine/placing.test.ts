import { describe, expect, test } from 'vitest';
import { Loads } from '../../../server/src/simulate/machine/classes/loads.ts';
import { newEntity, newQueue } from '../../../server/src/simulate/machine/classes/entity.ts';
import { NewlyIdle } from '../../../server/src/simulate/machine/classes/newly-idle.ts';
import { Wakers } from '../../../server/src/simulate/machine/classes/wakers.ts';
import { createMachine } from '../../../server/src/simulate/machine/machine.ts';
import { kindIndex } from '../../../server/src/trace/kinds.ts';
import { demandOf, hog, MS, ran, type TaskSpec } from './support.ts';

const WAKEUP = kindIndex('sched_wakeup');

describe('a wake-up looks for an idle CPU', () => {
  /** CPU 1 is busy until `until`, in ms; a task of CPU 0, where a hog runs, wakes up 8 ms later: for which CPU? */
  const cpuOf = (until: number, kernel = {}): number => {
    const before: TaskSpec = { tid: 12, allowed: [1], bursts: [{ demand: until * MS }] };
    const woken: TaskSpec = { tid: 13, cpu: 0, bursts: [{ demand: MS, at: (until + 8) * MS }] };
    const machine = ran([hog(11, { allowed: [0] }), before, woken], { cpus: 2, ms: until + 10, kernel });
    const schedule = machine.schedule();
    const row = schedule.kind.findIndex((kind, at) => kind === WAKEUP && schedule.a[at] === 13);
    return schedule.b[row]!;
  };

  test('where the CPUs have time', () => expect(cpuOf(2)).toBe(1));

  test('and not where they are 85 % busy, which half a second of two hogs makes them (SIS_UTIL)', () => {
    expect(cpuOf(500)).toBe(0);
    expect(cpuOf(500, { features: { SIS_UTIL: false } })).toBe(1);
  });
});

describe('who wakes many others in turn', () => {
  const tasks = [11, 12, 13, 14].map((tid) => hog(tid));
  const machine = createMachine(demandOf(tasks, { cpus: 2, ms: 1 }));
  const [hub, ...spokes] = machine.tasks;

  test('leaves them where they are once they wake several, too (wake_wide)', () => {
    const wakers = new Wakers(machine);
    const wide = (): boolean => spokes.some((spoke) => wakers.wakes(hub, spoke!, 0));
    for (let i = 0; i < 10; i++) expect(wide()).toBe(false);
    for (const spoke of spokes)
      for (const other of [hub!, ...spokes]) if (other !== spoke) wakers.wakes(spoke, other!, 0);
    expect(wide()).toBe(true);
  });

  test('and nobody does where the CPU idles', () => {
    expect(new Wakers(machine).wakes(undefined, hub!, 0)).toBe(false);
  });
});

describe('a CPU that runs dry', () => {
  const tries = (features: Readonly<Record<string, boolean>>, found: boolean): number => {
    const machine = createMachine(demandOf([hog(11)], { cpus: 2, ms: 1, kernel: { features } }));
    const idling = new NewlyIdle(machine);
    let looked = 0;
    for (let i = 0; i < 8192; i++)
      idling.try(0, () => {
        looked++;
        return found;
      });
    return looked;
  };

  test('looks elsewhere ever more seldom where that finds nothing (NI_RANDOM)', () => {
    expect(tries({ NI_RANDOM: false }, false)).toBe(8192);
    expect(tries({ NI_RANDOM: true }, false)).toBeLessThan(1200);
  });

  test('and often where it finds work', () => {
    expect(tries({ NI_RANDOM: true }, true)).toBeGreaterThan(5000);
  });
});

test('the load of a task goes with it', () => {
  const machine = createMachine(demandOf([hog(11)], { cpus: 2, ms: 1 }));
  const roots = [newQueue(0, 0, undefined), newQueue(1, 0, undefined)];
  const loads = new Loads(machine, roots);
  const task = newEntity(undefined, undefined, roots[0]!);
  task.load = 600;
  roots[0]!.load = 1500;
  roots[1]!.load = 200;
  loads.move(task, roots[1]!);
  expect([loads.of(0), loads.of(1)]).toEqual([900, 800]);
});
