import { describe, expect, it } from 'vitest';
import { HOOKS, type CallRow } from '../../server/src/kernel/catalogue.ts';
import { heldLocks, mayNest, ownerOf, type LockClass } from '../../server/src/kernel/locks.ts';
import { contextOfRow } from '../../server/src/safety/context.ts';
import { diagnose } from './support.ts';

const itself = (text: string, calls: readonly CallRow[] = []): readonly boolean[] =>
  diagnose(text, { outOfTree: { calls, delivers: {} } })
    .filter(({ code }) => code === 'PV4001')
    .map(({ message }) => message.includes('with interrupts off, for itself;'));

const policy = (hook: string, body: string): string =>
  `policy p for tracing\non tracepoint sched:${hook} { ${body} }\n`;

describe('a lock that a hook holds', () => {
  it.each([
    ['this_cpu()', true],
    ['bpf_get_smp_processor_id()', true],
    ['3', false],
    ['next.pid > 9 ? this_cpu() : 3', false],
  ])('of this CPU is taken again for certain with %s: %s', (cpu, same) => {
    const text = policy('sched_switch(preempt, prev, next)', `scx_bpf_cpuperf_set(${cpu}, 512)`);
    expect(itself(text)).toEqual([same]);
  });

  const boost: CallRow = {
    name: 'vendor_boost',
    class: 'kfunc',
    signature: 'int vendor_boost(struct task_struct *p, int prio)',
    progs: ['TRACING'],
    acquires: ['p->pi_lock', 'rq(task_cpu(p)).__lock'],
    effects: ['acquires_pi_lock', 'acquires_rq_lock'],
    confidence: 'test',
    source: 'test',
  };

  it.each([
    ['sched_switch(preempt, prev, next)', 'next', true],
    ['sched_switch(preempt, prev, next)', 'current()', true],
    ['sched_wakeup_new(p)', 'p', true],
    ['sched_wakeup_new(p)', 'current()', false],
  ])('of %s is taken again for certain with %s: %s', (hook, task, same) => {
    expect(itself(policy(hook, `vendor_boost(${task}, 1)`), [boost])).toEqual([same]);
  });

  it('of a task is that of whatever is called so, also by another name', () => {
    const text = policy('sched_wakeup_new(who)', 'let t = who\nvendor_boost(t, 1)');
    expect(itself(text, [boost])).toEqual([true]);
  });
});

describe('locks of the catalogue', () => {
  const EFFECTS = [
    ['acquires_rq_lock', 'rq'],
    ['acquires_pi_lock', 'pi'],
    ['acquires_dsq_lock', 'dsq'],
  ] as const;

  it('let no hook take one of the same class, or one that comes before it, whoever holds it', () => {
    for (const row of HOOKS) {
      const { forbids } = contextOfRow('', undefined, row);
      for (const [effect, wanted] of EFFECTS)
        for (const lock of heldLocks(row))
          if (!mayNest(lock.class, wanted))
            expect([...forbids], `${row.name}: ${lock.lock}`).toContain(effect);
    }
  });

  it.each<[LockClass, LockClass, boolean]>([
    ['pi', 'rq', true],
    ['rq', 'pi', false],
    ['rq', 'rq', false],
    ['pi', 'pi', false],
    ['rq', 'dsq', true],
    ['dsq', 'rq', false],
    ['hrtimer', 'rq', false],
    ['rq', 'hrtimer', true],
    ['any', 'dsq', false],
    ['sleeping', 'pi', true],
    ['section', 'rq', true],
  ])('under %s, %s may be taken: %s', (held, wanted, may) => expect(mayNest(held, wanted)).toBe(may));

  it('say whose they are', () => {
    expect(ownerOf('rq(this_cpu).__lock')).toEqual({ kind: 'this-cpu' });
    expect(ownerOf('rq(task_cpu(p)).__lock')).toEqual({ kind: 'cpu-of', argument: 'p' });
    expect(ownerOf('rq(cpu).__lock if no rq is tracked')).toEqual({ kind: 'cpu', argument: 'cpu' });
    expect(ownerOf('to->pi_lock')).toEqual({ kind: 'task', argument: 'to' });
    expect(ownerOf('rq(any).__lock')).toEqual({ kind: 'unknown' });
  });
});
