import { describe, expect, it } from 'vitest';
import { parse } from '../../grammar/parser.ts';
import { callRow, type CallRow } from '../../server/src/kernel/catalogue.ts';
import { kernelsFor, type KernelSelection } from '../../server/src/kernel/profiles.ts';
import { kernelView } from '../../server/src/kernel/view.ts';
import { analyse } from '../../server/src/safety/analyse.ts';
import { check } from '../../server/src/semantics/check.ts';

/** A kernel with a kfunc that boosts at once, as a wrapper of sched_setscheduler_nocheck() would. */
const boost: CallRow = {
  ...callRow('sched_setscheduler_nocheck')!,
  name: 'pv_boost',
  class: 'kfunc',
  progs: ['all'],
};
/** One that takes the task's pi_lock and nothing else. */
const lockTask: CallRow = {
  name: 'pv_lock_task',
  class: 'kfunc',
  signature: 'void pv_lock_task(struct task_struct *p)',
  progs: ['all'],
  acquires: ['p->pi_lock'],
  effects: ['acquires_pi_lock'],
  confidence: 'read',
  source: 'a workspace',
};

function analyseWith(call: CallRow, text: string) {
  const kernels: KernelSelection = {
    ...kernelsFor('tracing', undefined),
    outOfTree: { calls: [call], delivers: { boost: call.name } },
  };
  const { file } = parse(text);
  return analyse(check(file, kernelView(kernels)), kernels);
}

const boostIn = (hook: string, deferred = ''): string => `policy p for tracing
on tracepoint ${hook} { ${deferred}boost(current(), FIFO, 8, for: 500us) }
`;

describe('a call of an out-of-tree kernel', () => {
  it('inverts the lock order where it takes the outer lock under the inner one', () => {
    const found = analyseWith(
      lockTask,
      'policy p for tracing\non tracepoint sched:sched_switch(preempt, prev) { pv_lock_task(prev) }\n',
    );
    expect(found.map(({ code }) => code)).toEqual(['PV4002']);
    expect(found[0]?.message).toContain('takes p->pi_lock');
    expect(found[0]?.message).toContain('with rq(this_cpu).__lock held');
  });

  it('is the deadlock itself where that lock is held', () => {
    const found = analyseWith(
      lockTask,
      'policy p for tracing\non tracepoint sched:sched_waking(p) { pv_lock_task(p) }\n',
    );
    expect(found.map(({ code }) => code)).toEqual(['PV4001']);
  });
});

describe('an action that an out-of-tree kernel does at once', () => {
  it.each([
    ['sched:sched_switch()', 'rq(this_cpu).__lock'],
    ['sched:sched_waking()', 'any lock the waker holds'],
    ['sched:sched_wakeup_new()', 'rq(task_cpu(p)).__lock'],
    ['kvm:kvm_entry()', 'interrupts off'],
  ])('must be deferred in %s', (hook, why) => {
    const found = analyseWith(boost, boostIn(hook));
    expect(found.map(({ code }) => code).filter((code) => code.startsWith('PV4'))).toEqual(['PV4016']);
    expect(found[0]?.message).toContain(why);
    expect(found[0]?.fixes[0]?.title).toBe("Add 'defer'");
  });

  it.each(['kvm:kvm_vcpu_wakeup()', 'sched:sched_process_exit()', 'sched:sched_exit_tp()'])(
    'may happen in %s',
    (hook) => {
      const codes = analyseWith(boost, boostIn(hook)).map(({ code }) => code);
      expect(codes.filter((code) => code !== 'PV4013')).toEqual([]);
    },
  );

  it('has no deadline to miss, and is safe where it is deferred', () => {
    expect(analyseWith(boost, boostIn('sched:sched_switch()', 'defer '))).toEqual([]);
  });

  it('inverts the lock order where it takes the outer lock under the inner one', () => {
    const found = analyseWith(lockTask, boostIn('sched:sched_switch()'));
    expect(found.map(({ code }) => code)).toEqual(['PV4016']);
    expect(found[0]?.message).toContain('it takes p->pi_lock');
  });
});
