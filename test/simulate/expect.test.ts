import { describe, expect, test } from 'vitest';
import type { Expectation } from '../../server/src/simulate/expect.ts';
import { replay } from '../../server/src/simulate/replay.ts';
import { policy } from '../support/policy.ts';
import { switched, trace, wake } from '../support/trace.ts';

/** Threads 5 and 6 of VM `a`, 7 of VM `b`: five wakes twice, seven once. */
const OVER = trace(`
  1.000000 0 t9-9 ${wake('sched_waking', 5, 0)}
  1.000010 0 t9-9 ${switched(9, 'S', 5)}
  1.000020 0 t5-5 ${switched(5, 'S', 0)}
  1.000030 0 swapper-0 ${wake('sched_waking', 5, 0)}
  1.000060 0 swapper-0 ${switched(0, 'R', 5)}
  1.000070 0 t5-5 ${wake('sched_waking', 7, 1)}
  1.000080 1 t6-6 ${switched(6, 'S', 7)}
`);

function judged(condition: string): Expectation {
  const subject = policy(`policy t for tracing
    param least: u64 = 2
    param part: ratio = 50%
    counter total
    counter wakes per vm
    counter own per task
    histogram size: duration per vm
    histogram all: duration
    on tracepoint sched:sched_waking(p) {
      total += 1
      own[p] += 1
      all.record(1ms)
      if let v = vcpu(p) {
        wakes[v.vm] += 1
        size[v.vm].record((v.tid as u64 * 1000) as duration)
        defer boost(v, FIFO, 5, for: 1ms)
      }
    }
    scenario s {
      trace "x"
      vm a = pid 5 | pid 6
      vm b = pid 7
      vm c = pid 70
      expect ${condition}
    }`);
  const found = replay(subject, OVER, { scenario: subject.model.scenarios[0] });
  if (!found.ok) throw new Error(found.diagnostics.map(({ message }) => message).join('\n'));
  const [expectation] = found.result.expectations;
  if (!expectation) throw new Error('no expectation');
  return expectation;
}

describe('expectations of what the policy counts', () => {
  test.each([
    ['total == 3', true, 3],
    ['total > 3', false, 3],
    ['sum(wakes of a) == 2', true, 2],
    ['wakes of b == 1', true, 1],
    ['sum(wakes of a) >= least && total > 0', true, 2],
    ['count(size of a) == 2', true, 2],
    ['p99(size of a) == 5us', true, 5000],
    ['max(size of b) > 1ms', false, 7000],
    ['max(all) < 2ms', true, 1_000_000],
    ['sum(own of a) == 2', true, 2],
    ['sum(boosts of a) == 2', true, 2],
    ['share(wakes of a) > part', true, 2 / 3],
    ['!(total == 0)', true, 3],
  ])('%s', (condition, ok, measured) => {
    expect(judged(condition)).toMatchObject({ text: condition, ok, measured, reason: null, line: 24 });
  });

  test('a ratio is a part of one, a duration is in ns', () => {
    expect(judged('jain(boosts of a) > 10%')).toMatchObject({ ok: true, measured: 0.5, unit: 'ratio' });
    expect(judged('mean(size of a) > 0ns')).toMatchObject({ unit: 'ns' });
    expect(judged('total > 0')).toMatchObject({ unit: 'count' });
  });
});

describe('expectations that a replay cannot judge', () => {
  test('of the schedule: measured as recorded, which the policy has not touched', () => {
    const found = judged('p99(wakeup_latency of a) < 20us');
    expect(found).toMatchObject({ ok: null, measured: 30_000, unit: 'ns' });
    expect(found.reason).toContain('recorded schedule');
    expect(judged('switches of a > 1')).toMatchObject({ ok: null, measured: 2 });
  });

  test('of a run without the policy', () => {
    const found = judged('p99(size of a) < 0.5 * baseline');
    expect(found).toMatchObject({ ok: null, measured: 5000, baseline: null });
    expect(found.reason).toContain('without the policy');
  });

  test('of nothing', () => {
    expect(judged('p50(size of c) < 1ms')).toMatchObject({ ok: null, measured: null });
    expect(judged('p50(preempted_in_guest of a) < 1ms')).toMatchObject({ ok: null, measured: null });
  });

  test('but one side of && or || may be enough', () => {
    expect(judged('total > 100 && p99(wakeup_latency of a) < 1s').ok).toBe(false);
    expect(judged('p99(wakeup_latency of a) < 1s && total > 100').ok).toBe(false);
    expect(judged('total > 1 || p99(wakeup_latency of a) < 1s').ok).toBe(true);
    expect(judged('total > 1 && p99(wakeup_latency of a) < 1s').ok).toBe(null);
  });
});
