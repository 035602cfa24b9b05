import { describe, expect, it } from 'vitest';
import { callNames } from '../../server/src/kernel/calls.ts';
import { HOOKS } from '../../server/src/kernel/catalogue.ts';
import { kernelsFor } from '../../server/src/kernel/profiles.ts';
import { hookInfo } from '../../server/src/kernel/view.ts';
import { callCard, hookCard } from '../../server/src/safety/cards.ts';

const kernels = kernelsFor('sched_ext', undefined);

describe('the card of a hook', () => {
  it('says what is held, what is forbidden and how that is known', () => {
    const card = hookCard(hookInfo('tracepoint', 'sched_switch')!, 'tracing', kernels);
    expect(card).toContain(
      'on tracepoint sched:sched_switch(preempt: bool, prev: task, next: task, prev_state: u32)',
    );
    expect(card).toContain('- Runs with rq(this_cpu).__lock held, interrupts off\n');
    expect(card).toContain("- Never here: take a run queue's lock, take a task's pi_lock, wake a task");
    expect(card).toContain('fires in `kernel/sched/core.c:__schedule`');
  });

  it('says what an op may do that others may not', () => {
    const card = hookCard(hookInfo('op', 'dispatch')!, 'sched_ext', kernels);
    expect(card).toContain('`scx_bpf_dsq_move_to_local`');
    expect(card).not.toContain('`scx_bpf_select_cpu_dfl`');
    expect(card).not.toContain('The program may sleep');
    expect(hookCard(hookInfo('op', 'init')!, 'sched_ext', kernels)).toContain('The program may sleep');
  });

  it('is there for every hook', () => {
    for (const { family, name } of HOOKS)
      expect(hookCard(hookInfo(family, name)!, undefined, kernels)).toContain('- Runs ');
    for (const family of ['init', 'exit', 'every'] as const) {
      expect(hookCard(hookInfo(family, '')!, 'tracing', kernels)).toContain('- Runs in ');
    }
  });
});

describe('the card of a call', () => {
  it('says where it is allowed, what it locks on which kernel, and how that is known', () => {
    const card = callCard('scx_bpf_cpuperf_set', kernels);
    expect(card).toContain('void scx_bpf_cpuperf_set(s32 cpu, u32 perf)');
    expect(card).toContain('- Callable from: every op; tracepoints as well');
    expect(card).toContain('acquires rq lock (on 6.13 to 7.3)');
    expect(card).toContain('Known by: read + experiment (7.3.4)');
  });

  it('names its spellings, and the kernels without it', () => {
    expect(callCard('scx_bpf_dispatch', kernels)).toContain(
      '`scx_bpf_dispatch` from 6.12, `scx_bpf_dsq_insert` from 6.13',
    );
    expect(callCard('scx_bpf_dsq_peek', kernels)).toContain('Not in kernel 6.12 to 6.18');
  });

  it('says why a policy cannot make it', () => {
    expect(callCard('bpf_wq_start', kernels)).toContain(
      'A policy cannot call it: policies have no work queues',
    );
  });

  it('is there for every call, and for nothing else', () => {
    for (const name of callNames) expect(callCard(name, kernels), name).toContain('Known by: ');
    expect(callCard('no_such_call', kernels)).toBe('');
  });
});
