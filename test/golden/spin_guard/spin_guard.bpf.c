// SPDX-License-Identifier: GPL-2.0
/*
 * spin_guard for tracing. Made from spin_guard.pvpolicy: changes belong there, not here.
 *
 * Ends lock-holder preemption: when a vCPU has been preempted while a sibling burns its time without ever halting,
 * the preempted one probably holds the lock that the sibling spins on. It is boosted until it halts.
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
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "spin_guard.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_MSEC 1000000ULL
#define __maybe_unused __attribute__((unused))

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct kvm_vcpu {};

struct signal_struct {
	volatile struct { int counter; } live;
} __attribute__((preserve_access_index));

struct task_struct {
	volatile int pid;
	volatile int tgid;
	struct signal_struct *signal;
} __attribute__((preserve_access_index));

#define SCHED_RR 2

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

#define PV_VMS 1024
#define PV_VCPUS 16

/* A sibling that ran this long without a halt is taken to spin. From 1ms to 50ms. */
const volatile __u64 spin_after = 3 * NSEC_PER_MSEC;

/* No boost outlives this. From 2ms to 50ms. */
const volatile __u64 boost_limit = 10 * NSEC_PER_MSEC;

/* SCHED_RR priority of the boosted vCPU. From 1 to 10. */
const volatile __u32 boost_prio = 1;

/* Boosts that one VM may ask for in a period. From 1 to 1000. */
const volatile __u32 budget = 20;

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

/*
 * x from 'from' up to, not including, 'to', at most 'max' times. An iterator of the kernel (6.4): the verifier walks
 * the body a few times, not once for each x.
 */
#define pv_for(x, from, to, max)									\
	for (struct bpf_iter_num pv_it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),	\
	     *pv_new __maybe_unused = (bpf_iter_num_new(&pv_it, 0, (max)), (void)bpf_iter_num_destroy, NULL); \
	     ({ int *pv_n = bpf_iter_num_next(&pv_it);							\
		pv_n && ((x) = (from) + *pv_n, (x) < (to)); }); )

struct vm_state {
	/* Threads of its vCPUs, in the order in which they first ran; 0 is a free place. */
	u32 vcpu[PV_VCPUS];
	u32 used;
	u64 period_start;
};

/* State of VMs, by thread group id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PV_VMS);
	__type(key, u32);
	__type(value, struct vm_state);
} vms SEC(".maps");

static const struct vm_state pv_zero_vm_state;
static struct vm_state pv_spare_vm_state;

/* Made of zeros at first use. Where there is no room, one that is forgotten again. */
static __noinline struct vm_state *pv_vm_state(u32 id)
{
	struct vm_state *s = bpf_map_lookup_elem(&vms, &id);

	if (s)
		return s;
	bpf_map_update_elem(&vms, &id, &pv_zero_vm_state, BPF_NOEXIST);
	s = bpf_map_lookup_elem(&vms, &id);
	if (s)
		return s;
	__sync_fetch_and_add(&pv_health.states_lost, 1);
	pv_spare_vm_state = (struct vm_state){};
	return &pv_spare_vm_state;
}

struct vcpu {
	u32 tid;
	u32 tgid;
	bool on_cpu;
	/* Switched out while it still had work. */
	bool preempted;
	u64 preempted_at;
	u64 last_halt;
	bool boosted;
};

/* vCPUs: kept with the thread, they go when it goes. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct vcpu);
} vcpus SEC(".maps");

/* The vCPU that the thread runs, or NULL. */
static __always_inline struct vcpu *pv_vcpu_of(struct task_struct *p)
{
	return bpf_task_storage_get(&vcpus, p, NULL, 0);
}

/* The vCPU of the thread with that id, or NULL where there is none any more. */
static __noinline struct vcpu *pv_vcpu_by_tid(u32 tid)
{
	struct task_struct *p = tid ? bpf_task_from_pid(tid) : NULL;
	struct vcpu *v;

	if (!p)
		return NULL;
	v = bpf_task_storage_get(&vcpus, p, NULL, 0);
	bpf_task_release(p);
	return v;
}

/* v over the vCPUs of the VM with the state m. */
#define pv_for_each_vcpu(v, m, i)						\
	pv_for((i), 0, PV_VCPUS, PV_VCPUS)						\
		if ((m)->vcpu[i] && ((v) = pv_vcpu_by_tid((m)->vcpu[i])))

static __noinline void pv_add_to_vm(struct vm_state *m, u32 tid)
{
	u32 i;

	pv_for(i, 0, PV_VCPUS, PV_VCPUS)
		if (m->vcpu[i] == tid || (!m->vcpu[i] && !__sync_val_compare_and_swap(&m->vcpu[i], 0, tid)))
			return;
}

static __noinline void pv_remove_from_vm(struct vm_state *m, u32 tid)
{
	u32 i;

	pv_for(i, 0, PV_VCPUS, PV_VCPUS)
		if (m->vcpu[i] == tid)
			m->vcpu[i] = 0;
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

static bool spins(struct vcpu *v, u64 t)
{
#line 34 "spin_guard.pvpolicy"
	return v->on_cpu && pv_sub_sat(t, v->last_halt) > spin_after;
#line 348 "spin_guard.bpf.c"
}

/* Takes one boost from the VM's budget. */
static bool within_budget(u32 m, u64 t)
{
#line 39 "spin_guard.pvpolicy"
	struct vm_state *m_state = pv_vm_state(m);
#line 39 "spin_guard.pvpolicy"
	if (pv_sub_sat(t, m_state->period_start) > 100 * NSEC_PER_MSEC) {
		m_state->period_start = t;
		m_state->used = 0;
	}
	if (m_state->used >= budget) {
		pv_count(pv_vm_stats(m), refused, 1);
		return false;
	}
	__sync_fetch_and_add(&m_state->used, 1);
	return true;
#line 367 "spin_guard.bpf.c"
}

static __noinline struct vcpu *pv_new_vcpu(struct task_struct *p)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!v) {
		__sync_fetch_and_add(&pv_health.states_lost, 1);
		return NULL;
	}
	v->tid = p->pid;
	v->tgid = p->tgid;
	pv_add_to_vm(pv_vm_state(v->tgid), v->tid);
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

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next, u32 prev_state)
{
#line 52 "spin_guard.pvpolicy"
	u64 t = bpf_ktime_get_ns();
	struct vcpu *v = pv_vcpu_of(prev);
#line 53 "spin_guard.pvpolicy"
	if (v) {
		v->on_cpu = false;
		v->preempted = prev_state == 0;
		v->preempted_at = t;
	}
	struct vcpu *v2 = pv_vcpu_of(next);
#line 58 "spin_guard.pvpolicy"
	if (v2) {
		if (v2->preempted)
#line 59 "spin_guard.pvpolicy"
			pv_sample(pv_vm_stats(v2->tgid), preempted_for, pv_sub_sat(t, v2->preempted_at));
		v2->on_cpu = true;
		v2->preempted = false;
	}
#line 435 "spin_guard.bpf.c"
	return 0;
}

/*
 * The end of a halt: the vCPU had nothing to do, so it neither spins nor holds a lock that anybody
 * waits for.
 */
SEC("tp_btf/kvm_vcpu_wakeup")
int BPF_PROG(on_kvm_vcpu_wakeup, u64 ns, bool waited, bool valid)
{
#line 67 "spin_guard.pvpolicy"
	struct vcpu *v = pv_vcpu_of(bpf_get_current_task_btf());
#line 67 "spin_guard.pvpolicy"
	if (v) {
		v->last_halt = bpf_ktime_get_ns();
		if (v->boosted) {
			pv_unboost(v->tid, v->tgid);
			v->boosted = false;
		}
	}
#line 456 "spin_guard.bpf.c"
	return 0;
}

/* A vCPU that spins keeps leaving the guest for the timer; no scheduler lock is held here. */
SEC("tp_btf/kvm_exit")
int BPF_PROG(on_kvm_exit, struct kvm_vcpu *kvcpu, u32 isa)
{
	struct vcpu *pv_self = pv_track(kvcpu);
#line 78 "spin_guard.pvpolicy"
	struct vcpu *v = pv_self;
#line 78 "spin_guard.pvpolicy"
	if (v) {
		u64 t = bpf_ktime_get_ns();
		if (spins(v, t)) {
			struct vm_state *v_vm = pv_vm_state(v->tgid);
			struct vcpu *s;
			u32 i;
#line 81 "spin_guard.pvpolicy"
			pv_for_each_vcpu(s, v_vm, i) {
				if (s->preempted && !s->boosted && within_budget(v->tgid, t)) {
					s->boosted = true;
					pv_boost(s->tid, s->tgid, SCHED_RR, boost_prio, boost_limit);
					pv_count(pv_vm_stats(v->tgid), boosts, 1);
				}
			}
		}
	}
#line 484 "spin_guard.bpf.c"
	return 0;
}

/* Ids are used again: what was kept for the one that goes is deleted. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(pv_sched_process_exit, struct task_struct *p)
{
	u32 tgid = p->tgid;
	u32 tid = p->pid;
	struct vm_state *m;

	m = bpf_map_lookup_elem(&vms, &tgid);
	if (m && pv_vcpu_of(p))
		pv_remove_from_vm(m, tid);
	bpf_task_storage_delete(&vcpus, p);
	/* The last thread of the process. */
	if (!p->signal->live.counter)
		bpf_map_delete_elem(&vms, &tgid);
	return 0;
}

