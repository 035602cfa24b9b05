// SPDX-License-Identifier: GPL-2.0
/*
 * guarded for tracing. Made from guarded.pvpolicy: changes belong there, not here.
 *
 * Changes the CPU's frequency in hooks that interrupt each other: what the check cannot see, the mark of the hook does.
 *
 * Runs on kernels with BTF from 6.4 on. Actions are done by the agent.
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
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	CLOCK_MONOTONIC = 1,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "guarded.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_USEC 1000ULL
#define __maybe_unused __attribute__((unused))

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct task_struct {};

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void scx_bpf_cpuperf_set(s32 cpu, u32 perf) __ksym;

struct pv_health pv_health;

/* Adds n to a counter of those that were found; does nothing where there is no room for them. */
#define pv_count(stats, counter, n)									\
	do {												\
		typeof(stats) pv_found = (stats);							\
													\
		if (pv_found)										\
			__sync_fetch_and_add(&pv_found->counter, n);					\
	} while (0)

/*
 * x from 'from' up to, not including, 'to', at most 'max' times. An iterator of the kernel (6.4): the verifier walks
 * the body a few times, not once for each x.
 */
#define pv_for(x, from, to, max)									\
	for (struct bpf_iter_num pv_it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),	\
	     *pv_new __maybe_unused = (bpf_iter_num_new(&pv_it, 0, (max)), (void)bpf_iter_num_destroy, NULL); \
	     ({ int *pv_n = bpf_iter_num_next(&pv_it);							\
		pv_n && ((x) = (from) + *pv_n, (x) < (to)); }); )

/* Hooks of the policy, as a CPU marks the one that runs. */
enum {
	PV_HOOK_NONE,
	PV_HOOK_1_SCHED_PROCESS_EXIT = 1,
	PV_HOOK_2_EVERY = 2,
	PV_HOOK_INNER = 63,	/* one that has interrupted another */
};

struct pv_mark {
	u32 tid;
	u32 hook;
};

/* The hook that runs on this CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct pv_mark);
} pv_marks SEC(".maps");

static __always_inline struct pv_mark *pv_mark(void)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&pv_marks, &key);
}

/* Gives the hook that this one has interrupted. Where programs may be preempted, the mark may be another thread's. */
static __always_inline u32 pv_enter(u32 hook)
{
	u32 tid = bpf_get_current_pid_tgid(), outer;
	struct pv_mark *m = pv_mark();

	if (!m)
		return PV_HOOK_NONE;
	outer = m->tid == tid ? m->hook : PV_HOOK_NONE;
	m->tid = tid;
	m->hook = outer ? PV_HOOK_INNER : hook;
	return outer;
}

static __always_inline void pv_leave(const u32 *outer)
{
	struct pv_mark *m = pv_mark();

	if (m && m->tid == (u32)bpf_get_current_pid_tgid())
		m->hook = *outer;
}

/* Does one of the hooks run for which the call was checked, and not inside of another? Else it is refused, and counted. */
static __noinline bool pv_may(u64 hooks)
{
	struct pv_mark *m = pv_mark();

	if (m && m->tid == (u32)bpf_get_current_pid_tgid() && hooks >> (m->hook & 63) & 1)
		return true;
	__sync_fetch_and_add(&pv_health.calls_refused, 1);
	return false;
}

/* Counters and histograms; each CPU has its own. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct global_stats);
} global_stats SEC(".maps");

static __always_inline struct global_stats *pv_global_stats(void)
{
	u32 id = 0;

	return bpf_map_lookup_elem(&global_stats, &id);
}

struct bpf_timer {
	__u64 opaque[2];
} __attribute__((aligned(8)));

struct pv_timer {
	struct bpf_timer timer;
};

/* One for each `every`. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct pv_timer);
} pv_timers SEC(".maps");

static __always_inline int pv_start_timer(u32 key, int (*callback)(void *, u32 *, struct pv_timer *), u64 period)
{
	struct pv_timer *timer = bpf_map_lookup_elem(&pv_timers, &key);
	int err;

	if (!timer)
		return -1;
	err = bpf_timer_init(&timer->timer, &pv_timers, CLOCK_MONOTONIC);
	if (err)
		return err;
	err = bpf_timer_set_callback(&timer->timer, callback);
	return err ? err : bpf_timer_start(&timer->timer, period, 0);
}

static void slow_down(void)
{
#line 7 "guarded.pvpolicy"
	pv_may(1ULL << PV_HOOK_1_SCHED_PROCESS_EXIT | 1ULL << PV_HOOK_2_EVERY) ? scx_bpf_cpuperf_set(bpf_get_smp_processor_id(), 512) : (void)0;
#line 193 "guarded.bpf.c"
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_sched_process_exit, struct task_struct *pv__)
{
	u32 pv_outer __attribute__((cleanup(pv_leave))) = pv_enter(PV_HOOK_1_SCHED_PROCESS_EXIT);

	u64 i;
#line 11 "guarded.pvpolicy"
	pv_for(i, 0, 20000, 20000) {
#line 11 "guarded.pvpolicy"
		pv_count(pv_global_stats(), rounds, 1);
	}
#line 12 "guarded.pvpolicy"
	slow_down();
#line 209 "guarded.bpf.c"
	return 0;
}

static __always_inline void on_every_200us(void)
{
	u32 pv_outer __attribute__((cleanup(pv_leave))) = pv_enter(PV_HOOK_2_EVERY);

#line 16 "guarded.pvpolicy"
	slow_down();
#line 219 "guarded.bpf.c"
}

static int every_200us(void *map, u32 *key, struct pv_timer *timer)
{
	on_every_200us();
	bpf_timer_start(&timer->timer, 200 * NSEC_PER_USEC, 0);
	return 0;
}

/* The agent runs it once, before it attaches the others. */
SEC("syscall")
int pv_start(void *ctx)
{
	int err;

	err = pv_start_timer(0, every_200us, 200 * NSEC_PER_USEC);
	if (err)
		return err;
	return 0;
}

