import type { Helper, Helpers } from './helper.ts';

/** CPUs that one kernel can have at most (NR_CPUS of x86-64 MAXSMP). */
export const MOST_CPUS = 8192;

/**
 * Puts a reference back. The barrier makes clang test the pointer itself: what it knows of it already it would keep as a flag
 * on the stack, which the verifier forgets where the other half of its slot is the key of a map.
 */
const put = (kind: string, type: string, kfunc: string): Helper => ({
  code: `static __always_inline void pv_put_${kind}(${type} **p)
{
	${type} *held = *p;

	barrier_var(held);
	if (held)
		${kfunc}(held);
}`,
  kfuncs: [kfunc],
});

/** What code asks of the kernel. */
export const KERNEL = {
  pv_for: {
    // Without the mention of the destructor clang leaves it out of the BTF that libbpf needs.
    code: `/*
 * x from 'from' up to, not including, 'to', at most 'max' times. An iterator of the kernel (6.4): the verifier walks
 * the body a few times, not once for each x.
 */
#define pv_for(x, from, to, max)									\\
	for (struct bpf_iter_num pv_it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),	\\
	     *pv_new __maybe_unused = (bpf_iter_num_new(&pv_it, 0, (max)), (void)bpf_iter_num_destroy, NULL); \\
	     ({ int *pv_n = bpf_iter_num_next(&pv_it);							\\
		pv_n && ((x) = (from) + *pv_n, (x) < (to)); }); )`,
    kfuncs: ['bpf_iter_num_new', 'bpf_iter_num_next', 'bpf_iter_num_destroy'],
  },
  pv_opaque: {
    code: `/* x as a number that the verifier does not know: a loop that counts from a known one has too many states. */
static volatile u64 pv_nothing;
#define pv_opaque(x) ((s64)(x) + pv_nothing)`,
  },
  pv_hidden: {
    code: `/* x as another number of the same type and value, for all that the verifier knows. */
#define pv_hidden(x) ((typeof(x))((x) + pv_nothing))`,
    helpers: ['pv_opaque'],
  },
  pv_clear: {
    code: `/* Sets all of *p to zero: clang would call memset for that much, which BPF has not. */
#define pv_clear(p)											\\
	({												\\
		u32 pv_word;										\\
													\\
		pv_for(pv_word, 0, sizeof(*(p)) / 4, sizeof(*(p)) / 4)					\\
			((u32 *)(p))[pv_word] = 0;							\\
	})`,
    helpers: ['pv_for'],
  },
  pv_for_each_cpu: {
    code: `/* cpu over the CPUs for which the test holds. */
#define pv_for_each_cpu(cpu, test)									\\
	pv_for((cpu), 0, (s32)pv_nr_cpus, ${MOST_CPUS})								\\
		if (test)`,
    helpers: ['pv_for'],
  },
  pv_for_cpus: {
    code: `/* cpu over the CPUs from lo to hi that there are. */
#define pv_for_cpus(cpu, lo, hi)									\\
	pv_for((cpu), (lo), (hi) < (s32)pv_nr_cpus ? (hi) + 1 : (s32)pv_nr_cpus, (hi) - (lo) + 1)`,
    helpers: ['pv_for'],
  },
  pv_for_each_dsq: {
    code: `/* p over the tasks that wait in the queue, in its order. */
#define pv_for_each_dsq(p, dsq)										\\
	for (struct bpf_iter_scx_dsq pv_dsq __attribute__((cleanup(bpf_iter_scx_dsq_destroy))),		\\
	     *pv_new __maybe_unused = (bpf_iter_scx_dsq_new(&pv_dsq, (dsq), 0),				\\
				       (void)bpf_iter_scx_dsq_destroy, NULL);				\\
	     ((p) = bpf_iter_scx_dsq_next(&pv_dsq)) != NULL; )`,
    kfuncs: ['bpf_iter_scx_dsq_new', 'bpf_iter_scx_dsq_next', 'bpf_iter_scx_dsq_destroy'],
  },
  pv_put_task: put('task', 'struct task_struct', 'bpf_task_release'),
  pv_put_cgroup: put('cgroup', 'struct cgroup', 'bpf_cgroup_release'),
  pv_put_mask: put('mask', 'struct bpf_cpumask', 'bpf_cpumask_release'),
  pv_put_cpumask: put('cpumask', 'const struct cpumask', 'scx_bpf_put_cpumask'),
  pv_put_idle_cpumask: put('idle_cpumask', 'const struct cpumask', 'scx_bpf_put_idle_cpumask'),
  pv_comm: {
    code: `/* The name of a thread, padded with zeros. */
static __always_inline struct pv_comm pv_comm(struct task_struct *p)
{
	struct pv_comm comm = {};

	if (p) {
		/* clang would take the address in a loop before it tests the pointer. */
		barrier_var(p);
		bpf_probe_read_kernel_str(comm.text, sizeof(comm.text), p->comm);
	}
	return comm;
}`,
    fields: ['task_struct.comm'],
  },
  pv_comm_eq: {
    code: `static __always_inline bool pv_comm_eq(struct pv_comm a, struct pv_comm b)
{
	return a.word[0] == b.word[0] && a.word[1] == b.word[1];
}`,
  },
  pv_now: {
    code: `/* The scheduler's own clock where the kernel has it (6.14), which costs less. */
static __always_inline u64 pv_now(void)
{
	return bpf_ksym_exists(scx_bpf_now) ? scx_bpf_now() : bpf_ktime_get_ns();
}`,
    kfuncs: ['scx_bpf_now'],
  },
  pv_task_cpu: {
    code: `/* The CPU that the task runs on or ran on last. */
static __always_inline s32 pv_task_cpu(struct task_struct *p)
{
	return p->thread_info.cpu;
}`,
    fields: ['task_struct.thread_info', 'thread_info.cpu'],
  },
  pv_may_run_on: {
    code: `/* Does the affinity of the task allow the CPU now? A program runs with migration disabled: its own task counts one. */
static __always_inline bool pv_may_run_on(struct task_struct *p, s32 cpu)
{
	if (!p || cpu < 0 || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return false;
	return p->migration_disabled <= (p == bpf_get_current_task_btf()) || cpu == pv_task_cpu(p);
}`,
    helpers: ['pv_task_cpu'],
    kfuncs: ['bpf_cpumask_test_cpu'],
    fields: ['task_struct.cpus_ptr', 'task_struct.migration_disabled'],
  },
  pv_can_run_on: {
    code: `/* The same, and the CPU is online. */
static __noinline bool pv_can_run_on(struct task_struct *p, s32 cpu)
{
	const struct cpumask *online;
	bool can;

	if (!pv_may_run_on(p, cpu))
		return false;
	online = scx_bpf_get_online_cpumask();
	can = bpf_cpumask_test_cpu(cpu, online);
	scx_bpf_put_cpumask(online);
	return can;
}`,
    helpers: ['pv_may_run_on'],
    kfuncs: ['scx_bpf_get_online_cpumask', 'scx_bpf_put_cpumask'],
  },
  pv_there: {
    code: `/* Is the pointer not NULL? clang is to test the pointer itself, here. */
#define pv_there(p) ({ barrier_var(p); (p) != NULL; })`,
  },
} satisfies Helpers;
