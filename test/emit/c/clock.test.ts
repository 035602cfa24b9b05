import { expect, test } from 'vitest';
import { emitC } from '../../../server/src/emit/c/index.ts';
import { policy } from '../../support/policy.ts';

/** The C of a scheduler that keeps a time, with more. */
function scheduler(more: string): string {
  const text = `policy t for sched_ext
state vcpu { at: instant }
state { last: duration }
${more}
on op running(p) { if let v = vcpu(p) { v.at = now() } }
`;
  const [main] = emitC(policy(text).program, { sourceName: 't.pvpolicy', source: text });
  return main?.text ?? '';
}

test('a scheduler takes its own clock', () => {
  expect(scheduler('on op stopping(p, _) { if let v = vcpu(p) { last = now() - v.at } }')).toMatch(
    /v->at = pv_now\(\);/,
  );
});

test.each([
  ['of a task', 'on op stopping(p, _) { last = now() - p.start_time }'],
  [
    'of a timer',
    'on tracepoint timer:hrtimer_start(timer) { if let v = current_vcpu() { v.at = timer._softexpires as u64 as instant } }',
  ],
  ['that it asks for', 'on op stopping(p, _) { last = now() - bpf_ktime_get_ns() }'],
])('and the monotonic one where there are times of that: %s', (_, more) => {
  const text = scheduler(more);
  expect(text).toContain('v->at = bpf_ktime_get_ns();');
  expect(text).not.toContain('scx_bpf_now');
});
