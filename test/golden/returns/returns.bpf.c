// SPDX-License-Identifier: GPL-2.0
/*
 * returns for sched_ext. Made from returns.pvpolicy: changes belong there, not here.
 *
 * Gives CPUs from inner blocks that hold masks and threads of the kernel.
 *
 * Runs on kernels with sched_ext (6.12 to 7.3 are known). Its loader needs libbpf 1.3 or newer: older ones know
 * neither .struct_ops.link nor the names by which renamed kernel functions are reached.
 */
#include <stdbool.h>

/* What libbpf takes from <linux/types.h> and <linux/bpf.h>; no kernel header is needed. */
typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

typedef __u8 u8;
typedef __s8 s8;
typedef __u16 u16;
typedef __s16 s16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;

enum {
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "returns.h"

char _license[] SEC("license") = "GPL";

#define __maybe_unused __attribute__((unused))

/* Puts a reference back at the end of the block. */
#define pv_auto(kind) __attribute__((cleanup(pv_put_##kind)))

#ifndef bpf_ksym_exists
#define bpf_ksym_exists(sym) (!!(sym))
#endif

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
enum scx_dsq_id_flags {
	SCX_DSQ_GLOBAL,
	SCX_DSQ_LOCAL,
};

enum scx_exit_kind {
	SCX_EXIT_NONE,
};

enum scx_public_consts {
	SCX_SLICE_DFL,
};

struct bpf_cpumask {};
struct cpumask {};
struct scx_init_task_args {};

struct scx_exit_info {
	volatile enum scx_exit_kind kind;
	volatile s64 exit_code;
	const char *reason;
	char *msg;
} __attribute__((preserve_access_index));

struct task_struct {
	volatile int nr_cpus_allowed;
	const struct cpumask *cpus_ptr;
	volatile int pid;
	volatile int tgid;
} __attribute__((preserve_access_index));

#define SCX_DSQ_GLOBAL bpf_core_enum_value(enum scx_dsq_id_flags, SCX_DSQ_GLOBAL)
#define SCX_DSQ_LOCAL bpf_core_enum_value(enum scx_dsq_id_flags, SCX_DSQ_LOCAL)
#define SCX_SLICE_DFL bpf_core_enum_value(enum scx_public_consts, SCX_SLICE_DFL)

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *src1, const struct cpumask *src2) __ksym;
extern void bpf_cpumask_clear_cpu(u32 cpu, struct bpf_cpumask *cpumask) __ksym;
extern void bpf_cpumask_copy(struct bpf_cpumask *dst, const struct cpumask *src) __ksym;
extern struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
extern void bpf_cpumask_release(struct bpf_cpumask *cpumask) __ksym;
extern void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask) __ksym;
extern u32 bpf_cpumask_weight(const struct cpumask *cpumask) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags) __ksym;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle) __ksym;
extern s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym;

bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_insert___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;

/* scx_bpf_dispatch() until 6.13; says whether it inserted from 6.19 on. */
static __always_inline bool scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___new))
		return scx_bpf_dsq_insert___v2___new(p, dsq_id, slice, enq_flags);
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v1))
		scx_bpf_dsq_insert___v1(p, dsq_id, slice, enq_flags);
	else
		scx_bpf_dispatch___old(p, dsq_id, slice, enq_flags);
	return true;
}

struct sched_ext_ops {
	u64 flags;
	u32 timeout_ms;
	char name[128];
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*running)(struct task_struct *p);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
};

/* CPUs that the machine can have; the loader knows. */
const volatile __u32 pv_nr_cpus = 1024;

struct pv_health pv_health;

/*
 * x from 'from' up to, not including, 'to', at most 'max' times. An iterator of the kernel (6.4): the verifier walks
 * the body a few times, not once for each x.
 */
#define pv_for(x, from, to, max)									\
	for (struct bpf_iter_num pv_it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),	\
	     *pv_new __maybe_unused = (bpf_iter_num_new(&pv_it, 0, (max)), (void)bpf_iter_num_destroy, NULL); \
	     ({ int *pv_n = bpf_iter_num_next(&pv_it);							\
		pv_n && ((x) = (from) + *pv_n, (x) < (to)); }); )

static __always_inline void pv_put_task(struct task_struct **p)
{
	struct task_struct *held = *p;

	barrier_var(held);
	if (held)
		bpf_task_release(held);
}

static __always_inline void pv_put_mask(struct bpf_cpumask **p)
{
	struct bpf_cpumask *held = *p;

	barrier_var(held);
	if (held)
		bpf_cpumask_release(held);
}

/* The same CPUs; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_copy(const struct cpumask *a)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_copy(mask, a);
	return mask;
}

/* Is the bit of the CPU set in the words? */
static __always_inline bool pv_words_have(const volatile __u64 *words, s32 cpu)
{
	u32 word = (u32)cpu / 64;

	/* What is tested is what is used, which clang would see through. */
	barrier_var(word);
	return word < 16 && words[word] >> ((u32)cpu % 64) & 1;
}

/* The mask whose bits are in words; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_of(const volatile __u64 *words)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	int cpu;

	if (!mask)
		return NULL;
	pv_for(cpu, 0, (s32)pv_nr_cpus, 1024) {
		if (pv_words_have(words, cpu))
			bpf_cpumask_set_cpu(cpu, mask);
	}
	return mask;
}

static __always_inline void pv_word_or(u64 *words, s32 cpu, u64 bits)
{
	u32 i = (u32)cpu / 64;
	u64 *word;

	barrier_var(i);
	if (i >= 16)
		return;
	word = &words[i];
	__sync_fetch_and_or(word, bits);
}

struct task_state {
	u64 ran_on[16];
};

/* State of threads; it goes when the thread goes. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

static struct task_state pv_spare_task_state;

/* Made of zeros at first use. Where there is no room, one that is forgotten again. */
static __noinline struct task_state *pv_task_state(struct task_struct *p)
{
	struct task_state *s = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (s)
		return s;
	__sync_fetch_and_add(&pv_health.states_lost, 1);
	pv_spare_task_state = (struct task_state){};
	return &pv_spare_task_state;
}

SEC("struct_ops/select_cpu")
s32 BPF_PROG(returns_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	s32 result = 0;	/* carried through what puts references back */

#line 11 "returns.pvpolicy"
	if (p->nr_cpus_allowed > 1) {
		struct bpf_cpumask *others pv_auto(mask) = pv_mask_copy(p->cpus_ptr);
#line 12 "returns.pvpolicy"
		if (others)
#line 12 "returns.pvpolicy"
			bpf_cpumask_clear_cpu(0, others);
		if ((others ? bpf_cpumask_weight((const struct cpumask *)others) : 0) > 3) {
#line 13 "returns.pvpolicy"
			result = bpf_get_smp_processor_id();
#line 13 "returns.pvpolicy"
			goto out;
		}
	}
#line 15 "returns.pvpolicy"
	s32 c;
	{
#line 15 "returns.pvpolicy"
		struct task_state *p_state = pv_task_state(p);
#line 15 "returns.pvpolicy"
		struct bpf_cpumask *mask pv_auto(mask) = pv_mask_of(p_state->ran_on);
#line 15 "returns.pvpolicy"
		if (mask)
#line 15 "returns.pvpolicy"
			bpf_cpumask_and(mask, (const struct cpumask *)mask, p->cpus_ptr);
#line 15 "returns.pvpolicy"
		c = mask ? scx_bpf_pick_idle_cpu((const struct cpumask *)mask, 0) : -1;
	}
#line 15 "returns.pvpolicy"
	if (c >= 0) {
#line 15 "returns.pvpolicy"
		result = c;
#line 15 "returns.pvpolicy"
		goto out;
	}
	{
#line 16 "returns.pvpolicy"
		struct task_struct *leader pv_auto(task) = bpf_task_from_pid(p->tgid);
#line 16 "returns.pvpolicy"
		if (leader) {
			if (leader->pid == 1) {
#line 17 "returns.pvpolicy"
				result = scx_bpf_task_cpu(leader);
#line 17 "returns.pvpolicy"
				goto out;
			}
		}
	}
#line 19 "returns.pvpolicy"
	bool idle = false;
#line 19 "returns.pvpolicy"
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	if (idle)
#line 20 "returns.pvpolicy"
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	return cpu;
#line 310 "returns.bpf.c"
out:
	return result;
}

SEC("struct_ops/init_task")
s32 BPF_PROG(returns_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	s32 result = 0;	/* carried through what puts references back */

#line 25 "returns.pvpolicy"
	if (p->nr_cpus_allowed > 1) {
		struct bpf_cpumask *others pv_auto(mask) = pv_mask_copy(p->cpus_ptr);
#line 26 "returns.pvpolicy"
		if (others)
#line 26 "returns.pvpolicy"
			bpf_cpumask_clear_cpu(0, others);
		if ((others ? bpf_cpumask_weight((const struct cpumask *)others) : 0) > 4096) {
#line 27 "returns.pvpolicy"
			result = -12;
#line 27 "returns.pvpolicy"
			goto out;
		}
	}
#line 29 "returns.pvpolicy"
	return 0;
#line 336 "returns.bpf.c"
out:
	return result;
}

SEC("struct_ops/running")
void BPF_PROG(returns_running, struct task_struct *p)
{
#line 32 "returns.pvpolicy"
	struct task_state *p_state = pv_task_state(p);
#line 32 "returns.pvpolicy"
	s32 cpu = bpf_get_smp_processor_id();
#line 32 "returns.pvpolicy"
	if ((u32)cpu < pv_nr_cpus)
#line 32 "returns.pvpolicy"
		pv_word_or(p_state->ran_on, cpu, 1ULL << (cpu & 63));
#line 352 "returns.bpf.c"
}

SEC("struct_ops/enqueue")
void BPF_PROG(returns_enqueue, struct task_struct *p, u64 enq_flags)
{
#line 35 "returns.pvpolicy"
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
#line 360 "returns.bpf.c"
}

static void on_init(void)
{
#line 7 "returns.pvpolicy"
	if (bpf_cpumask_weight(bpf_get_current_task_btf()->cpus_ptr) > 64)
#line 7 "returns.pvpolicy"
		bpf_printk("a large machine");
#line 369 "returns.bpf.c"
}

SEC("struct_ops.s/init")
s32 BPF_PROG(returns_init)
{
	bpf_rcu_read_lock();
	on_init();
	bpf_rcu_read_unlock();
	return 0;
}

struct pv_exit pv_exit SEC(".data") = {};

SEC("struct_ops.s/exit")
void BPF_PROG(returns_exit, struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(pv_exit.reason, sizeof(pv_exit.reason), info->reason);
	bpf_probe_read_kernel_str(pv_exit.message, sizeof(pv_exit.message), info->msg);
	pv_exit.code = info->exit_code;
	/* Last: the loader takes the rest for written once this is not 0. */
	__sync_lock_test_and_set(&pv_exit.kind, info->kind);
}

SEC(".struct_ops.link")
struct sched_ext_ops returns_ops = {
	.select_cpu = (void *)returns_select_cpu,
	.init_task = (void *)returns_init_task,
	.running = (void *)returns_running,
	.enqueue = (void *)returns_enqueue,
	.init = (void *)returns_init,
	.exit = (void *)returns_exit,
	.timeout_ms = 5000,
	.name = "returns",
};

