import type { Helper, Helpers } from './helper.ts';
import { MASK_WORDS } from './mask-words.ts';

/** CPUs that one kernel can have at most (NR_CPUS of x86-64 MAXSMP). */
export const MOST_CPUS = 8192;

const masks = (op: 'and' | 'or' | 'xor', doc: string): Helper => ({
  code: `/* ${doc}; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_${op}(const struct cpumask *a, const struct cpumask *b)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_${op}(mask, a, b);
	return mask;
}`,
  kfuncs: ['bpf_cpumask_create', `bpf_cpumask_${op}`],
});

const word = (op: string, change: string): Helper => ({
  code: `static __always_inline void pv_word_${op}(u64 *words, s32 cpu, u64 bits)
{
	u32 i = (u32)cpu / 64;
	u64 *word;

	barrier_var(i);
	if (i >= ${MASK_WORDS})
		return;
	word = &words[i];
	${change};
}`,
});

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
  pv_mask_and: masks('and', 'The CPUs of both masks'),
  pv_mask_or: masks('or', 'The CPUs of either mask'),
  pv_mask_xor: masks('xor', 'The CPUs of one mask only'),
  pv_mask_not: {
    code: `/* The CPUs that are not in the mask; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_not(const struct cpumask *a)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask) {
		bpf_cpumask_setall(mask);
		bpf_cpumask_xor(mask, (const struct cpumask *)mask, a);
	}
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create', 'bpf_cpumask_setall', 'bpf_cpumask_xor'],
  },
  pv_mask_copy: {
    code: `/* The same CPUs; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_copy(const struct cpumask *a)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_copy(mask, a);
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create', 'bpf_cpumask_copy'],
  },
  pv_mask_cpu: {
    code: `/* The CPU alone; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_cpu(s32 cpu)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_set_cpu(cpu, mask);
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create', 'bpf_cpumask_set_cpu'],
  },
  pv_mask_new: {
    code: `/* The CPUs from lo to hi; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_new(s32 lo, s32 hi)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		pv_mask_add(mask, lo, hi);
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create'],
    helpers: ['pv_mask_add'],
  },
  pv_mask_of: {
    code: `/* The mask whose bits are in words; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_of(const volatile __u64 *words)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	int cpu;

	if (!mask)
		return NULL;
	pv_for(cpu, 0, (s32)pv_nr_cpus, ${MASK_WORDS * 64}) {
		if (pv_words_have(words, cpu))
			bpf_cpumask_set_cpu(cpu, mask);
	}
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create', 'bpf_cpumask_set_cpu'],
    helpers: ['pv_for', 'pv_words_have'],
  },
  pv_mask_not_of: {
    code: `/* The mask of all CPUs whose bits are not in words; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_not_of(const volatile __u64 *words)
{
	struct bpf_cpumask *mask pv_auto(mask) = pv_mask_of(words);

	return mask ? pv_mask_not((const struct cpumask *)mask) : NULL;
}`,
    helpers: ['pv_put_mask', 'pv_mask_not', 'pv_mask_of'],
  },
  pv_words_have: {
    code: `/* Is the bit of the CPU set in the words? */
static __always_inline bool pv_words_have(const volatile __u64 *words, s32 cpu)
{
	u32 word = (u32)cpu / 64;

	/* What is tested is what is used, which clang would see through. */
	barrier_var(word);
	return word < ${MASK_WORDS} && words[word] >> ((u32)cpu % 64) & 1;
}`,
  },
  pv_words_change: {
    code: `/*
 * Changes the words of a mask by what the test says of each CPU, a word at a time; op: set, or, and, xor. All but 'set' are one
 * step for each word.
 */
#define pv_words_change(op, words, cpu, test)								\\
	do {												\\
		u64 pv_bits = pv_opaque(0);								\\
													\\
		pv_for((cpu), 0, (s32)pv_nr_cpus, ${MASK_WORDS * 64}) {							\\
			if (test)									\\
				pv_bits |= 1ULL << ((cpu) & 63);					\\
			if (((cpu) & 63) == 63 || (cpu) + 1 == (s32)pv_nr_cpus) {			\\
				pv_word_##op((words), (cpu), pv_bits);					\\
				pv_bits = 0;								\\
			}										\\
		}											\\
	} while (0)`,
    helpers: ['pv_for', 'pv_opaque'],
  },
  pv_word_set: word('set', '*word = bits'),
  pv_word_or: word('or', '__sync_fetch_and_or(word, bits)'),
  pv_word_and: word('and', '__sync_fetch_and_and(word, bits)'),
  pv_word_xor: word('xor', '__sync_fetch_and_xor(word, bits)'),
  pv_mask_add: {
    code: `/* Adds the CPUs from lo to hi. */
static __always_inline void pv_mask_add(struct bpf_cpumask *mask, s32 lo, s32 hi)
{
	int cpu;

	pv_for(cpu, lo, hi + 1, ${MOST_CPUS})
		bpf_cpumask_set_cpu(cpu, mask);
}`,
    helpers: ['pv_for'],
    kfuncs: ['bpf_cpumask_set_cpu'],
  },
  pv_mask_drop: {
    code: `/* Takes the CPUs from lo to hi out. */
static __always_inline void pv_mask_drop(struct bpf_cpumask *mask, s32 lo, s32 hi)
{
	int cpu;

	pv_for(cpu, lo, hi + 1, ${MOST_CPUS})
		bpf_cpumask_clear_cpu(cpu, mask);
}`,
    helpers: ['pv_for'],
    kfuncs: ['bpf_cpumask_clear_cpu'],
  },
  pv_mask_first: {
    code: `/* The lowest CPU of the mask, or -1. */
static __always_inline s32 pv_mask_first(const struct cpumask *mask)
{
	u32 cpu = bpf_cpumask_first(mask);

	return cpu < pv_nr_cpus ? (s32)cpu : -1;
}`,
    kfuncs: ['bpf_cpumask_first'],
  },
  pv_mask_any: {
    code: `/* Some CPU of the mask, or -1. */
static __always_inline s32 pv_mask_any(const struct cpumask *mask)
{
	u32 cpu = bpf_cpumask_any_distribute(mask);

	return cpu < pv_nr_cpus ? (s32)cpu : -1;
}`,
    kfuncs: ['bpf_cpumask_any_distribute'],
  },
} satisfies Helpers;
