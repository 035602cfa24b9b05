// SPDX-License-Identifier: GPL-2.0
/*
 * irq_boost for pvsched. Made from irq_boost.pvpolicy: changes belong there, not here.
 *
 * Runs a vCPU at real-time priority while its guest handles an injected interrupt.
 *
 * No released kernel has struct pvsched_vcpu_ops: this needs the paravirt scheduling patches as posted in
 * April 2024 (RFC v2). Programs for it never sleep and may call base helpers only, so that what the guest
 * wrote comes through a map that the agent keeps, and actions are done by the agent.
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
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1 << 0,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "pvsched.h"
#include "irq_boost.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_MSEC 1000000ULL

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct upid {
	volatile int nr;
} __attribute__((preserve_access_index));

struct pid {
	struct upid numbers[];
} __attribute__((preserve_access_index));

struct task_struct {
	volatile int pid;
	volatile int tgid;
} __attribute__((preserve_access_index));

#define SCHED_FIFO 1

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

#define PV_VMS 1024

/* SCHED_FIFO priority of a boosted vCPU. From 1 to 50. */
const volatile __u32 boost_prio = 8;

/*
 * No boost outlives this. As posted, pvsched leaves boosting to the agent, which needs a millisecond
 * or two. From 2ms to 20ms.
 */
const volatile __u64 boost_limit = 5 * NSEC_PER_MSEC;

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

struct vcpu {
	u32 tid;
	u32 tgid;
	bool boosted;
	u64 since;
};

/* vCPUs, by thread id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct vcpu);
} vcpus SEC(".maps");

static const struct vcpu pv_zero_vcpu;

/* The vCPU of the thread with that id, or NULL. */
static __always_inline struct vcpu *pv_vcpu_by_tid(u32 tid)
{
	return bpf_map_lookup_elem(&vcpus, &tid);
}

/* The vCPU that the thread runs, or NULL. */
static __always_inline struct vcpu *pv_vcpu_of(struct task_struct *p)
{
	return pv_vcpu_by_tid(p->pid);
}

/* Counters and histograms, by thread group id; each CPU has its own. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PV_VMS);
	__type(key, u32);
	__type(value, struct vm_stats);
} vm_stats SEC(".maps");

static const struct vm_stats pv_zero_vm_stats;

/* Makes room for them. */
__noinline int pv_make_vm_stats(u32 id)
{
	bpf_map_update_elem(&vm_stats, &id, &pv_zero_vm_stats, BPF_NOEXIST);
	if (bpf_map_lookup_elem(&vm_stats, &id))
		return 0;
	__sync_fetch_and_add(&pv_health.stats_lost, 1);
	return -1;
}

static __always_inline struct vm_stats *pv_vm_stats(u32 id)
{
	struct vm_stats *s = bpf_map_lookup_elem(&vm_stats, &id);

	if (s)
		return s;
	pv_make_vm_stats(id);
	return bpf_map_lookup_elem(&vm_stats, &id);
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

/* The guest is still in the middle of something that others wait for. */
static bool wants_boost(struct vcpu *v)
{
#line 29 "irq_boost.pvpolicy"
	const struct hint *v_hint = pv_hint(v->tid);
#line 29 "irq_boost.pvpolicy"
	return v_hint->rt_running || v_hint->irqs_off || v_hint->preempt_off;
#line 282 "irq_boost.bpf.c"
}

static void end_boost(struct vcpu *v)
{
#line 33 "irq_boost.pvpolicy"
	pv_unboost(v->tid, v->tgid);
	v->boosted = false;
	pv_sample(pv_vm_stats(v->tgid), boost_length, pv_sub_sat(bpf_ktime_get_ns(), v->since));
#line 291 "irq_boost.bpf.c"
}

/* The thread id in the initial pid namespace. */
static __always_inline u32 pv_tid(struct pid *pid)
{
	return pid->numbers[0].nr;
}

/* KVM may tell of a vCPU before it registers it, and registers it from other threads too. */
static __noinline struct vcpu *pv_join(u32 tid)
{
	struct vcpu *v = pv_vcpu_by_tid(tid);
	struct task_struct *p;

	if (v)
		return v;
	p = bpf_task_from_pid(tid);
	if (!p)
		return NULL;
	bpf_map_update_elem(&vcpus, &tid, &pv_zero_vcpu, BPF_NOEXIST);
	v = pv_vcpu_by_tid(tid);
	if (v) {
		v->tid = tid;
		v->tgid = p->tgid;
	} else {
		__sync_fetch_and_add(&pv_health.states_lost, 1);
	}
	bpf_task_release(p);
	return v;
}

SEC("tp_btf/kvm_inj_virq")
int BPF_PROG(on_kvm_inj_virq, u32 vector)
{
#line 40 "irq_boost.pvpolicy"
	struct vcpu *v = pv_vcpu_of(bpf_get_current_task_btf());
#line 40 "irq_boost.pvpolicy"
	if (v) {
		if (!v->boosted) {
			v->boosted = true;
			v->since = bpf_ktime_get_ns();
			pv_boost(v->tid, v->tgid, SCHED_FIFO, boost_prio, boost_limit);
			pv_count(pv_vm_stats(v->tgid), boosts, 1);
		}
	}
#line 337 "irq_boost.bpf.c"
	return 0;
}

static __always_inline void on_vmexit(struct vcpu *v)
{
#line 51 "irq_boost.pvpolicy"
	if (v->boosted && !wants_boost(v))
#line 51 "irq_boost.pvpolicy"
		end_boost(v);
#line 347 "irq_boost.bpf.c"
}

static __always_inline void on_halt(struct vcpu *v)
{
#line 55 "irq_boost.pvpolicy"
	if (v->boosted)
#line 55 "irq_boost.pvpolicy"
		end_boost(v);
#line 356 "irq_boost.bpf.c"
}

SEC("struct_ops/pvsched_vcpu_reg")
int BPF_PROG(irq_boost_register, struct pid *pid)
{
	pv_join(pv_tid(pid));
	return 0;
}

SEC("struct_ops/pvsched_vcpu_unreg")
void BPF_PROG(irq_boost_unregister, struct pid *pid)
{
	u32 tid = pv_tid(pid);

	bpf_map_delete_elem(&vcpus, &tid);
}

/* addr is NULL in the patches as posted. */
SEC("struct_ops/pvsched_vcpu_notify_event")
void BPF_PROG(irq_boost_notify_event, void *addr, struct pid *pid, u32 event)
{
	u32 tid = pv_tid(pid);
	struct vcpu *v = pv_vcpu_by_tid(tid);

	if (!v)
		v = pv_join(tid);
	if (!v)
		return;
	if (event & PVSCHED_VCPU_VMEXIT)
		on_vmexit(v);
	if (event & PVSCHED_VCPU_HALT)
		on_halt(v);
}

SEC(".struct_ops")
struct pvsched_vcpu_ops irq_boost_ops = {
	.pvsched_vcpu_register = (void *)irq_boost_register,
	.pvsched_vcpu_unregister = (void *)irq_boost_unregister,
	.pvsched_vcpu_notify_event = (void *)irq_boost_notify_event,
	.events = PVSCHED_VCPU_VMEXIT | PVSCHED_VCPU_HALT,
	.name = "irq_boost",
};

