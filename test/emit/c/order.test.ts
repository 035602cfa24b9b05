import { expect, test } from 'vitest';
import { emitC } from '../../../server/src/emit/c/index.ts';
import { policy } from '../../support/policy.ts';

/** The C of an operation with this body, without the lines that say where it is from. */
function selectCpu(body: string): string {
  const text = `policy t for sched_ext
dsq q0
on op select_cpu(p, prev_cpu, wake_flags) {
${body}
    return prev_cpu
}
on op enqueue(p, enq_flags) { scx_bpf_dsq_insert(p, q0, SCX_SLICE_DFL, enq_flags) }
on op dispatch(cpu, prev) { scx_bpf_dsq_move_to_local(q0) }
`;
  const [main] = emitC(policy(text).program, { sourceName: 't.pvpolicy', source: text });
  const printed = /^s32 BPF_PROG\(t_select_cpu, [^]*?^\}/m.exec(main?.text ?? '')?.[0] ?? '';
  return printed.replaceAll(/^#line .*\n/gm, '');
}

test('a set that is made of what a call changes comes after the call, and only where the call comes', () => {
  const claimed = selectCpu(
    '    if p.scx.weight > 5000 && (p.cpus_ptr & (scx_bpf_test_and_clear_cpu_idle(prev_cpu) ? cpus(0) : cpus(1))).empty { scx_bpf_kick_cpu(0, 0) }',
  );
  expect(claimed).toMatch(
    /bool holds = p->scx\.weight > 5000;\n.*\n\tif \(holds\) \{\n\t\tfound = scx_bpf_test_and_clear_cpu_idle\(prev_cpu\);\n/,
  );
  const asked = selectCpu(
    '    if scx_bpf_test_and_clear_cpu_idle(prev_cpu) && !(scx_bpf_get_idle_cpumask() & p.cpus_ptr).empty { scx_bpf_kick_cpu(0, 0) }',
  );
  expect(asked).toMatch(
    /bool holds = scx_bpf_test_and_clear_cpu_idle\(prev_cpu\);\n.*\n\tif \(holds\) \{[^}]*= scx_bpf_get_idle_cpumask\(\);/,
  );
});

test('a statement whose sets change nothing stays one', () => {
  const plain = selectCpu(
    '    if let c = scx_bpf_pick_idle_cpu(scx_bpf_get_idle_cpumask() & p.cpus_ptr, 0) { return c }',
  );
  expect(plain).not.toMatch(/\b(?:holds|found|chosen)\b/);
  const group = selectCpu('    if scx_bpf_task_cgroup(p).level > 1 { return 0 }');
  expect(group).not.toMatch(/\b(?:holds|found|chosen)\b/);
});

test('a question that ends the scheduler for a wrong argument is asked only where the policy comes to it', () => {
  // Of kernel/sched/ext.c in 6.12: ops_cpu_valid() ends it for a CPU that is not there, scx_bpf_task_cgroup() for a task that is not the operation's.
  const capacity = selectCpu(
    '    if prev_cpu < 4 && (p.cpus_ptr & (scx_bpf_cpuperf_cap(prev_cpu) > 512 ? cpus(0) : cpus(1))).empty { return 0 }',
  );
  expect(capacity).toMatch(/\tif \(holds\) \{\n\t\tfound = scx_bpf_cpuperf_cap\(prev_cpu\);\n/);
  const waiting = selectCpu(
    '    if prev_cpu < 4 && (p.cpus_ptr & (local_on(prev_cpu).len > 1 ? cpus(0) : cpus(1))).empty { return 0 }',
  );
  expect(waiting).toMatch(/\tif \(holds\) \{\n\t\tfound = .*SCX_DSQ_LOCAL_ON \| prev_cpu/);
  const group = selectCpu('    if p.pid == 1 && scx_bpf_task_cgroup(p).level > 1 { return 0 }');
  expect(group).toMatch(/\tif \(holds\) \{[^}]*= scx_bpf_task_cgroup\(p\);/);
});
