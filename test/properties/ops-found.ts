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

/** What operations are seldom given: cgroups, arguments in structs, the end of the scheduler; and lines of `log`. */
export const OPS_SELDOM: readonly string[] = [
  `policy random for sched_ext
requires kernel >= 7.0
dsq q0
counter seen
state { of_all: u64 }
on init { seen += 2 }
on exit { log "of all {of_all}" }
on op init() {
    log "begins with {seen}, {5ms}, {-3} and ünïcode 100%"
    if of_all > 3 { return -5 }
    of_all += 1
    return 0
}
on op exit(info) { log "ends: {info.kind} {info.exit_code}" }
on op init_task(p, args) {
    if args.fork && args.cgroup.level > 1 { log "{p} is forked" }
    return args.cgroup.level
}
on op exit_task(p, args) { if args.cancelled { seen += 1 } }
on op cgroup_init(group, args) {
    of_all += args.weight as u64
    log "{group.level}: {args.bw_quota_us} of {args.bw_period_us}"
    return 0
}
on op cgroup_exit(group) { if group.level > 2 { of_all -= 1 } }
on op cgroup_set_weight(group, weight) { of_all += weight as u64 }
on op cgroup_set_bandwidth(group, period, quota, burst) { of_all += quota ^ period ^ burst }
on op cgroup_prep_move(p, from, to) {
    if let above = bpf_cgroup_ancestor(to, 1) { log "{p.pid} {from.level} {above.level}" }
    return 0
}
on op cgroup_move(p, from, to) { if from.level < to.level { p.scx.slice = 1ms } }
on op cgroup_cancel_move(p, from, _) { log "{p} stays in {from.level}, with more words than fit in what is written down of one line, which is cut" }
on op enqueue(p, enq_flags) {
    if p.pid > 1 && scx_bpf_task_cgroup(p).level > 1 { kick(0) }
    scx_bpf_dsq_insert(p, q0, SCX_SLICE_DFL, enq_flags)
}
on op dispatch(cpu, prev) { scx_bpf_dsq_move_to_local(q0) }
every 10ms { of_all += 1 }
`,
];
