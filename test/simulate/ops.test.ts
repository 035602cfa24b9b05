import { describe, expect, test } from 'vitest';
import { replay } from '../../server/src/simulate/replay.ts';
import type { ReplayResult } from '../../server/src/simulate/result.ts';
import type { Trace } from '../../server/src/trace/columns.ts';
import { policy } from '../support/policy.ts';
import { switched, trace, wake } from '../support/trace.ts';

function run(text: string, over: Trace): ReplayResult {
  const found = replay(policy(text), over);
  if (!found.ok) throw new Error(found.diagnostics.map(({ message }) => message).join('\n'));
  return found.result;
}

const logs = (found: ReplayResult): string[] =>
  found.logs.map(({ time, text }) => `${time.slice(-2)} ${text}`);

/** Thread 5 wakes on idle CPU 1, is preempted there by 6, and sleeps; CPU 0 is busy with 7. */
const OVER = trace(`
  1.000000 0 t9-9 ${switched(9, 'S', 7)}
  1.000001 1 t8-8 ${switched(8, 'S', 0)}
  1.000010 0 t7-7 ${wake('sched_waking', 5, 0)}
  1.000011 0 t7-7 ${wake('sched_wakeup', 5, 1)}
  1.000020 1 swapper-0 ${switched(0, 'R', 5)}
  1.000030 0 t7-7 ${wake('sched_waking', 6, 1)}
  1.000031 0 t7-7 ${wake('sched_wakeup', 6, 1)}
  1.000040 1 t5-5 ${switched(5, 'R', 6)}
  1.000050 1 t6-6 ${switched(6, 'S', 5)}
  1.000060 1 t5-5 ${switched(5, 'S', 0)}
`);

const LOGGED = `policy t for sched_ext
  dsq q fifo
  on op init_task(p, a) { log "init_task {p}" }
  on op enable(p) { log "enable {p}" }
  on op select_cpu(p, prev, f) {
    let (c, idle) = scx_bpf_select_cpu_dfl(p, prev, f)
    log "select_cpu {p} {c} {idle}"
    return c
  }
  on op runnable(p, f) { log "runnable {p}" }
  on op enqueue(p, f) { log "enqueue {p} {f has SCX_ENQ_WAKEUP} {q.len}"
    scx_bpf_dsq_insert(p, q, 5ms, f) }
  on op dispatch(c, prev) { log "dispatch {c} {scx_bpf_dsq_move_to_local(q)} {prev != none}" }
  on op running(p) { log "running {p}" }
  on op stopping(p, r) { log "stopping {p} {r}" }
  on op quiescent(p, f) { log "quiescent {p}" }
  on op update_idle(c, i) { log "update_idle {c} {i}" }`;

describe('the ops of sched_ext', () => {
  const found = run(LOGGED, OVER);
  const of = (...words: string[]): string[] =>
    logs(found).filter((line) => words.some((word) => line.includes(word)));

  test('are called in the order of the kernel at each event', () => {
    expect(of('').filter((line) => line >= '10' && line < '55')).toEqual([
      '10 init_task 5',
      '10 enable 5',
      '10 select_cpu 5 1 1',
      '11 runnable 5',
      '11 enqueue 5 1 0',
      '20 dispatch 1 1 0',
      '20 update_idle 1 0',
      '20 running 5',
      '30 init_task 6',
      '30 enable 6',
      '30 select_cpu 6 1 0',
      '31 runnable 6',
      '31 enqueue 6 1 0',
      '40 dispatch 1 1 1',
      '40 stopping 5 1',
      '40 enqueue 5 0 0',
      '40 running 6',
      '50 stopping 6 0',
      '50 quiescent 6',
      '50 dispatch 1 1 0',
      '50 running 5',
    ]);
  });

  test('a CPU that goes idle has nothing to take', () => {
    expect(of('60')).toEqual([
      '60 stopping 5 0',
      '60 quiescent 5',
      '60 dispatch 1 0 0',
      '60 update_idle 1 1',
    ]);
  });

  test('what the policy does to queues and CPUs is a decision', () => {
    const choices = found.decisions.map(({ time, action, target, args }) => ({ time, action, target, args }));
    expect(choices.filter(({ time }) => time >= '1.000010' && time < '1.000021')).toEqual([
      { time: '1.000010', action: 'select_cpu', target: 't5-5', args: { cpu: 1 } },
      {
        time: '1.000011',
        action: 'scx_bpf_dsq_insert',
        target: 't5-5',
        args: expect.objectContaining({ dsq_id: 'q', slice: 5_000_000, enq_flags: '0x1' }) as unknown,
      },
      {
        time: '1.000020',
        action: 'scx_bpf_dsq_move_to_local',
        target: 'q',
        args: expect.objectContaining({ result: true }) as unknown,
      },
    ]);
  });
});

test('a task that select_cpu inserts is not enqueued, and a full local queue is not dispatched to', () => {
  const text = `policy t for sched_ext
    on op select_cpu(p, prev, f) { scx_bpf_dsq_insert(p, LOCAL, 1ms, 0)\nreturn prev }
    on op enqueue(p, f) { log "enqueue {p}" }
    on op dispatch(c, prev) { log "dispatch {c}" }`;
  const lines = logs(run(text, OVER));
  expect(lines).toContain('40 enqueue 5');
  expect(
    lines.filter((line) => line.startsWith('1') || line.startsWith('2') || line.startsWith('3')),
  ).toEqual([]);
  expect(lines).not.toContain('40 dispatch 1');
});

test('without a select_cpu of its own a task goes straight to an idle CPU', () => {
  const text = 'policy t for sched_ext\non op enqueue(p, f) { log "enqueue {p}" }';
  expect(logs(run(text, OVER))).toEqual(['31 enqueue 6', '40 enqueue 5']);
});

test('real-time tasks are none of sched_ext’s, and take the CPU without a new turn for the preempted', () => {
  const over = trace(`
    1.000000 0 t5-5 ${wake('sched_waking', 5, 0)}
    1.000001 0 t5-5 ${wake('sched_wakeup', 5, 0)}
    1.000010 0 swapper-0 ${switched(0, 'R', 5)}
    1.000020 0 t5-5 sched_switch: prev_comm=t5 prev_pid=5 prev_prio=120 prev_state=R ==> next_comm=rt next_pid=9 next_prio=49
    1.000030 0 rt-9 sched_switch: prev_comm=rt prev_pid=9 prev_prio=49 prev_state=S ==> next_comm=t5 next_pid=5 next_prio=120
  `);
  const text = `policy t for sched_ext
    on op enqueue(p, f) { scx_bpf_dsq_insert(p, GLOBAL, 20ms, f)\nlog "enqueue {p}" }
    on op stopping(p, r) { log "stopping {p} {p.scx.slice}" }
    on op running(p) { log "running {p}" }`;
  expect(logs(run(text, over))).toEqual([
    '01 enqueue 5',
    '10 running 5',
    '20 stopping 5 19990000ns',
    '30 running 5',
  ]);
});

test('a queue by vtime has the earliest first', () => {
  const text = `policy t for sched_ext
    dsq q vtime
    state { n: u64 }
    on op enqueue(p, f) { scx_bpf_dsq_insert_vtime(p, q, 1ms, (p.pid == 5 ? 100ns : 50ns) as vtime, f) }
    on op running(p) { for t in q max 4 { log "{t} {t.scx.dsq_vtime as u64}" } }`;
  const over = trace(`
    1.000000 0 t7-7 ${wake('sched_waking', 5, 0)}
    1.000001 0 t7-7 ${wake('sched_wakeup', 5, 0)}
    1.000002 0 t7-7 ${wake('sched_waking', 6, 0)}
    1.000003 0 t7-7 ${wake('sched_wakeup', 6, 0)}
    1.000004 1 t9-9 ${switched(9, 'S', 8)}
  `);
  expect(run(text, over).logs.map(({ text: line }) => line)).toEqual(['6 50', '5 100']);
});
