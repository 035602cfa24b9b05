import { describe, expect, it } from 'vitest';
import { callInfo, callNames, releaseOf } from '../../server/src/kernel/calls.ts';
import { CALLS, CONSTANTS, HOOKS, STRUCTS, callRow, hookRow } from '../../server/src/kernel/catalogue.ts';
import { effectOf } from '../../server/src/kernel/effects.ts';
import { heldLocks, lockClass } from '../../server/src/kernel/locks.ts';
import { RENAMED, renamedCall, todaysName } from '../../server/src/kernel/renames.ts';
import { typeOfWord } from '../../server/src/kernel/types-of.ts';

const VERSION = /^\d+\.\d+$/;

describe('every entry of the catalogue', () => {
  it('of hooks says where the kernel calls it and how that is known', () => {
    for (const row of HOOKS) {
      expect(row.sites.length, row.name).toBeGreaterThan(0);
      expect(row.confidence, row.name).not.toBe('');
      expect(row.irqs, row.name).not.toBe('');
      expect(
        row.contexts.split(' ').every((word) => ['task', 'softirq', 'hardirq', 'nmi'].includes(word)),
      ).toBe(true);
    }
  });

  it('of calls says what was read and how sure that is', () => {
    for (const row of CALLS) {
      expect(row.source, row.name).not.toBe('');
      expect(row.confidence, row.name).not.toBe('');
    }
  });

  it('of constants and fields names its source, and has a type that the language knows', () => {
    for (const row of CONSTANTS) {
      expect(row.source, row.name).not.toBe('');
      expect(() => typeOfWord(row.type), row.name).not.toThrow();
      if (row.value !== undefined) expect(() => BigInt(row.value ?? ''), row.name).not.toThrow();
    }
    for (const row of Object.values(STRUCTS).flat()) {
      expect(row.seen, row.name).not.toBe('');
      expect(() => typeOfWord(row.type), row.name).not.toThrow();
    }
  });

  it('is there once', () => {
    const names = [...HOOKS.map((row) => `${row.family} ${row.name}`), ...CALLS.map((row) => row.name)];
    expect(new Set(names).size).toBe(names.length);
  });

  it('has versions that can be compared', () => {
    for (const row of [...HOOKS, ...CALLS, ...CONSTANTS, ...Object.values(STRUCTS).flat()]) {
      if (row.since !== undefined) expect(row.since, row.name).toMatch(VERSION);
      if (row.maybe !== undefined) expect(row.maybe, row.name).toMatch(VERSION);
      if (row.until !== undefined) expect(row.until.replace('?', ''), row.name).toMatch(VERSION);
    }
  });
});

describe('locks of hooks', () => {
  it('are all of a known class', () => {
    const locks = HOOKS.flatMap((row) => [...(row.locks ?? []), ...(row.mayHold ?? [])]);
    expect(locks.filter((lock) => lockClass(lock) === undefined)).toEqual([]);
  });

  it.each([
    ['acquires_rq_lock', ['rq', 'any', 'dsq']],
    ['acquires_pi_lock', ['pi', 'any', 'rq', 'dsq']],
    ['acquires_dsq_lock', ['dsq', 'any']],
    ['wakes_task_synchronously', ['pi', 'rq', 'dsq', 'any', 'pool', 'wait', 'timer']],
  ] as const)('explain why %s is forbidden', (effect, classes: readonly string[]) => {
    for (const row of HOOKS) {
      if (!row.forbids?.includes(effect)) continue;
      const held = heldLocks(row).map((lock) => lock.class);
      expect(held.some((one) => classes.includes(one)) || row.name, row.name).toBe(true);
    }
  });

  it('forbid to take again what is held at every call site', () => {
    for (const row of HOOKS) {
      const always = heldLocks(row).filter((lock) => lock.always);
      for (const [kind, effect] of [
        ['rq', 'acquires_rq_lock'],
        ['pi', 'acquires_pi_lock'],
        ['dsq', 'acquires_dsq_lock'],
      ] as const) {
        if (always.some((lock) => lock.class === kind)) expect(row.forbids, row.name).toContain(effect);
      }
    }
  });

  it('are those of the runs on a live kernel', () => {
    // Measured on 6.18: the share of events at which the lock was held, 100 % or 0 %.
    const classes = (name: string) => heldLocks(hookRow('tracepoint', name)!).map((lock) => lock.class);
    expect(classes('sched_switch')).toContain('rq');
    expect(classes('sched_switch')).not.toContain('pi');
    expect(classes('sched_waking')).toContain('pi');
    expect(classes('sched_waking')).not.toContain('rq');
    expect(classes('sched_process_exit')).toEqual([]);
  });
});

describe('calls', () => {
  it('have effects of the vocabulary, or a remark that is none', () => {
    const words = CALLS.flatMap((row) => [
      ...(row.effects ?? []),
      ...(row.effects612 ?? []),
      ...(row.effects73 ?? []),
    ]);
    const unknown = words.filter((word) => effectOf(word) === undefined);
    expect(new Set(unknown)).toEqual(new Set(['requires rq lock held']));
  });

  it('have prototypes that the view can read', () => {
    for (const row of CALLS) expect(() => callInfo(row.name), row.name).not.toThrow();
  });

  it('that a policy may make have types only that the language knows', () => {
    for (const name of callNames) {
      const info = callInfo(name);
      if (info?.usable !== true) continue;
      expect(
        info.params.map((param) => param.type.kind),
        name,
      ).not.toContain('error');
      expect(info.result.kind, name).not.toBe('error');
    }
  });

  it('that give a reference name what releases it, where a policy may make them', () => {
    for (const name of callNames) {
      const row = callRow(name);
      if (callInfo(name)?.usable === true && row?.flags?.includes('acquire')) {
        expect(callRow(releaseOf(name) ?? '')?.flags, name).toContain('release');
      }
    }
  });
});

describe('renamed calls', () => {
  it('have a row for every spelling', () => {
    for (const { spellings } of RENAMED) {
      for (const { kfunc } of spellings) expect(callRow(kfunc), kfunc).toBeDefined();
    }
  });

  it('are one call, whatever name is written', () => {
    for (const call of RENAMED) {
      const today = callInfo(call.name);
      for (const { kfunc } of call.spellings) {
        expect(renamedCall(kfunc), kfunc).toBe(call);
        expect({ ...callInfo(kfunc), name: '', renamedTo: '' }, kfunc).toEqual({
          ...today,
          name: '',
          renamedTo: '',
        });
      }
    }
  });

  it('include every kfunc that the catalogue says was replaced by another kfunc', () => {
    const replaced = CALLS.filter((row) => row.replacedBy !== undefined && row.name.startsWith('scx_bpf_'));
    // scx_bpf_cpu_rq has two successors, neither of which means the same.
    const left = replaced.filter(
      (row) => renamedCall(row.name) === undefined && row.name !== 'scx_bpf_cpu_rq',
    );
    expect(left.map((row) => row.name)).toEqual([]);
  });

  it('name today what scx calls them', () => {
    expect(todaysName('scx_bpf_dispatch')).toBe('scx_bpf_dsq_insert');
    expect(todaysName('scx_bpf_dispatch_vtime_from_dsq')).toBe('scx_bpf_dsq_move_vtime');
    expect(todaysName('scx_bpf_dsq_insert')).toBeUndefined();
    expect(todaysName('scx_bpf_kick_cpu')).toBeUndefined();
  });
});
