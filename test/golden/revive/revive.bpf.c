// SPDX-License-Identifier: GPL-2.0
/*
 * revive for tracing. Made from revive.pvpolicy: changes belong there, not here.
 *
 * Boosts a thread called victim at each wake-up, pins it and makes it nice.
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
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "revive.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_MSEC 1000000ULL

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct task_struct {
	volatile int pid;
	volatile int tgid;
	char comm[16];
} __attribute__((preserve_access_index));

#define SCHED_FIFO 1

/* From 1ms to 1s. */
const volatile __u64 limit = 50 * NSEC_PER_MSEC;

struct pv_health pv_health;

/*
 * a - b, stopping at 0: clocks of two CPUs may differ. Without the barrier clang tests for an overflow, which takes twice
 * the instructions in BPF.
 */
static __always_inline u64 pv_sub_sat(u64 a, u64 b)
{
	u64 distance = 0;

	if (a > b) {
		distance = a - b;
		barrier_var(distance);
	}
	return distance;
}

/*
 * The position of the highest bit of x, 0 for 0. Without a branch, for the verifier would walk all that follows once for
 * each: the bits below the highest are set, and a product with a de Bruijn sequence is different for each result.
 */
static __always_inline u32 pv_log2(u64 x)
{
	static const u8 position[64] = {
		0, 47, 1, 56, 48, 27, 2, 60, 57, 49, 41, 37, 28, 16, 3, 61,
		54, 58, 35, 52, 50, 42, 21, 44, 38, 32, 29, 23, 17, 11, 4, 62,
		46, 55, 26, 59, 40, 36, 15, 53, 34, 51, 20, 43, 31, 22, 10, 45,
		25, 39, 14, 33, 19, 30, 9, 24, 13, 18, 8, 12, 7, 6, 5, 63,
	};

	x |= x >> 1;
	x |= x >> 2;
	x |= x >> 4;
	x |= x >> 8;
	x |= x >> 16;
	x |= x >> 32;
	return position[x * 0x03f79d71b4cb0a89ULL >> 58];
}

/* Adds x to the histogram. */
static __noinline void pv_record(struct pv_histogram *h, u64 x)
{
	__sync_fetch_and_add(&h->slot[pv_log2(x) & (PV_SLOTS - 1)], 1);
	__sync_fetch_and_add(&h->sum, x);
}

/* Adds n to a counter of those that were found; does nothing where there is no room for them. */
#define pv_count(stats, counter, n)									\
	do {												\
		typeof(stats) pv_found = (stats);							\
													\
		if (pv_found)										\
			__sync_fetch_and_add(&pv_found->counter, n);					\
	} while (0)

/* The same for a histogram and one more value of it. */
#define pv_sample(stats, histogram, x)									\
	do {												\
		typeof(stats) pv_found = (stats);							\
													\
		if (pv_found)										\
			pv_record(&pv_found->histogram, x);						\
	} while (0)

/* The name of a thread, padded with zeros. */
static __always_inline struct pv_comm pv_comm(struct task_struct *p)
{
	struct pv_comm comm = {};

	if (p) {
		/* clang would take the address in a loop before it tests the pointer. */
		barrier_var(p);
		bpf_probe_read_kernel_str(comm.text, sizeof(comm.text), p->comm);
	}
	return comm;
}

static __always_inline bool pv_comm_eq(struct pv_comm a, struct pv_comm b)
{
	return a.word[0] == b.word[0] && a.word[1] == b.word[1];
}

struct task_state {
	u64 woken;
};

/* State of threads; it goes when the thread goes. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

/* NULL where nothing is kept yet. */
static __always_inline struct task_state *pv_find_task_state(struct task_struct *p)
{
	return bpf_task_storage_get(&tasks, p, NULL, 0);
}

/* Made of zeros at first use; NULL where there is no room. */
static __always_inline struct task_state *pv_make_task_state(struct task_struct *p)
{
	struct task_state *s = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!s)
		__sync_fetch_and_add(&pv_health.states_lost, 1);
	return s;
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

/* Counters and histograms, by thread id; each CPU has its own. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct task_stats);
} task_stats SEC(".maps");

static const struct task_stats pv_zero_task_stats;

/* Makes room for them. */
__noinline int pv_make_task_stats(u32 id)
{
	bpf_map_update_elem(&task_stats, &id, &pv_zero_task_stats, BPF_NOEXIST);
	if (bpf_map_lookup_elem(&task_stats, &id))
		return 0;
	__sync_fetch_and_add(&pv_health.stats_lost, 1);
	return -1;
}

static __always_inline struct task_stats *pv_task_stats(u32 id)
{
	struct task_stats *s = bpf_map_lookup_elem(&task_stats, &id);

	if (s)
		return s;
	pv_make_task_stats(id);
	return bpf_map_lookup_elem(&task_stats, &id);
}

/* hated. By name of a thread; the loader fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct pv_comm);
	__type(value, bool);
} hated_table SEC(".maps");

static __always_inline bool hated(struct pv_comm key)
{
	bool *value = bpf_map_lookup_elem(&hated_table, &key);

	return value ? *value : false;
}

/* What the policy asks the agent to do. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} requests SEC(".maps");

/* Room for a request; NULL, and counted, where the agent is too far behind. */
static __noinline struct pv_request *pv_ask(u32 action, u32 line, u32 tid, u32 tgid)
{
	struct pv_request *r = bpf_ringbuf_reserve(&requests, sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&pv_health.requests_dropped, 1);
		return NULL;
	}
	r->at = bpf_ktime_get_ns();
	r->until = 0;
	r->action = action;
	r->line = line;
	r->tid = tid;
	r->tgid = tgid;
	r->arg[0] = 0;
	r->arg[1] = 0;
	return r;
}

#define pv_boost(...) pv_ask_boost(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_boost(u32 line, u32 tid, u32 tgid, u32 policy, u32 prio, u64 limit)
{
	struct pv_request *r = pv_ask(PV_BOOST, line, tid, tgid);

	if (!r)
		return;
	r->arg[0] = policy;
	r->arg[1] = prio;
	r->until = r->at + limit;
	bpf_ringbuf_submit(r, 0);
}

#define pv_set_nice(...) pv_ask_set_nice(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_set_nice(u32 line, u32 tid, u32 tgid, s32 nice)
{
	struct pv_request *r = pv_ask(PV_SET_NICE, line, tid, tgid);

	if (!r)
		return;
	r->arg[0] = nice;
	bpf_ringbuf_submit(r, 0);
}

#define pv_pin(...) pv_ask_pin(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_pin(u32 line, u32 tid, u32 tgid, const u64 *mask)
{
	struct pv_request *r = pv_ask(PV_PIN, line, tid, tgid);

	if (!r)
		return;
	__builtin_memcpy(r->mask, mask, sizeof(r->mask));
	bpf_ringbuf_submit(r, 0);
}

#define pv_signal(...) pv_ask_signal(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_signal(u32 line, u32 event)
{
	struct pv_request *r = pv_ask(PV_SIGNAL, line, 0, 0);

	if (!r)
		return;
	r->arg[0] = event;
	bpf_ringbuf_submit(r, 0);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_sched_wakeup, struct task_struct *p)
{
#line 9 "revive.pvpolicy"
	if (pv_comm_eq(pv_comm(p), (struct pv_comm){ .text = "victim" })) {
		struct task_state *p_state = pv_make_task_state(p);
#line 10 "revive.pvpolicy"
		if (p_state)
#line 10 "revive.pvpolicy"
			p_state->woken = bpf_ktime_get_ns();
		pv_boost(p->pid, p->tgid, SCHED_FIFO, 7, limit);
		pv_pin(p->pid, p->tgid, ((u64[PV_MASK_WORDS]){ 0x2 }));
		pv_set_nice(p->pid, p->tgid, 5);
		pv_count(pv_task_stats(p->pid), boosts, 1);
	}
	if (hated(pv_comm(p)))
#line 16 "revive.pvpolicy"
		pv_signal(PV_EVENT_HATED_ONE_WOKE);
#line 327 "revive.bpf.c"
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
#line 19 "revive.pvpolicy"
	if (pv_comm_eq(pv_comm(next), (struct pv_comm){ .text = "victim" })) {
#line 19 "revive.pvpolicy"
		struct task_state *next_state = pv_find_task_state(next);
#line 19 "revive.pvpolicy"
		pv_sample(pv_global_stats(), late, pv_sub_sat(bpf_ktime_get_ns(), next_state ? next_state->woken : 0));
	}
#line 341 "revive.bpf.c"
	return 0;
}

