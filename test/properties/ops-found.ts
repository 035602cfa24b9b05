/** What an operation of a scheduler once did otherwise in C than it says, within a scheduler that has nothing else. */
const inSelect = (body: string, declarations = ''): string => `policy random for sched_ext
dsq q0
${declarations}
on op select_cpu(p, prev_cpu, wake_flags) {
${body}
    return prev_cpu
}
on op enqueue(p, enq_flags) { scx_bpf_dsq_insert(p, q0, SCX_SLICE_DFL, enq_flags) }
on op dispatch(cpu, prev) { scx_bpf_dsq_move_to_local(q0) }
`;

const BUMP = `state { n: u64 }
fn bump(x: u64) -> u64 {
    n += x
    return n
}`;

/**
 * Sets of CPUs are made before the statement that needs them: each time something was changed, or looked at, too early or where
 * nothing was to be.
 */
export const OPS_FOUND: readonly string[] = [
  // The idle CPUs were asked for before one of them was claimed.
  inSelect(`    if scx_bpf_test_and_clear_cpu_idle(prev_cpu) && !(scx_bpf_get_idle_cpumask() & p.cpus_ptr).empty {
        scx_bpf_kick_cpu(prev_cpu, 0)
    }`),
  // A CPU was claimed for a set that nobody asked about.
  inSelect(
    '    if p.scx.weight > 5000 && (p.cpus_ptr & (scx_bpf_test_and_clear_cpu_idle(prev_cpu) ? cpus(0) : cpus(1))).empty { return 0 }',
  ),
  // In the untaken half of a condition, and within another.
  inSelect(
    `    let m = p.scx.weight > 5000 ? cpus(0..1) : (scx_bpf_test_and_clear_cpu_idle(prev_cpu) ? cpus(0) : p.cpus_ptr)
    if let c = (m & (q0.len > 2 ? cpus(1) : (scx_bpf_test_and_clear_cpu_idle(0) ? p.cpus_ptr : cpus(0)))).first { return c }`,
  ),
  // So did functions of the policy, and what reads what they change.
  inSelect(
    `    if bump(1) > 2 && (p.cpus_ptr & (n > 30 ? cpus(0) : cpus(1))).empty { scx_bpf_kick_cpu(0, 0) }
    if p.scx.weight > 5000 || (p.cpus_ptr & (bump(10) > 300 ? cpus(0) : cpus(1))).empty { scx_bpf_kick_cpu(1, 0) }
    scx_bpf_cpuperf_set(prev_cpu, n as u32)`,
    BUMP,
  ),
  // The state of a CPU that is picked for it, and a CPU that is looked for.
  inSelect(
    `    if p.scx.weight > 5000 && (p.cpus_ptr & cpus(0)).has(scx_bpf_test_and_clear_cpu_idle(0) ? 0 : prev_cpu) { return 0 }
    scx_bpf_cpuperf_set(prev_cpu, (p.scx.weight > 3000 ? bump(1) : (cpus(0) & (bump(2) > 9 ? p.cpus_ptr : cpus(1))).count) as u32)`,
    BUMP,
  ),
];
