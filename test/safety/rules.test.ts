import { describe, expect, it } from 'vitest';
import { applyFix, diagnose, expectDiagnostics } from './support.ts';

describe('locks', () => {
  it('are found through functions, with the way to them', () => {
    const found = expectDiagnostics(`policy p for tracing
fn faster(t: task) { set(t) }
fn set(t: task) { if !is_kthread(t) { scx_bpf_cpuperf_set(this_cpu(), 1024) } } //~ PV4001 PV4001
on tracepoint sched:sched_switch(preempt, prev, next) { faster(next) }
on tracepoint sched:sched_wakeup(p) { set(p) }
`);
    expect(found.map(({ related }) => related.map(({ message }) => message.replace(/' .*/, "'")))).toEqual([
      ["'on tracepoint sched:sched_switch'", 'which calls faster()', 'which calls set()', expect.any(String)],
      ["'on tracepoint sched:sched_wakeup'", 'which calls set()', expect.any(String)],
    ]);
  });

  it('that are possibly held count as held', () => {
    const [found] = expectDiagnostics(`policy p for tracing
on tracepoint sched:sched_waking() {
    scx_bpf_cpuperf_set(this_cpu(), 1024) //~ PV4001
}
`);
    expect(found?.message).toContain('may run with any lock the waker holds held');
  });

  it('are not reported where no lock is held', () => {
    expectDiagnostics(`policy p for tracing
fn faster() { scx_bpf_cpuperf_set(this_cpu(), 1024) }
on tracepoint kvm:kvm_vcpu_wakeup() { faster() }
on tracepoint kvm:kvm_exit() { faster() }
on tracepoint sched:sched_process_exit() { faster() }
every 10ms { faster() }
`);
  });

  it('are not taken by a call that only reads', () => {
    expectDiagnostics(`policy p for tracing
counter slow
on tracepoint sched:sched_switch() {
    if scx_bpf_cpuperf_cur(this_cpu()) < 512 { slow += 1 }
}
`);
  });

  it('differ by version: 6.12 does not take the run queue for a frequency', () => {
    const text = `policy p for tracing
on tracepoint sched:sched_switch() { scx_bpf_cpuperf_set(this_cpu(), 1024) }
`;
    expect(diagnose(text, { profile: '6.12' })).toEqual([]);
    expect(diagnose(text, { profile: '7.2' }).map(({ code }) => code)).toEqual(['PV4001']);
    expect(diagnose(text, { profile: '6.18' })[0]?.message).toContain('(perhaps) on 6.18');
  });

  it('of sched_ext are known to its own calls inside of ops', () => {
    expectDiagnostics(`policy p for sched_ext
dsq shared_queue
on op enqueue(p, enq_flags) { scx_bpf_dsq_insert(p, shared_queue, SCX_SLICE_DFL, enq_flags) }
on op dispatch() {
    for t in shared_queue max 8 { if is_kthread(t) { scx_bpf_dsq_move(t, LOCAL, 0) } }
    scx_bpf_dsq_move_to_local(shared_queue)
}
on op running(p) { scx_bpf_cpuperf_set(scx_bpf_task_cpu(p), 1024) }
`);
  });

  it('of a queue are held where its own events fire', () => {
    expectDiagnostics(`policy p for sched_ext requires kernel >= 7.3
dsq shared_queue
counter kernel_threads
on op enqueue(p, enq_flags) { scx_bpf_dsq_insert(p, shared_queue, SCX_SLICE_DFL, enq_flags) }
on op dispatch() { scx_bpf_dsq_move_to_local(shared_queue) }
on tracepoint sched_ext:sched_ext_event() {
    for t in shared_queue max 8 { //~ PV4001
        if is_kthread(t) { kernel_threads += 1 }
    }
}
`);
  });
});

describe('actions', () => {
  it('by the agent must be deferred, and the fix defers them', () => {
    const text = `policy p for tracing
on tracepoint kvm:kvm_exit() { set_nice(current(), 5) } //~ PV4016
`;
    const [found] = expectDiagnostics(text);
    const fixed = applyFix(text, found?.fixes[0]);
    expect(fixed).toContain('{ defer set_nice(current(), 5) }');
    expect(diagnose(fixed)).toEqual([]);
  });

  it('of sched_ext happen at once', () => {
    expectDiagnostics(`policy p for sched_ext
on op running(p) { set_slice(p, 5ms) }
on op tick() { kick(this_cpu()) }
on tracepoint sched:sched_switch() { kick(this_cpu()) }
every 10ms { kick(this_cpu()) }
`);
  });

  it('that set a slice need a kfunc outside of ops', () => {
    expectDiagnostics(`policy p for sched_ext
on tracepoint sched:sched_switch(preempt, prev) { set_slice(prev, 5ms) } //~ PV4021
`);
    expectDiagnostics(`policy p for sched_ext requires kernel >= 6.19
on tracepoint sched:sched_switch(preempt, prev) { set_slice(prev, 5ms) }
`);
  });

  it('have arguments that are computed in the hook', () => {
    expectDiagnostics(`policy p for sched_ext
fn nice_of() -> nice {
    scx_bpf_reenqueue_local() //~ PV4010
    return 3
}
on op tick(p) { defer set_nice(p, nice_of()) }
`);
  });

  it('warn about a deadline that is constant or a default, and about no other', () => {
    expectDiagnostics(`policy p for tracing
param short: duration = 1ms in 1ms..50ms
param long: duration = 5ms in 1ms..50ms
const shorter = 200us
on tracepoint kvm:kvm_vcpu_wakeup() {
    defer boost(current(), RR, 1, for: short)     //~ PV4017
    defer boost(current(), RR, 1, for: (shorter)) //~ PV4017
    defer boost(current(), RR, 1, for: 2ms)
    defer boost(current(), RR, 1, for: long)
}
`);
  });

  it('are not even deferred from inside the slow path of locks', () => {
    expectDiagnostics(`policy p for tracing
on tracepoint lock:contention_begin() { defer unboost(current()) } //~ PV4006
`);
  });
});

describe('ops', () => {
  it('that prepare may create queues, those that schedule may not', () => {
    expectDiagnostics(`policy p for sched_ext
dsq spare
on op enqueue(p, enq_flags) { scx_bpf_dsq_insert(p, spare, SCX_SLICE_DFL, enq_flags) }
on op dispatch() { scx_bpf_dsq_move_to_local(spare) }
on op cpu_online() { scx_bpf_create_dsq(spare, -1) }
on op tick() { scx_bpf_create_dsq(spare, -1) } //~ PV4011
`);
  });

  it('of 6.12 are stricter than those of 7.3', () => {
    const text = `policy p for sched_ext
counter idle_found
on op enqueue(p) {
    let (c, idle) = scx_bpf_select_cpu_dfl(p, scx_bpf_task_cpu(p), 0)
    if idle && c == 0 as cpu { idle_found += 1 }
    scx_bpf_dsq_insert(p, GLOBAL, SCX_SLICE_DFL, 0)
}
`;
    const codes = (profile: string) =>
      diagnose(text, { profile })
        .map(({ code }) => code)
        .filter((code) => code.startsWith('PV4'));
    expect(codes('6.12')).toEqual(['PV4010']);
    expect(codes('6.15')).toEqual(['PV4010']);
    expect(codes('6.16')).toEqual([]);
    expect(codes('7.3')).toEqual([]);
  });
});

describe('versions', () => {
  it('are named together, and the fix requires the first that has everything', () => {
    const text = `policy p for sched_ext requires kernel >= 6.13
on op tick(p) {
    if let t = scx_bpf_cpu_curr(scx_bpf_task_cpu(p)) { set_slice(t, 0ns) } //~ PV4012
}
`;
    const [found] = expectDiagnostics(text);
    expect(found?.message).toContain('does not exist in kernel 6.13 to 6.17');
    const fixed = applyFix(text, found?.fixes[0]);
    expect(fixed).toContain('policy p for sched_ext requires kernel >= 6.18\n');
    expect(diagnose(fixed)).toEqual([]);
  });

  it('old and new names are one call everywhere', () => {
    const text = (name: string): string => `policy p for sched_ext
on op enqueue(p, enq_flags) { ${name}(p, GLOBAL, SCX_SLICE_DFL, enq_flags) }
`;
    for (const profile of ['6.12', '6.13', '6.19', '7.3']) {
      expect(diagnose(text('scx_bpf_dsq_insert'), { profile })).toEqual([]);
      expect(diagnose(text('scx_bpf_dispatch'), { profile }).map(({ code }) => code)).toEqual(['PV4018']);
    }
    const [old] = diagnose(text('scx_bpf_dispatch'));
    expect(applyFix(text('scx_bpf_dispatch'), old?.fixes[0])).toBe(text('scx_bpf_dsq_insert'));
  });

  it('an argument of newer kernels may be left unnamed', () => {
    expectDiagnostics(`policy p for tracing
on tracepoint sched:sched_process_exit(p, _) { defer unboost(p) }
`);
  });
});

describe('the workspace', () => {
  const text = `policy p for tracing
on tracepoint kvm:kvm_vcpu_wakeup() { defer boost(current(), RR, 1, for: 5ms) }
`;
  it('denies by name and by pattern, and allows nothing that it does not list', () => {
    const codes = (allowlist: Parameters<typeof diagnose>[1]) =>
      diagnose(text, allowlist).map(({ code }) => code);
    expect(codes({})).toEqual([]);
    expect(codes({ allowlist: { actions: { deny: ['boost'] } } })).toEqual(['PV4022']);
    expect(codes({ allowlist: { tracepoints: { deny: ['kvm:*'] } } })).toEqual(['PV4022']);
    expect(codes({ allowlist: { tracepoints: { allow: ['sched:*'] } } })).toEqual(['PV4022']);
    expect(codes({ allowlist: { tracepoints: { allow: ['kvm:kvm_vcpu_wakeup'] } } })).toEqual([]);
    expect(codes({ allowlist: { kfuncs: { allow: [] } } })).toEqual([]);
  });
});

describe('pvsched', () => {
  it('holds no lock of the scheduler, and leaves actions to the agent', () => {
    expectDiagnostics(`policy p for pvsched
on pvsched vmexit(v) { defer unboost(v) }
on pvsched halt(v) { unboost(v) } //~ PV4016
`);
  });

  it('has none of the calls of sched_ext', () => {
    expectDiagnostics(`policy p for pvsched
on pvsched vmexit() { scx_bpf_kick_cpu(this_cpu(), 0) } //~ PV4012
`);
  });
});
