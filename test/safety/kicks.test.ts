import { describe, it } from 'vitest';
import { expectDiagnostics } from './support.ts';

const running = (body: string, more = ''): string => `policy p for sched_ext
state task { turns: u64 }
${more}
on op running(p) {
p.turns += 1
${body}
}
`;

describe('a kick in running', () => {
  it('stops everybody where it takes this CPU away, also by a function', () => {
    expectDiagnostics(running('scx_bpf_kick_cpu(this_cpu(), SCX_KICK_PREEMPT) //~ PV5013'));
    expectDiagnostics(running('scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_PREEMPT) //~ PV5013'));
    expectDiagnostics(
      running('go()', 'fn go() { scx_bpf_kick_cpu((this_cpu()), SCX_KICK_PREEMPT) } //~ PV5013'),
    );
  });

  it('is fine under a condition, for another CPU, or without preemption', () => {
    expectDiagnostics(running('if p.turns > 9 { scx_bpf_kick_cpu(this_cpu(), SCX_KICK_PREEMPT) }'));
    expectDiagnostics(running('if p.turns < 9 { return }\nscx_bpf_kick_cpu(this_cpu(), SCX_KICK_PREEMPT)'));
    expectDiagnostics(running('scx_bpf_kick_cpu(3, SCX_KICK_PREEMPT)'));
    expectDiagnostics(running('scx_bpf_kick_cpu(this_cpu(), 0)'));
    expectDiagnostics(running('kick(this_cpu())'));
  });
});

describe("the kernel's record of idle CPUs", () => {
  const policy = (call: string, more: string): string => `policy p for sched_ext
counter idles
${more}
on op select_cpu(p, prev_cpu, wake_flags) {
    ${call}
    return prev_cpu
}
`;
  const OWN = 'on op update_idle(_, idle) { if idle { idles += 1 } }';
  const PICK = 'if let c = scx_bpf_pick_idle_cpu(p.cpus_ptr, 0) { return c }';

  it('cannot be asked where the policy has turned it off', () => {
    expectDiagnostics(policy(`${PICK} //~ PV4029`, OWN));
    expectDiagnostics(
      policy(
        'let (c, idle) = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags) //~ PV4029\nif idle { return c }',
        OWN,
      ),
    );
  });

  it('can be asked otherwise, and any CPU can be picked without it', () => {
    expectDiagnostics(policy(PICK, 'on op tick(_) { idles += 1 }'));
    expectDiagnostics(policy('if let c = scx_bpf_pick_any_cpu(p.cpus_ptr, 0) { return c }', OWN));
  });
});
