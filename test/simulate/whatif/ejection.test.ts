// The schedulers that kernel 7.3 throws out, run as policies in the model: same reason, same words.
import { describe, expect, test } from 'vitest';
import { switched, trace } from '../../support/trace.ts';
import { hogs, modelled } from './support.ts';

const WATCHDOG = 60_000_000;
/** Within it the watchdog's own worker gets its turn, behind hogs with slices of up to 20 ms. */
const PATIENT = 120_000_000;

/** A policy of the ops `ops`; tasks with the ids in `high` are of the high class. */
const scx = (ops: string): string => `policy bad for sched_ext\n${ops}`;

const ejectedBy = (ops: string, over = hogs(4, 200), watchdog = WATCHDOG) =>
  modelled(scx(ops), over, { watchdog }).result.policy.ejected;

const QUEUE = `dsq q fifo
on op enqueue(p, f) { scx_bpf_dsq_insert(p, q, 5ms, f) }`;
const DISPATCH = 'on op dispatch(c, prev) { scx_bpf_dsq_move_to_local(q) }';

describe('policies that the kernel keeps', () => {
  test('a queue that dispatch empties', () => {
    expect(ejectedBy(`${QUEUE}\n${DISPATCH}`, hogs(4, 400), PATIENT)).toBeNull();
  });

  test('no ops at all: the global queue', () => {
    expect(ejectedBy('on op running(p) { log "x" }', hogs(4, 400), PATIENT)).toBeNull();
  });
});

describe('stalls', () => {
  test.each([
    ['a queue that nobody empties', QUEUE],
    ['tasks that enqueue drops', 'counter seen\non op enqueue(p, f) { seen += 1 }'],
  ])('%s, where CPUs idle, so that the watchdog runs on one', (_, ops) => {
    const ejected = ejectedBy(ops);
    expect(ejected?.reason).toBe('runnable task stall');
    expect(ejected?.message).toMatch(/^t1\d\[1\d\] failed to run for 0\.0[6-9]\ds$/);
    expect(ejected?.task).toMatch(/^t1\d-1\d$/);
  });

  test('a slice without end for everyone: the watchdog starves, too, which a tick notices', () => {
    const ejected = ejectedBy(`dsq q fifo
      on op enqueue(p, f) { scx_bpf_dsq_insert(p, q, SCX_SLICE_INF, f) }
      ${DISPATCH}`);
    expect(ejected).toMatchObject({
      reason: 'runnable task stall',
      message: 'watchdog failed to check in for 0.064s',
      task: null,
    });
  });

  test('of one task, where the watchdog gets to run', () => {
    const ejected = ejectedBy(
      `${QUEUE.replace('{', '{ if p.pid != 12 {').replace(/}$/, '} }')}\n${DISPATCH}`,
      hogs(4, 400),
      PATIENT,
    );
    expect(ejected?.reason).toBe('runnable task stall');
    expect(ejected?.message).toMatch(/^t12\[12\] failed to run for 0\.1[2-9]\ds$/);
    expect(ejected?.task).toBe('t12-12');
  });

  test('of the watchdog alone', () => {
    const ejected = ejectedBy(
      `${QUEUE.replace('{', '{ if p.pid < 15 {').replace(/}$/, '} }')}\n${DISPATCH}`,
      hogs(4, 400),
      PATIENT,
    );
    expect(ejected?.message).toBe('watchdog failed to check in for 0.124s');
  });

  const STRICT = `dsq high fifo
    dsq low fifo
    on op enqueue(p, f) {
      if p.pid < 15 { scx_bpf_dsq_insert(p, high, 5ms, f) } else { scx_bpf_dsq_insert(p, low, 5ms, f) }
    }
    on op dispatch(c, prev) {
      if !scx_bpf_dsq_move_to_local(high) { scx_bpf_dsq_move_to_local(low) }
    }`;

  test('strict priority starves the low class where the high one has more tasks than there are CPUs', () => {
    const ejected = ejectedBy(STRICT, hogs(6, 200));
    expect(ejected?.message).toBe('watchdog failed to check in for 0.064s');
  });

  test('with as many as CPUs it does not: in dispatch the previous task is on no queue', () => {
    expect(ejectedBy(STRICT.replace('p.pid < 15', 'p.pid < 13'), hogs(4, 400), PATIENT)).toBeNull();
  });

  const STICKY = `dsq q fifo
    counter dispatched
    on op enqueue(p, f) {
      if p.pid < LIMIT { scx_bpf_dsq_insert(p, LOCAL, 5ms, f) } else { scx_bpf_dsq_insert(p, q, 5ms, f) }
    }
    on op dispatch(c, prev) {
      dispatched += 1
      scx_bpf_dsq_move_to_local(q)
    }`;

  test('a local queue that is never empty keeps dispatch from being called', () => {
    const ejected = ejectedBy(STICKY.replace('LIMIT', '15'), hogs(5, 200));
    expect(ejected?.message).toBe('watchdog failed to check in for 0.064s');
    expect(ejectedBy(STICKY.replace('LIMIT', '13'), hogs(4, 400), PATIENT)).toBeNull();
  });
});

describe('errors', () => {
  test('the same task inserted twice', () => {
    const ejected = ejectedBy(
      `${QUEUE.replace('5ms, f)', '5ms, f)\n scx_bpf_dsq_insert(p, q, 5ms, f)')}\n${DISPATCH}`,
    );
    expect(ejected?.reason).toBe('runtime error');
    expect(ejected?.message).toMatch(/^t1\d\[1\d\] already direct-dispatched$/);
  });

  const WAKING = trace(`
    1.000000 0 t9-9 ${switched(9, 'S', 7)}
    1.000001 1 t8-8 ${switched(8, 'S', 0)}
    1.001000 0 t7-7 sched_waking: comm=kworker/0:1 pid=11 prio=120 target_cpu=000
    1.001001 0 t7-7 sched_wakeup: comm=kworker/0:1 pid=11 prio=120 target_cpu=000
    1.001100 0 t7-7 sched_waking: comm=t8 pid=8 prio=120 target_cpu=001
    1.001101 0 t7-7 sched_wakeup: comm=t8 pid=8 prio=120 target_cpu=001
    1.001200 1 swapper-0 ${switched(0, 'R', 8)}
    1.002000 1 t8-8 ${switched(8, 'S', 0)}
    1.004000 0 t7-7 sched_switch: prev_comm=t7 prev_pid=7 prev_prio=120 prev_state=R ==> next_comm=kworker/0:1 next_pid=11 next_prio=120
    1.005000 0 kworker/0:1-11 sched_switch: prev_comm=kworker/0:1 prev_pid=11 prev_prio=120 prev_state=S ==> next_comm=t7 next_pid=7 next_prio=120
    1.009000 1 swapper-0 ${switched(0, 'R', 8)}
    1.010000 0 t7-7 ${switched(7, 'S', 0)}
    1.011000 1 t8-8 ${switched(8, 'S', 0)}
  `);

  test('a CPU that does not exist', () => {
    const ejected = ejectedBy(
      `${QUEUE}\n${DISPATCH}\non op select_cpu(p, prev, f) { return 9999 as cpu }`,
      WAKING,
    );
    expect(ejected?.message).toBe('invalid CPU 9999 from ops.select_cpu()');
  });

  test('a CPU that the task must not use', () => {
    const ejected = ejectedBy('on op enqueue(p, f) { scx_bpf_dsq_insert(p, local_on(1), 5ms, f) }', WAKING);
    expect(ejected?.message).toBe('SCX_DSQ_LOCAL[_ON] target CPU 1 not allowed for kworker/0:1[11]');
  });

  test('after it the tasks go on under the kernel\u2019s own scheduler', () => {
    const { result } = modelled(scx('counter seen\non op enqueue(p, f) { seen += 1 }'), hogs(4, 400), {
      watchdog: WATCHDOG,
    });
    const { ejected, all, busy_ns: busy } = result.policy;
    expect(ejected).not.toBeNull();
    expect(all.switches).toBeGreaterThan(20);
    for (const ns of busy) expect(ns).toBeGreaterThan(200_000_000);
  });
});
