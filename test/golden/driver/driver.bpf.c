// SPDX-License-Identifier: GPL-2.0
/*
 * driver for pvsched. Made from driver.pvpolicy: changes belong there, not here.
 *
 * Everything that a driver for paravirt scheduling can be told.
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
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1 << 0,
	CLOCK_MONOTONIC = 1,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "pvsched.h"
#include "driver.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL
#define __maybe_unused __attribute__((unused))

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct upid {
	volatile int nr;
} __attribute__((preserve_access_index));

struct pid {
	struct upid numbers[];
} __attribute__((preserve_access_index));

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
#define PV_VM_SLOTS PV_VMS
#define PV_VCPUS 4

/* From 1 to 100. */
const volatile __u32 budget = 10;

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

/* x as a number that the verifier does not know: a loop that counts from a known one has too many states. */
static volatile u64 pv_nothing;
#define pv_opaque(x) ((s64)(x) + pv_nothing)

struct task_state {
	u64 switches;
};

/* State of threads, by id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct task_state);
} tasks SEC(".maps");

static const struct task_state pv_zero_task_state;

/* Made of zeros at first use; NULL where there is no room. */
static __noinline struct task_state *pv_make_task_state(u32 id)
{
	struct task_state *s = bpf_map_lookup_elem(&tasks, &id);

	if (s)
		return s;
	bpf_map_update_elem(&tasks, &id, &pv_zero_task_state, BPF_NOEXIST);
	s = bpf_map_lookup_elem(&tasks, &id);
	if (!s)
		__sync_fetch_and_add(&pv_health.states_lost, 1);
	return s;
}

struct vm_state {
	/* Threads of its vCPUs, in the order in which they first ran; 0 is a free place. */
	u32 vcpu[PV_VCPUS];
	u32 spent;
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

/* Made of zeros at first use; NULL where there is no room. */
static __noinline struct vm_state *pv_make_vm_state(u32 id)
{
	struct vm_state *s = bpf_map_lookup_elem(&vms, &id);

	if (s)
		return s;
	bpf_map_update_elem(&vms, &id, &pv_zero_vm_state, BPF_NOEXIST);
	s = bpf_map_lookup_elem(&vms, &id);
	if (!s)
		__sync_fetch_and_add(&pv_health.states_lost, 1);
	return s;
}

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
	u64 entered;
	u32 halts;
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

/* Thread group ids of the VMs, in the order in which they were first seen; 0 is a free place. */
static u32 pv_vm_slots[PV_VM_SLOTS];

static __always_inline u32 pv_vm_at(u32 slot)
{
	return slot < PV_VM_SLOTS ? pv_vm_slots[slot] : 0;
}

/* m over the VMs. */
#define pv_for_each_vm(m, i)							\
	pv_for((i), 0, PV_VM_SLOTS, PV_VM_SLOTS)					\
		if (((m) = pv_vm_at(i)))

/* VMs with a slot. Of several vCPUs that come at once, the one that enters its VM here adds it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PV_VMS);
	__type(key, u32);
	__type(value, u32);
} listed SEC(".maps");

static __noinline void pv_add_vm(u32 tgid)
{
	u32 slot;

	if (bpf_map_lookup_elem(&listed, &tgid) || bpf_map_update_elem(&listed, &tgid, &tgid, BPF_NOEXIST))
		return;
	pv_for(slot, 0, PV_VM_SLOTS, PV_VM_SLOTS)
		if (slot < PV_VM_SLOTS && !pv_vm_slots[slot] && !__sync_val_compare_and_swap(&pv_vm_slots[slot], 0, tgid))
			return;
}

static __noinline void pv_remove_vm(u32 tgid)
{
	u32 slot;

	pv_for(slot, 0, PV_VM_SLOTS, PV_VM_SLOTS)
		if (slot < PV_VM_SLOTS && pv_vm_slots[slot] == tgid)
			pv_vm_slots[slot] = 0;
	bpf_map_delete_elem(&listed, &tgid);
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
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct vcpu_stats);
} vcpu_stats SEC(".maps");

static const struct vcpu_stats pv_zero_vcpu_stats;

/* Makes room for them. */
__noinline int pv_make_vcpu_stats(u32 id)
{
	bpf_map_update_elem(&vcpu_stats, &id, &pv_zero_vcpu_stats, BPF_NOEXIST);
	if (bpf_map_lookup_elem(&vcpu_stats, &id))
		return 0;
	__sync_fetch_and_add(&pv_health.stats_lost, 1);
	return -1;
}

static __always_inline struct vcpu_stats *pv_vcpu_stats(u32 id)
{
	struct vcpu_stats *s = bpf_map_lookup_elem(&vcpu_stats, &id);

	if (s)
		return s;
	pv_make_vcpu_stats(id);
	return bpf_map_lookup_elem(&vcpu_stats, &id);
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

static bool spend(u32 m)
{
#line 17 "driver.pvpolicy"
	struct vm_state *m_state = pv_vm_state(m);
#line 17 "driver.pvpolicy"
	if (m_state->spent >= budget)
#line 17 "driver.pvpolicy"
		return false;
	__sync_fetch_and_add(&m_state->spent, 1);
	return true;
#line 469 "driver.bpf.c"
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
		pv_add_to_vm(pv_vm_state(v->tgid), v->tid);
		pv_add_vm(v->tgid);
	} else {
		__sync_fetch_and_add(&pv_health.states_lost, 1);
	}
	bpf_task_release(p);
	return v;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
#line 45 "driver.pvpolicy"
	struct task_state *prev_state = pv_make_task_state(prev->pid);
#line 45 "driver.pvpolicy"
	if (prev_state)
#line 45 "driver.pvpolicy"
		prev_state->switches++;
#line 512 "driver.bpf.c"
	return 0;
}

static __always_inline void on_every_1s(void)
{
	u32 m;
	u32 i;
	u32 n = pv_opaque(0);
#line 48 "driver.pvpolicy"
	pv_for_each_vm(m, i) {
#line 48 "driver.pvpolicy"
		if (n++ >= 16)
#line 48 "driver.pvpolicy"
			break;
#line 48 "driver.pvpolicy"
		struct vm_state *m_state = pv_make_vm_state(m);
#line 48 "driver.pvpolicy"
		if (m_state)
#line 48 "driver.pvpolicy"
			m_state->spent = 0;
	}
#line 534 "driver.bpf.c"
}

static int every_1s(void *map, u32 *key, struct pv_timer *timer)
{
	on_every_1s();
	bpf_timer_start(&timer->timer, NSEC_PER_SEC, 0);
	return 0;
}

static __always_inline void on_register(struct vcpu *v)
{
#line 22 "driver.pvpolicy"
	pv_count(pv_global_stats(), registered, 1);
#line 548 "driver.bpf.c"
}

static __always_inline void on_unregister(struct vcpu *v)
{
#line 25 "driver.pvpolicy"
	bpf_printk("vCPU %u of %u goes after %llu halts", v->tid, v->tgid, (u64)v->halts);
#line 555 "driver.bpf.c"
}

static __always_inline void on_vmenter(struct vcpu *v)
{
#line 28 "driver.pvpolicy"
	v->entered = bpf_ktime_get_ns();
#line 562 "driver.bpf.c"
}

static __always_inline void on_vmexit(struct vcpu *v)
{
#line 30 "driver.pvpolicy"
	pv_sample(pv_vcpu_stats(v->tid), in_guest, pv_sub_sat(bpf_ktime_get_ns(), v->entered));
#line 569 "driver.bpf.c"
}

static __always_inline void on_halt(struct vcpu *v)
{
#line 33 "driver.pvpolicy"
	v->halts++;
	struct vm_state *v_vm = pv_vm_state(v->tgid);
	struct vcpu *s;
	u32 i;
#line 34 "driver.pvpolicy"
	pv_for_each_vcpu(s, v_vm, i) {
		if (s != v && s->halts < v->halts && spend(s->tgid))
			pv_boost(s->tid, s->tgid, SCHED_RR, 2, 5 * NSEC_PER_MSEC);
	}
#line 584 "driver.bpf.c"
}

static __always_inline void on_intr_inj(struct vcpu *v)
{
#line 42 "driver.pvpolicy"
	struct vcpu *w = pv_vcpu_of(bpf_get_current_task_btf());
#line 42 "driver.pvpolicy"
	if (w)
#line 42 "driver.pvpolicy"
		w->halts = 0;
#line 595 "driver.bpf.c"
}

/* The agent runs it once, before it attaches the others. */
SEC("syscall")
int pv_start(void *ctx)
{
	int err;

	err = pv_start_timer(0, every_1s, NSEC_PER_SEC);
	if (err)
		return err;
	return 0;
}

SEC("struct_ops/pvsched_vcpu_reg")
int BPF_PROG(driver_register, struct pid *pid)
{
	struct vcpu *v = pv_join(pv_tid(pid));

	if (!v)
		return 0;
	on_register(v);
	return 0;
}

SEC("struct_ops/pvsched_vcpu_unreg")
void BPF_PROG(driver_unregister, struct pid *pid)
{
	u32 tid = pv_tid(pid);
	struct vcpu *v = pv_vcpu_by_tid(tid);

	if (!v)
		return;
	on_unregister(v);
	pv_remove_from_vm(pv_vm_state(v->tgid), tid);
	bpf_map_delete_elem(&vcpus, &tid);
}

/* addr is NULL in the patches as posted. */
SEC("struct_ops/pvsched_vcpu_notify_event")
void BPF_PROG(driver_notify_event, void *addr, struct pid *pid, u32 event)
{
	u32 tid = pv_tid(pid);
	struct vcpu *v = pv_vcpu_by_tid(tid);

	if (!v)
		v = pv_join(tid);
	if (!v)
		return;
	if (event & PVSCHED_VCPU_VMENTER)
		on_vmenter(v);
	if (event & PVSCHED_VCPU_VMEXIT)
		on_vmexit(v);
	if (event & PVSCHED_VCPU_HALT)
		on_halt(v);
	if (event & PVSCHED_VCPU_INTR_INJ)
		on_intr_inj(v);
}

SEC(".struct_ops")
struct pvsched_vcpu_ops driver_ops = {
	.pvsched_vcpu_register = (void *)driver_register,
	.pvsched_vcpu_unregister = (void *)driver_unregister,
	.pvsched_vcpu_notify_event = (void *)driver_notify_event,
	.events = PVSCHED_VCPU_VMENTER | PVSCHED_VCPU_VMEXIT | PVSCHED_VCPU_HALT | PVSCHED_VCPU_INTR_INJ,
	.name = "driver",
};

/* Ids are used again: what was kept for the one that goes is deleted. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(pv_sched_process_exit, struct task_struct *p)
{
	u32 tgid = p->tgid;
	u32 tid = p->pid;

	bpf_map_delete_elem(&tasks, &tid);
	/* The last thread of the process. */
	if (!p->signal->live.counter) {
		bpf_map_delete_elem(&vms, &tgid);
		pv_remove_vm(tgid);
	}
	return 0;
}

