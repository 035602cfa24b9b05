import { describe, expect, test } from 'vitest';
import { Eevdf } from '../../../server/src/simulate/machine/classes/eevdf.ts';
import { newEntity, newQueue, type Entity } from '../../../server/src/simulate/machine/classes/entity.ts';
import { FlatGroups } from '../../../server/src/simulate/machine/classes/flat-groups.ts';
import { createMachine } from '../../../server/src/simulate/machine/machine.ts';
import { demandOf, hog, MS, ran, runTimes, timeline, type TaskSpec } from './support.ts';

const share = (part: number, ...all: number[]): number => part / all.reduce((sum, weight) => sum + weight, 0);

describe.each([
  { name: 'EEVDF', kernel: {} },
  { name: 'EEVDF with all tasks in one queue (since 7.3)', kernel: { version: 703 } },
  { name: 'CFS', kernel: { scheduler: 'cfs', version: 601, baseSliceNs: 1.5 * MS } as const },
])('fair shares under $name', ({ kernel }) => {
  test('run times follow the weights of the nice values', () => {
    const weights = [9548, 3121, 1024, 335, 110];
    const tasks = [-10, -5, 0, 5, 10].map((nice, i) => hog(11 + i, { nice }));
    const times = runTimes(ran(tasks, { ms: 20_000, kernel }));
    for (const [i, weight] of weights.entries())
      expect(times[11 + i]! / (20_000 * MS)).toBeCloseTo(share(weight, ...weights), 2);
  });

  test('a SCHED_IDLE task gets 3 of 1027', () => {
    const times = runTimes(ran([hog(11), hog(12, { policy: 'IDLE' })], { ms: 20_000, kernel }));
    expect(times[12]! / (20_000 * MS)).toBeLessThan(0.006);
    expect(times[12]!).toBeGreaterThan(0);
  });

  test('groups share by their own weights, whatever is in them', () => {
    const groups = [
      { name: '/', parent: -1, weight: 1024, idle: false },
      { name: '/a', parent: 0, weight: 1024, idle: false },
      { name: '/b', parent: 0, weight: 2048, idle: false },
    ];
    const tasks = [
      hog(11, { group: 1 }),
      hog(12, { group: 2 }),
      hog(13, { group: 2 }),
      hog(14, { group: 2 }),
    ];
    const times = runTimes(ran(tasks, { ms: 6_000, kernel, groups }));
    expect(times[11]! / (6_000 * MS)).toBeCloseTo(1 / 3, 1);
    expect(times[12]! / (6_000 * MS)).toBeCloseTo(2 / 9, 1);
  });
});

describe('EEVDF', () => {
  test('turns end at a tick, once the slice is over', () => {
    const turns = timeline(ran([hog(11), hog(12)], { ms: 40 }));
    expect(turns.map(([tid]) => tid).slice(0, 4)).toEqual([11, 12, 11, 12]);
    for (const [, us] of turns.slice(1)) expect(us % 4000).toBe(1);
  });

  test('a batch task does not preempt', () => {
    const batch: TaskSpec = { tid: 12, policy: 'BATCH', bursts: [{ demand: 0.1 * MS, at: 10.5 * MS }] };
    expect(timeline(ran([hog(11), batch], { ms: 20 })).find(([tid]) => tid === 12)?.[1]).toBe(12_001);
  });

  test('anything preempts a SCHED_IDLE task at once', () => {
    const sleeper: TaskSpec = { tid: 12, bursts: [{ demand: 0.1 * MS, at: 10.5 * MS }] };
    const turns = timeline(ran([hog(11, { policy: 'IDLE' }), sleeper], { ms: 20 }));
    expect(turns.find(([tid]) => tid === 12)?.[1]).toBe(10_501);
  });

  test('a task with a shorter slice of its own preempts one that is protected (PREEMPT_SHORT)', () => {
    const wokenAt = (slice: number): number | undefined => {
      const sleeper: TaskSpec = { tid: 12, bursts: [{ demand: 0.1 * MS, at: 9 * MS }] };
      const machine = createMachine(demandOf([hog(11), sleeper], { ms: 20 }));
      machine.setSlice(machine.taskOf(12)!, slice);
      machine.run();
      return timeline(machine).find(([tid]) => tid === 12)?.[1];
    };
    expect(wokenAt(0)).toBe(12_001);
    expect(wokenAt(0.1 * MS)).toBe(9_001);
  });

  test('of equal deadlines the waiting one goes first: the slice of the other was just renewed', () => {
    const sleeper: TaskSpec = { tid: 12, bursts: [{ demand: 0.1 * MS, at: 10.5 * MS }] };
    const turns = timeline(ran([hog(11), sleeper], { ms: 20 }));
    expect(turns.find(([tid]) => tid === 12)?.[1]).toBe(10_501);
  });

  test('a slice ends when it is over where the kernel has a timer for it (HRTICK, since 7.0)', () => {
    const second = (version: number): number | undefined =>
      timeline(ran([hog(11), hog(12)], { ms: 20, kernel: { version } }))[1]?.[1];
    expect(second(700)).toBe(1401);
    expect(second(618)).toBe(4001);
  });

  test('the group of a task that went to sleep goes on if it is eligible (PICK_BUDDY, since 6.12.13)', () => {
    const picked = (version: number, vruntime: number, patch = Infinity): string => {
      const queue = newQueue(0, 0, undefined);
      const entity = (v: number, deadline: number): Entity => ({
        ...newEntity(undefined, undefined, queue),
        vruntime: v,
        deadline,
      });
      const buddy = entity(vruntime, 900);
      queue.entities.push(buddy, entity(0, 500), entity(20, 800));
      queue.buddy = buddy;
      const { kernel } = demandOf([], { ms: 1, kernel: { version, patch } });
      return new Eevdf(kernel, 4 * MS).pick(queue) === buddy ? 'buddy' : 'the earliest deadline';
    };
    expect(picked(618, 5)).toBe('buddy');
    expect(picked(618, 50)).toBe('the earliest deadline');
    expect(picked(612, 5)).toBe('buddy');
    expect(picked(612, 5, 12)).toBe('the earliest deadline');
  });
});

describe('groups with all tasks in one queue (since 7.3)', () => {
  const groups = [
    { name: '/', parent: -1, weight: 1024, idle: false },
    { name: '/a', parent: 0, weight: 1024, idle: false },
    { name: '/a/b', parent: 1, weight: 1024, idle: false },
  ];
  const alone = () => {
    const roots = [newQueue(0, 0, undefined)];
    const { kernel } = demandOf([], { ms: 1, kernel: { version: 703 }, groups });
    const flat = new FlatGroups(groups, roots, new Eevdf(kernel, 4 * MS), () => undefined);
    const member = (group: number): Entity => {
      const entity = newEntity(undefined, undefined, flat.queueOf(group, 0));
      flat.join(entity, group, 0, 0);
      return entity;
    };
    return { flat, member };
  };

  test('a task weighs what the weights of its groups leave it', () => {
    const { flat, member } = alone();
    const first = member(1);
    expect(first.weight).toBeCloseTo(1024, 3);
    // The inner group is one of two in the outer one, and has one task.
    const inner = member(2);
    expect(inner.weight).toBeCloseTo(512, 3);
    flat.weigh(first, 1, 0);
    expect(first.weight).toBeCloseTo(512, 3);
    flat.leave(inner, 2, 0);
    flat.weigh(first, 1, 0);
    expect(first.weight).toBeCloseTo(1024, 3);
  });

  test('a task that comes back at another weight keeps its lag in real time', () => {
    const { flat, member } = alone();
    const entity = member(1);
    flat.leave(entity, 1, 0);
    entity.vlag = MS;
    member(1);
    flat.join(entity, 1, 0, 0);
    expect(entity.weight).toBeCloseTo(512, 3);
    expect(entity.vlag / MS).toBeCloseTo(2, 3);
  });
});

describe('real time', () => {
  const rt = (tid: number, rtPriority: number, more: Partial<TaskSpec> = {}): TaskSpec =>
    hog(tid, { policy: 'FIFO', rtPriority, ...more });

  test('goes before fair tasks, and the higher priority first', () => {
    const late = rt(13, 60, { bursts: [{ demand: 5 * MS, at: 10 * MS }] });
    const turns = timeline(ran([hog(11), rt(12, 50), late], { ms: 30 }));
    expect(turns).toEqual([
      [12, 0],
      [13, 10_001],
      [12, 15_001],
    ]);
  });

  test('FIFO tasks of one priority do not take turns', () => {
    const times = runTimes(ran([rt(11, 50), rt(12, 50)], { ms: 500 }));
    expect(times).toEqual({ 11: 500 * MS, 12: 0 });
  });

  test('RR tasks of one priority take turns of 100 ms', () => {
    const turns = timeline(ran([rt(11, 50, { policy: 'RR' }), rt(12, 50, { policy: 'RR' })], { ms: 500 }));
    expect(turns.map(([tid]) => tid)).toEqual([11, 12, 11, 12, 11]);
    expect(turns.map(([, us]) => Math.round(us / 1000))).toEqual([0, 100, 200, 300, 400]);
  });

  test('is throttled to 95 % of a second while fair tasks wait', () => {
    const times = runTimes(ran([hog(11), rt(12, 50)], { ms: 4000 }));
    expect(times[11]! / (4000 * MS)).toBeCloseTo(0.05, 2);
  });

  test('is throttled for nobody before 6.12, and not at all since', () => {
    const idle = (version: number): number =>
      2000 * MS - runTimes(ran([rt(12, 50)], { ms: 2000, kernel: { version } }))[12]!;
    expect(idle(611) / MS).toBeCloseTo(100, -1);
    expect(idle(612)).toBe(0);
  });

  test('a boosted fair task runs at once, and shares again when the boost ends', () => {
    const machine = createMachine(demandOf([hog(11), hog(12)], { ms: 100 }));
    const task = machine.taskOf(12)!;
    machine.callAt(20 * MS, () => machine.setScheduler(task, 'FIFO', 8));
    machine.callAt(60 * MS, () => machine.setScheduler(task, 'NORMAL', 0));
    machine.run(20.01 * MS);
    const before = task.ran;
    machine.run(60 * MS);
    expect((task.ran - before) / MS).toBeCloseTo(40, 1);
    machine.run();
    expect(machine.taskOf(11)!.ran).toBeGreaterThan(20 * MS);
  });
});

describe('affinity', () => {
  test('a task leaves a CPU that it may no longer use', () => {
    const machine = createMachine(demandOf([hog(11)], { ms: 20, cpus: 2 }));
    machine.callAt(10 * MS, () => machine.setAffinity(machine.taskOf(11)!, Uint8Array.of(0, 1)));
    machine.run();
    expect(machine.taskOf(11)!.cpu).toBe(1);
    expect(machine.taskOf(11)!.ran / MS).toBeCloseTo(20, 1);
  });

  test('two tasks bound to one CPU share it while another idles', () => {
    const times = runTimes(ran([hog(11, { allowed: [0] }), hog(12, { allowed: [0] })], { ms: 100, cpus: 2 }));
    expect(times[11]! + times[12]!).toBe(100 * MS);
  });
});

describe('wake-ups', () => {
  test('a task is woken when its waker gets there, not when that was recorded', () => {
    const waker: TaskSpec = {
      tid: 12,
      allowed: [0],
      bursts: [{ demand: 9 * MS, wakes: [{ at: 8 * MS, tid: 13 }] }],
    };
    const woken: TaskSpec = { tid: 13, cpu: 1, bursts: [{ demand: 0.1 * MS }, { demand: 0.1 * MS }] };
    const second = (...others: TaskSpec[]): number => {
      const turns = timeline(ran([...others, waker, woken], { ms: 100, cpus: 2 }), 1);
      return turns.filter(([tid]) => tid === 13)[1]![1];
    };
    expect(second()).toBe(8001);
    expect(second(hog(11, { allowed: [0] }), hog(14, { allowed: [0] }))).toBeGreaterThan(16_000);
  });

  test('one that comes before its task sleeps is not lost', () => {
    const waker: TaskSpec = {
      tid: 12,
      cpu: 1,
      bursts: [{ demand: 1 * MS, wakes: [{ at: 0.5 * MS, tid: 13 }] }],
    };
    const woken: TaskSpec = { tid: 13, cpu: 0, bursts: [{ demand: 4 * MS }, { demand: 3 * MS }] };
    expect(runTimes(ran([waker, woken], { ms: 20, cpus: 2 }))).toEqual({ 12: 1 * MS, 13: 7 * MS });
  });
});
