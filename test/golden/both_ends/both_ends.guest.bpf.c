// SPDX-License-Identifier: GPL-2.0
/*
 * both_ends for tracing. Made from both_ends.pvpolicy: changes belong there, not here.
 *
 * Both ends of a page.
 *
 * Runs in the guest, on a kernel with BTF from 6.4 on. It writes what the host may know into a page for each
 * CPU; its loader carries the pages to the memory that the two share.
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
	BPF_F_MMAPABLE = 1 << 10,
	CLOCK_MONOTONIC = 1,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "both_ends.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_MSEC 1000000ULL

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct task_struct {
	volatile int prio;
} __attribute__((preserve_access_index));

/* From 1 to 140. */
const volatile __u32 rt_below = 100;

struct pv_health pv_health;

struct policy_state {
	u64 switches;
};

static struct policy_state state __attribute__((used));

struct cpu_state {
	u64 since;
} __attribute__((aligned(64)));	/* each CPU writes to a cache line of its own */

/* State of CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct cpu_state);
} cpus SEC(".maps");

static struct cpu_state pv_spare_cpu_state;

/* Of a CPU that there is not, one that is forgotten again. */
static __noinline struct cpu_state *pv_cpu_state(s32 cpu)
{
	struct cpu_state *s = bpf_map_lookup_elem(&cpus, &cpu);

	if (s)
		return s;
	__sync_fetch_and_add(&pv_health.states_lost, 1);
	pv_spare_cpu_state = (struct cpu_state){};
	return &pv_spare_cpu_state;
}

/* What this guest tells the host, by CPU; mapped by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct hint);
} hints SEC(".maps");

static struct hint pv_spare_hint;

static __always_inline struct hint *pv_own_hint(void)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct hint *page = bpf_map_lookup_elem(&hints, &cpu);

	return page ? page : &pv_spare_hint;
}

/* Handlers may interrupt each other, so that changes are counted where they begin and where they end. */
static __always_inline struct hint *pv_begin_hint(void)
{
	struct hint *page = pv_own_hint();
	u32 n;

	/* With its old value taken the count is in order with what stands around it, on every machine. */
	n = __sync_fetch_and_add(&page->pv_begun, 1);
	barrier_var(n);
	return page;
}

static __always_inline void pv_end_hint(struct hint **page)
{
	u32 n;

	/* With its old value taken the count is in order with what stands around it, on every machine. */
	n = __sync_fetch_and_add(&(*page)->pv_done, 1);
	barrier_var(n);
}

/* What the host tells this guest, by CPU; mapped by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct pv_told);
} feedbacks SEC(".maps");

/*
 * What the host told this CPU last, as a whole: copied, for the loader may come to this page again meanwhile. Where it
 * does so in each of 4 tries, what was told is lost, and counted.
 */
static __always_inline struct feedback pv_own_feedback(void)
{
	u32 turn, cpu = bpf_get_smp_processor_id();
	struct pv_told *told = bpf_map_lookup_elem(&feedbacks, &cpu);
	struct feedback page;
	int i;

	if (!told)
		return (struct feedback){};
	for (i = 0; i < 4; i++) {
		/* Swaps that change nothing: what they read is in order on every machine. */
		turn = __sync_val_compare_and_swap(&told->turn, 0, 0);
		page = told->page[turn & 1];
		if (__sync_val_compare_and_swap(&told->turn, 0, 0) == turn)
			return page;
	}
	__sync_fetch_and_add(&pv_health.updates_lost, 1);
	return (struct feedback){};
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

static void note(s32 c)
{
#line 42 "both_ends.pvpolicy"
	struct cpu_state *c_state = pv_cpu_state(c);
#line 42 "both_ends.pvpolicy"
	c_state->since = bpf_ktime_get_ns();
#line 201 "both_ends.guest.bpf.c"
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next, u32 prev_state)
{
	struct hint *pv_page __attribute__((cleanup(pv_end_hint))) = pv_begin_hint();
#line 37 "both_ends.pvpolicy"
	pv_page->rt_running = next->prio < 100;
	struct feedback feedback_page = pv_own_feedback();
#line 38 "both_ends.pvpolicy"
	pv_page->depth = feedback_page.boosted ? 1 : 2;
	__sync_fetch_and_add(&state.switches, 1);
	note(bpf_get_smp_processor_id());
#line 215 "both_ends.guest.bpf.c"
	return 0;
}

static __always_inline void on_every_10ms(void)
{
	struct hint *pv_page __attribute__((cleanup(pv_end_hint))) = pv_begin_hint();
#line 43 "both_ends.pvpolicy"
	__sync_fetch_and_add(&pv_page->depth, rt_below);
#line 224 "both_ends.guest.bpf.c"
}

static int every_10ms(void *map, u32 *key, struct pv_timer *timer)
{
	on_every_10ms();
	bpf_timer_start(&timer->timer, 10 * NSEC_PER_MSEC, 0);
	return 0;
}

/* The agent runs it once, before it attaches the others. */
SEC("syscall")
int pv_start(void *ctx)
{
	int err;

	err = pv_start_timer(0, every_10ms, 10 * NSEC_PER_MSEC);
	if (err)
		return err;
	return 0;
}

