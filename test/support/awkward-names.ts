import { SAMPLES } from '../emit/c/samples.ts';

/** Words of C, of the kernel and of the C library that generated files need not have, and awkward ones of all kinds. */
const MORE =
  'current NULL likely unlikely SEC barrier true_ u64 s8 errno linux unix i386 main environ stdin EOF BUFSIZ optarg optind ' +
  'asm typeof alignof _Bool _Atomic _Generic inline register restrict volatile auto goto switch case default union struct enum_ ' +
  'nullptr constexpr thread_local class template new delete this namespace try catch and or not xor bitand ' +
  'task_struct rq cfs_rq cpumask list_head jiffies HZ PAGE_SIZE NR_CPUS container_of offsetof ARRAY_SIZE min max clamp abs swap ' +
  'sched_entity spinlock_t pid_t size_t ssize_t time_t uint64_t int8_t bool_ wchar_t va_list FILE ' +
  'printf malloc free exit abort signal read write open close stat time clock index bcmp memcmp strlen strndup y0 j1 gamma ' +
  'log exp pow sin cosl nearbyintf isalpha toupper getpid kill fork pause raise alarm sleep usleep select poll ' +
  'major minor makedev si_pid sa_handler st_atime d_fileno sched_priority sched_attr sched_param cpu_set_t CPU_SET ' +
  'SCHED_FIFO SCHED_EXT SIGTERM EINTR PATH_MAX INT_MAX UINT64_MAX CLOCK_MONOTONIC PF_KTHREAD SCX_DSQ_LOCAL SCX_SLICE_DFL ' +
  'BPF_PROG BPF_CORE_READ bpf_map_lookup_elem bpf_ktime_get_ns bpf_printk bpf_object bpf_link btf libbpf_print_fn_t ' +
  '__u64 __always_inline __kconfig _license license ctx ___type _a __ _ _0 a0 A0 x X pv pv_ pv__ pv_pv pv_pv_min pv_state ' +
  'result out test mask by value entry exit_ init skel obj links maps rodata data bss fd map prog key i n c v p m';

/** Names that say nothing in C, in two cases, and such that differ at their end only. */
const long = 'n'.repeat(199);
const ALIKE = ['Same', 'same', 'SAME', 'sAme', 'same_', 'sa_me', `${long}1`, `${long}2`, `${long}_`];

/** Names for whatever a policy names: every word of generated files, in other cases too, and those above. */
export function awkwardNames(): readonly string[] {
  const words = SAMPLES.flatMap(({ files }) =>
    files.filter(({ name }) => /\.[ch]$/.test(name)).flatMap(({ text }) => text.match(/[A-Za-z_]\w*/g) ?? []),
  );
  const all = [...ALIKE, ...MORE.split(' '), ...words];
  return [...new Set(all.flatMap((word) => [word, word.toUpperCase(), word.toLowerCase(), `pv_${word}`]))];
}

type Name = () => string;

const guest = (n: Name): string => {
  const [fn, a, state, last, seen, vec] = [n(), n(), n(), n(), n(), n()];
  return `guest {
    const ${last} = 3
    state { ${state}: u64 }
    counter ${seen}
    fn ${fn}(${a}: u64) -> u64 { return ${a} + ${last} }
    on tracepoint irq:softirq_entry(${vec}) { ${state} += ${fn}(${vec} as u64); ${seen} += 1; HINT }
}`;
};

/** Timers, and what runs once, with names of their own; `kept` is a number of the state. */
const life = (n: Name, kept: string): string => {
  const [tick, begin, end] = [n(), n(), n()];
  return `every 10ms { let ${tick} = ${kept}; ${kept} += ${tick} }
on init { let ${begin} = ${kept}; log "{${begin}}" }
on exit { let ${end} = ${kept}; log "größe {${end}} %" }
`;
};

/** A policy for tracing in which everything that can be named has the next name. */
export function tracingPolicy(name: string, n: Name): string {
  const [p1, p2, p3, t1, c1, e1, m1, m2, m3] = [n(), n(), n(), n(), n(), n(), n(), n(), n()];
  const [tab1, tab2, g1, g2, g3, vm1, task1, vcpu1, cpu1] = [n(), n(), n(), n(), n(), n(), n(), n(), n()];
  const [count1, count2, h1, h2, f1, f2, a1, a2, l1] = [n(), n(), n(), n(), n(), n(), n(), n(), n()];
  const [hint1, hint2, feed1, prev, next, v, i, w, s] = [n(), n(), n(), n(), n(), n(), n(), n(), n()];
  return `policy ${name} for tracing
param ${p1}: u64 = 3 in 1..9
param ${p2}: cpumask = cpus(0..3)
param ${p3}: bool = true
tunable ${t1}: duration = 3ms
const ${c1} = 7
enum ${e1} { ${m1}, ${m2} = 4, ${m3} }
table ${tab1}: vm -> ${e1} = ${e1}.${m1}
table ${tab2}: string -> u64 = 2
shared hint { ${hint1}: bool, ${hint2}: u32 }
shared feedback { ${feed1}: u64 }
state { ${g1}: u64, ${g2}: list of u64 max 4, ${g3}: cpumask }
state vm { ${vm1}: ewma(1/8) of duration }
state task { ${task1}: ring of duration max 4 }
state vcpu { ${vcpu1}: ${e1} }
state cpu { ${cpu1}: u32 }
counter ${count1}
counter ${count2} per vm
histogram ${h1}: duration
histogram ${h2}: u64 per cpu
fn ${f1}(${a1}: u64, ${a2}: task) -> u64 {
    var ${l1} = ${a1} + ${p1} + ${c1}
    for ${i} in 0..3 { ${l1} += ${i}; ${g2}.push(${l1}) }
    return ${l1} + ${a2}.${task1}.len as u64
}
fn ${f2}(${w}: vcpu) -> bool { return ${w}.${vcpu1} == ${e1}.${m2} || ${w}.hint.${hint1} }
on tracepoint sched:sched_switch(_, ${prev}, ${next}) {
    ${g1} += ${f1}(3, ${prev}) + ${tab2}["größe \\"漢字\\" %s */ ??/"]
    ${g3} |= cpus(this_cpu()) & ${p2}
    this_cpu().${cpu1} += 1
    ${next}.${task1}.push(${t1})
    ${count1} += 1
    ${h1}.record(${t1})
    ${h2}[this_cpu()].record(${g1})
    if let ${v} = vcpu(${next}) {
        ${v}.vm.${vm1}.update(${t1})
        ${v}.${vcpu1} = ${tab1}[${v}.vm]
        ${count2}[${v}.vm] += ${v}.hint.${hint2} as u64
        ${v}.feedback.${feed1} = ${count1}
        if ${p3} && ${f2}(${v}) { defer boost(${v}, FIFO, 3, for: 20ms) } else { defer signal("ünï % */ ??/ ${m3}") }
        for ${s} in cpus(${g3}) { log "größe 漢字 {${s}} %d {${v}.vm.${vm1}} */" }
    }
}
${life(n, g1)}${guest(n).replace('HINT', `hint.${hint2} = 3; if feedback.${feed1} > 3 { hint.${hint1} = true }`)}
`;
}

/** The same for sched_ext. */
export function schedExtPolicy(name: string, n: Name): string {
  const [p1, q1, q2, s1, g1, f1, a1, l1, p, cpu, c, flags] = [
    n(),
    n(),
    n(),
    n(),
    n(),
    n(),
    n(),
    n(),
    n(),
    n(),
    n(),
    n(),
  ];
  const [idle, prev, t, count1, h1, args] = [n(), n(), n(), n(), n(), n()];
  return `policy ${name} for sched_ext
param ${p1}: duration = 3ms
dsq ${q1}
dsq ${q2} vtime
state task { ${s1}: u64 }
state { ${g1}: vtime }
counter ${count1} per task
histogram ${h1}: duration
fn ${f1}(${a1}: task) -> bool { let ${l1} = ${a1}.${s1} > 3; return ${l1} && is_kthread(${a1}) }
on op select_cpu(${p}, ${prev}, _) {
    let (${cpu}, ${idle}) = scx_bpf_select_cpu_dfl(${p}, ${prev}, 0)
    if ${idle} { scx_bpf_dsq_insert(${p}, LOCAL, ${p1}, 0) }
    return ${cpu}
}
on op enqueue(${p}, ${flags}) {
    ${p}.${s1} += 1
    ${count1}[${p}] += 1
    ${h1}.record(${p1})
    if ${f1}(${p}) { scx_bpf_dsq_insert(${p}, ${q1}, ${p1}, ${flags}) }
    else { scx_bpf_dsq_insert_vtime(${p}, ${q2}, ${p1}, ${g1}, ${flags}) }
}
on op dispatch(${c}, _) {
    for ${t} in ${q1} max 3 { if ${t}.${s1} > 7 { break } }
    scx_bpf_dsq_move_to_local(${q1})
    scx_bpf_dsq_move_to_local(${q2})
    ${g1} = ${g1} + ${p1}
}
on op init_task(${p}, ${args}) { ${p}.${s1} = 0; return 0 }
every 1s { ${g1} = ${g1} + ${p1} }
`;
}

/** The same for pvsched. */
export function pvschedPolicy(name: string, n: Name): string {
  const [p1, s1, s2, count1, h1, f1, a1, v, hint1, g1] = [n(), n(), n(), n(), n(), n(), n(), n(), n(), n()];
  return `policy ${name} for pvsched
param ${p1}: rt_prio = 3 in 1..50
shared hint { ${hint1}: bool }
state vcpu { ${s1}: bool, ${s2}: instant }
state { ${g1}: u64 }
counter ${count1} per vm
histogram ${h1}: duration
fn ${f1}(${a1}: vcpu) -> bool { return ${a1}.hint.${hint1} && ${a1}.${s1} }
on pvsched vmexit(${v}) {
    if !${f1}(${v}) && !${v}.${s1} {
        ${v}.${s1} = true
        ${v}.${s2} = now()
        defer boost(${v}, FIFO, ${p1}, for: 20ms)
        ${count1}[${v}.vm] += 1
        ${g1} += 1
    }
}
on pvsched halt(${v}) {
    if ${v}.${s1} { defer unboost(${v}); ${v}.${s1} = false; ${h1}.record(now() - ${v}.${s2}) }
}
${life(n, g1)}`;
}
