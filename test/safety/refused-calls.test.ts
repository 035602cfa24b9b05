import { describe, expect, it } from 'vitest';
import { diagnose } from './support.ts';

const policy = (hook: string): string => `policy p for tracing\n${hook} { bpf_wq_start() }\n`;
const SWITCH = policy('on tracepoint sched:sched_switch()');

describe('a call that no policy can make', () => {
  it('is said once to be what its hook forbids, with the other reason beside it', () => {
    const found = diagnose(SWITCH);
    expect(found.map(({ code }) => code)).toEqual(['PV4003']);
    expect(found[0]?.related.at(-1)?.message).toBe(
      "besides, a policy cannot call 'bpf_wq_start': policies have no work queues of their own; write `defer` before an action",
    );
  });

  it('is refused by itself where the hook does not forbid it', () => {
    expect(
      diagnose(policy('on tracepoint sched:sched_process_exec(_, _, _)')).map(({ code }) => code),
    ).toEqual(['PV2012']);
  });

  it('is refused where the workspace has made a warning of what the hook forbids', () => {
    const found = diagnose(SWITCH, { severity: { PV4003: 'warning' } });
    expect(found.map(({ code, severity }) => `${code} ${severity}`).toSorted()).toEqual([
      'PV2012 error',
      'PV4003 warning',
    ]);
  });
});
