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

  // The compiler sets SCX_OPS_KEEP_BUILTIN_IDLE.
  it('can be asked, also where the policy is told of idle CPUs', () => {
    expectDiagnostics(policy(PICK, 'on op tick(_) { idles += 1 }'));
    expectDiagnostics(policy(PICK, OWN));
  });
});

describe('sending tasks back', () => {
  const policy = (body: string): string => `policy p for sched_ext requires kernel >= 7.2
state task { sent: u32 }
on op enqueue(p, enq_flags) {
    p.sent += 1
    scx_bpf_dsq_insert(p, LOCAL, 5ms, enq_flags)
    ${body}
}
`;

  it('from enqueue to enqueue goes on for ever, unless it is asked why the task came', () => {
    expectDiagnostics(policy('if is_kthread(p) { scx_bpf_reenqueue_local() } //~ PV5015'));
    expectDiagnostics(policy('if !(enq_flags has SCX_ENQ_REENQ) { scx_bpf_reenqueue_local() }'));
    expectDiagnostics(policy('if enq_flags has SCX_ENQ_REENQ { return }\nscx_bpf_reenqueue_local()'));
    expectDiagnostics(policy('if p.sent < 5 { scx_bpf_reenqueue_local() }'));
  });
});

describe('a declared queue', () => {
  const policy = (hook: string, call: string): string => `policy p for sched_ext
dsq q
on op enqueue(p, enq_flags) { scx_bpf_dsq_insert(p, q, 5ms, enq_flags) }
on op dispatch() { scx_bpf_dsq_move_to_local(q) }
${hook} { ${call} }
`;

  it('may be destroyed at the end only', () => {
    expectDiagnostics(policy('on op cpu_offline(_)', 'scx_bpf_destroy_dsq(q) //~ PV5014\n'));
    expectDiagnostics(policy('on exit', 'scx_bpf_destroy_dsq(q)'));
  });
});
