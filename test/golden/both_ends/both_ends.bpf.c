// SPDX-License-Identifier: GPL-2.0
/*
 * both_ends for tracing. Made from both_ends.pvpolicy: changes belong there, not here.
 *
 * Both ends of a page.
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
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "both_ends.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_MSEC 1000000ULL

/* Puts a reference back at the end of the block. */
#define pv_auto(kind) __attribute__((cleanup(pv_put_##kind)))

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct kvm_vcpu {};

struct task_struct {
	volatile int pid;
	volatile int tgid;
} __attribute__((preserve_access_index));

#define SCHED_FIFO 1

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

/* From 1 to 140. */
const volatile __u32 rt_below = 100;

struct pv_health pv_health;

/* Adds n to a counter of those that were found; does nothing where there is no room for them. */
#define pv_count(stats, counter, n)									\
	do {												\
		typeof(stats) pv_found = (stats);							\
													\
		if (pv_found)										\
			__sync_fetch_and_add(&pv_found->counter, n);					\
	} while (0)

struct vcpu {
	u32 tid;
	u32 tgid;
	bool boosted;
};

/* vCPUs: kept with the thread, they go when it goes. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct vcpu);
} vcpus SEC(".maps");

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

/* What the guest of each vCPU wrote, by thread id; the agent keeps it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct hint);
} hints SEC(".maps");

static const struct hint pv_no_hint;

/* Zeros where the guest wrote nothing. */
static __always_inline const struct hint *pv_hint(u32 tid)
{
	const struct hint *page = bpf_map_lookup_elem(&hints, &tid);

	return page ? page : &pv_no_hint;
}

/* What the guest of each vCPU can read, by thread id; the agent carries it there. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct feedback);
} feedbacks SEC(".maps");

static struct feedback pv_spare_feedback;

/* Of a vCPU that the agent does not know, a page that nobody carries. */
static __always_inline struct feedback *pv_feedback(u32 tid)
{
	struct feedback *page = bpf_map_lookup_elem(&feedbacks, &tid);

	return page ? page : &pv_spare_feedback;
}

/* Several CPUs may change one page: changes are counted where they begin, and at the end of the block. */
static __always_inline struct feedback *pv_begin_feedback(u32 tid)
{
	struct feedback *page = pv_feedback(tid);
	u32 n;

	if (page == &pv_spare_feedback)
		return page;
	/* With its old value taken the count is in order with what stands around it, on every machine. */
	n = __sync_fetch_and_add(&page->pv_begun, 1);
	barrier_var(n);
	return page;
}

static __always_inline void pv_put_feedback(struct feedback **page)
{
	u32 n;

	if (*page == &pv_spare_feedback)
		return;
	/* With its old value taken the count is in order with what stands around it, on every machine. */
	n = __sync_fetch_and_add(&(*page)->pv_done, 1);
	barrier_var(n);
}

/* The agent runs it for the page of each vCPU: in the kernel, for user space cannot tell in which order it would be copied. */
SEC("syscall")
int pv_fetch_feedback(struct pv_fetch *ctx)
{
	u32 done, tid = ctx->tid;
	struct feedback *page = bpf_map_lookup_elem(&feedbacks, &tid);

	ctx->found = PV_NO_PAGE;
	if (!page)
		return 0;
	/* Swaps that change nothing: what they read is in order on every machine. */
	done = __sync_val_compare_and_swap(&page->pv_done, 0, 0);
	ctx->page = *page;
	if (__sync_val_compare_and_swap(&page->pv_begun, 0, 0) != done)
		ctx->found = PV_TORN_PAGE;
	else
		ctx->found = done == ctx->shown ? PV_SAME_PAGE : PV_PAGE;
	return 0;
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

#define pv_unboost(...) pv_ask_unboost(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_unboost(u32 line, u32 tid, u32 tgid)
{
	struct pv_request *r = pv_ask(PV_UNBOOST, line, tid, tgid);

	if (!r)
		return;
	bpf_ringbuf_submit(r, 0);
}

static __always_inline struct vcpu *pv_new_vcpu(struct task_struct *p)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!v) {
		__sync_fetch_and_add(&pv_health.states_lost, 1);
		return NULL;
	}
	v->tid = p->pid;
	v->tgid = p->tgid;
	return v;
}

/* The vCPU of this thread: one from its first KVM entry or exit on, if the loader did not find it before. */
static __always_inline struct vcpu *pv_track(struct kvm_vcpu *kvcpu)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, 0);

	return v ? v : pv_new_vcpu(p);
}

/* The loader runs it for each vCPU that it finds. */
SEC("syscall")
int pv_meet_vcpu(struct pv_meeting *ctx)
{
	struct task_struct *p = bpf_task_from_pid(ctx->tid);

	if (!p)
		return 0;
	if (!bpf_task_storage_get(&vcpus, p, NULL, 0))
		pv_new_vcpu(p);
	bpf_task_release(p);
	return 0;
}

SEC("tp_btf/kvm_entry")
int BPF_PROG(pv_kvm_entry, struct kvm_vcpu *kvcpu)
{
	pv_track(kvcpu);
	return 0;
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(on_kvm_exit, struct kvm_vcpu *kvcpu, u32 isa)
{
	struct vcpu *pv_self = pv_track(kvcpu);
#line 18 "both_ends.pvpolicy"
	struct vcpu *v = pv_self;
#line 18 "both_ends.pvpolicy"
	if (v) {
		const struct hint *v_hint = pv_hint(v->tid);
#line 19 "both_ends.pvpolicy"
		if (v_hint->rt_running && !v->boosted) {
			v->boosted = true;
			struct feedback *v_feedback pv_auto(feedback) = pv_begin_feedback(v->tid);
#line 21 "both_ends.pvpolicy"
			v_feedback->boosted = true;
			pv_boost(v->tid, v->tgid, SCHED_FIFO, 5, 5 * NSEC_PER_MSEC);
			pv_count(pv_global_stats(), boosts, 1);
		} else if (!v_hint->rt_running && v->boosted) {
			v->boosted = false;
			struct feedback *v_feedback pv_auto(feedback) = pv_begin_feedback(v->tid);
#line 26 "both_ends.pvpolicy"
			v_feedback->boosted = false;
			v_feedback->load = 512 /* 50% */;
			pv_unboost(v->tid, v->tgid);
		}
	}
#line 310 "both_ends.bpf.c"
	return 0;
}

