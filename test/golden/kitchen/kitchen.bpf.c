// SPDX-License-Identifier: GPL-2.0
/*
 * kitchen for tracing. Made from kitchen.pvpolicy: changes belong there, not here.
 *
 * Uses everything once.
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
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
	CLOCK_MONOTONIC = 1,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "kitchen.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define __maybe_unused __attribute__((unused))

/* Puts a reference back at the end of the block. */
#define pv_auto(kind) __attribute__((cleanup(pv_put_##kind)))

/* busy: some CPU is changing it. */
#define PV_LIST(max) struct { u32 len; u32 busy; u64 item[max]; }

/* From the first on, which is the oldest. busy: some CPU is changing it. */
#define PV_RING(max) struct { u32 len; u32 first; u32 busy; u64 item[max]; }

/* A moving average; primed: it has a value. busy: some CPU is changing it. */
struct pv_average {
	u64 value;
	u32 primed;
	u32 busy;
};

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct bpf_cpumask {};
struct cpumask {};

struct kvm_vcpu {
	volatile int vcpu_id;
} __attribute__((preserve_access_index));

struct signal_struct {
	volatile struct { int counter; } live;
} __attribute__((preserve_access_index));

struct thread_info {
	volatile u32 cpu;
} __attribute__((preserve_access_index));

struct task_struct {
	volatile int pid;
	volatile int tgid;
	volatile int prio;
	const struct cpumask *cpus_ptr;
	volatile unsigned int flags;
	struct signal_struct *signal;
	char comm[16];
	volatile unsigned short migration_disabled;
	struct thread_info thread_info;
} __attribute__((preserve_access_index));

#define PF_KTHREAD 0x200000
#define SCHED_RR 2

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *src1, const struct cpumask *src2) __ksym;
extern struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
extern u32 bpf_cpumask_first(const struct cpumask *cpumask) __ksym;
extern void bpf_cpumask_release(struct bpf_cpumask *cpumask) __ksym;
extern void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask) __ksym;
extern bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask) __ksym;
extern u32 bpf_cpumask_weight(const struct cpumask *cpumask) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

#define PV_VMS 1024
#define PV_VM_SLOTS PV_VMS
#define PV_VCPUS 8

/* From 100us to 50ms. */
const volatile __u64 limit = 2 * NSEC_PER_MSEC;

/* From 1% to 100%. */
const volatile __u64 share = 256 /* 25% */;

/* Set by the loader. */
const volatile bool on_top = true;

/* From 0 to 10. */
__u32 level SEC(".data") = 3;

/* CPUs that the machine can have; the loader knows. */
const volatile __u32 pv_nr_cpus = 1024;

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

/* The smaller of two. */
static __always_inline u64 pv_min(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* a / b by BPF's own instruction: 0 where b is 0, which C leaves undefined. */
static __always_inline u64 pv_div(u64 a, u64 b)
{
	asm("%0 /= %1" : "+r"(a) : "r"(b));
	return a;
}

/* a % b by BPF's own instruction: a where b is 0, which C leaves undefined. */
static __always_inline u64 pv_mod(u64 a, u64 b)
{
	asm("%0 %%= %1" : "+r"(a) : "r"(b));
	return a;
}

/* The distance of x from 0. */
static __always_inline u64 pv_abs(s64 x)
{
	return x < 0 ? 0 - (u64)x : (u64)x;
}

/* Signed a / b, towards 0: BPF divides signed numbers from -mcpu=v4 on only. */
static __always_inline s64 pv_sdiv(s64 a, s64 b)
{
	u64 q = pv_div(pv_abs(a), pv_abs(b));

	return (a < 0) == (b < 0) ? q : 0 - q;
}

/* Signed a % b, with the sign of a. */
static __always_inline s64 pv_smod(s64 a, s64 b)
{
	u64 r = pv_mod(pv_abs(a), pv_abs(b));

	return a < 0 ? 0 - r : r;
}

/* *p -= d, stopping at 0, while other CPUs do the same. Loses the update, and counts it, against 16 others. */
static __noinline void pv_atomic_sub_sat(u64 *p, u64 d)
{
	u64 seen, old = *p;
	int i;

	for (i = 0; i < 16; i++) {
		seen = __sync_val_compare_and_swap(p, old, old > d ? old - d : 0);
		if (seen == old)
			return;
		old = seen;
	}
	__sync_fetch_and_add(&pv_health.updates_lost, 1);
}

/* Moves the average towards the sample by alpha, in 1/1024, of their distance; the first sample is taken as it is. */
static __always_inline void pv_average(struct pv_average *avg, u64 sample, u64 alpha)
{
	if (!avg->primed) {
		avg->primed = 1;
		avg->value = sample;
	} else if (sample >= avg->value) {
		avg->value += ((sample - avg->value) * alpha) >> 10;
	} else {
		avg->value -= ((avg->value - sample) * alpha) >> 10;
	}
}

/* Adds x to the list; a full list stays as it is. */
#define pv_list_push(list, x) pv_list_add((list)->item, &(list)->len, ARRAY_SIZE((list)->item), x)
static __always_inline void pv_list_add(u64 *item, u32 *len, const u32 max, u64 x)
{
	u32 n = *len;

	if (n >= max)
		return;
	item[n] = x;
	*len = n + 1;
}

/*
 * x from 'from' up to, not including, 'to', at most 'max' times. An iterator of the kernel (6.4): the verifier walks
 * the body a few times, not once for each x.
 */
#define pv_for(x, from, to, max)									\
	for (struct bpf_iter_num pv_it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),	\
	     *pv_new __maybe_unused = (bpf_iter_num_new(&pv_it, 0, (max)), (void)bpf_iter_num_destroy, NULL); \
	     ({ int *pv_n = bpf_iter_num_next(&pv_it);							\
		pv_n && ((x) = (from) + *pv_n, (x) < (to)); }); )

/* Takes x out of the list; the last element takes its place. */
#define pv_list_remove(list, x) pv_list_del((list)->item, &(list)->len, ARRAY_SIZE((list)->item), x)
static __always_inline void pv_list_del(u64 *item, u32 *len, const u32 max, u64 x)
{
	u32 i, last, n = *len;

	pv_for(i, 0, n, max) {
		if (i >= max || item[i] != x)
			continue;
		last = n - 1;
		/* A bound of n is none of last for the verifier of 6.12. */
		barrier_var(last);
		if (last < max)
			item[i] = item[last];
		*len = last;
		return;
	}
}

/* Is x in the list? */
#define pv_list_has(list, x) pv_list_find((list)->item, (list)->len, ARRAY_SIZE((list)->item), x)
static __always_inline bool pv_list_find(const u64 *item, u32 len, const u32 max, u64 x)
{
	u32 i;

	pv_for(i, 0, len, max)
		if (i < max && item[i] == x)
			return true;
	return false;
}

/* Element i of the list; 0 beyond its end. */
#define pv_list_at(list, i) pv_list_get((list)->item, (list)->len, ARRAY_SIZE((list)->item), i)
static __always_inline u64 pv_list_get(const u64 *item, u32 len, const u32 max, u64 i)
{
	return i < max && i < len ? item[i] : 0;
}

/* Adds the newest value; a full ring forgets its oldest. */
#define pv_ring_push(ring, x) pv_ring_add((ring)->item, &(ring)->len, &(ring)->first, ARRAY_SIZE((ring)->item), x)
static __always_inline void pv_ring_add(u64 *item, u32 *len, u32 *first, const u32 max, u64 x)
{
	u32 at = *len;

	if (at < max) {
		*len = at + 1;
	} else {
		at = *first;
		*first = at + 1 < max ? at + 1 : 0;
	}
	if (at < max)
		item[at] = x;
}

/* i from 0 up to len: a plain loop for the few that the verifier may walk one by one. */
#define pv_walk(i, len, max, body)									\
	if ((max) <= 32) {									\
		for ((i) = 0; (i) < (max) && (i) < (len); (i)++)					\
			body;										\
	} else {											\
		pv_for((i), 0, (len), (max))								\
			if ((i) < (max))								\
				body;									\
	}

/* x as a number that the verifier does not know: a loop that counts from a known one has too many states. */
static volatile u64 pv_nothing;
#define pv_opaque(x) ((s64)(x) + pv_nothing)

/* x as another number of the same type and value, for all that the verifier knows. */
#define pv_hidden(x) ((typeof(x))((x) + pv_nothing))

/* The sum of the ring's values. */
#define pv_ring_sum(ring) pv_ring_total((ring)->item, pv_hidden((ring)->len), ARRAY_SIZE((ring)->item))
static __always_inline u64 pv_ring_total(const u64 *item, u32 len, const u32 max)
{
	u64 total = 0;
	u32 i;

	pv_walk(i, len, max, total += item[i])
	return pv_hidden(total);
}

/* The largest of the ring's values; 0 while it is empty. */
#define pv_ring_max(ring) pv_ring_largest((ring)->item, pv_hidden((ring)->len), ARRAY_SIZE((ring)->item))
static __always_inline u64 pv_ring_largest(const u64 *item, u32 len, const u32 max)
{
	u64 best = 0;
	u32 i;

	pv_walk(i, len, max, best = item[i] > best ? item[i] : best)
	return pv_hidden(best);
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

static __always_inline void pv_put_mask(struct bpf_cpumask **p)
{
	struct bpf_cpumask *held = *p;

	barrier_var(held);
	if (held)
		bpf_cpumask_release(held);
}

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

/* The CPU that the task runs on or ran on last. */
static __always_inline s32 pv_task_cpu(struct task_struct *p)
{
	return p->thread_info.cpu;
}

/* Does the affinity of the task allow the CPU now? A program runs with migration disabled: its own task counts one. */
static __always_inline bool pv_may_run_on(struct task_struct *p, s32 cpu)
{
	if (!p || cpu < 0 || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return false;
	return p->migration_disabled <= (p == bpf_get_current_task_btf()) || cpu == pv_task_cpu(p);
}

/* Adds the CPUs from lo to hi. */
static __always_inline void pv_mask_add(struct bpf_cpumask *mask, s32 lo, s32 hi)
{
	int cpu;

	pv_for(cpu, lo, hi + 1, 8192)
		bpf_cpumask_set_cpu(cpu, mask);
}

/* The CPUs from lo to hi; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_new(s32 lo, s32 hi)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		pv_mask_add(mask, lo, hi);
	return mask;
}

/* The lowest CPU of the mask, or -1. */
static __always_inline s32 pv_mask_first(const struct cpumask *mask)
{
	u32 cpu = bpf_cpumask_first(mask);

	return cpu < pv_nr_cpus ? (s32)cpu : -1;
}

struct policy_state {
	u64 epoch;
	u64 budget;
};

static struct policy_state state __attribute__((used));

struct cpu_state {
	u64 busy;
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

struct task_state {
	u32 n;
};

/* State of threads; it goes when the thread goes. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

/* Made of zeros at first use; NULL where there is no room. */
static __always_inline struct task_state *pv_make_task_state(struct task_struct *p)
{
	struct task_state *s = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!s)
		__sync_fetch_and_add(&pv_health.states_lost, 1);
	return s;
}

struct vm_state {
	/* Threads of its vCPUs, in the order in which they first ran; 0 is a free place. */
	u32 vcpu[PV_VCPUS];
	u64 credit;
	u8 flags_seen;
	u64 total;
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
	/* KVM's number of it within its VM. */
	u32 id;
	struct pv_average waits;
	PV_LIST(8) peers;
	PV_RING(16) recent;
	u8 small;
	s16 signedish;
	u64 last;
	u32 friend;
	u32 seen_on;
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

/* Counters and histograms, by CPU; any CPU may count for another. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct cpu_stats);
} cpu_stats SEC(".maps");

static __noinline struct cpu_stats *pv_cpu_stats(s32 cpu)
{
	struct cpu_stats *s = bpf_map_lookup_elem(&cpu_stats, &cpu);

	if (!s)
		__sync_fetch_and_add(&pv_health.stats_lost, 1);
	return s;
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

/* class_of. By thread group id; the loader fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, __s64);
} class_of_table SEC(".maps");

static __always_inline __s64 class_of(u32 key)
{
	__s64 *value = bpf_map_lookup_elem(&class_of_table, &key);

	return value ? *value : 0;
}

/* quota. By name of a thread; the loader fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct pv_comm);
	__type(value, __u64);
} quota_table SEC(".maps");

static __always_inline __u64 quota(struct pv_comm key)
{
	__u64 *value = bpf_map_lookup_elem(&quota_table, &key);

	return value ? *value : 5 * NSEC_PER_MSEC;
}

/* home. By CPU; the loader fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, s32);
	__type(value, __u32);
} home_table SEC(".maps");

static __always_inline __u32 home(s32 key)
{
	__u32 *value = bpf_map_lookup_elem(&home_table, &key);

	return value ? *value : 0;
}

/* nice_of. By thread id; the loader fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, __s32);
} nice_of_table SEC(".maps");

static __always_inline __s32 nice_of(u32 key)
{
	__s32 *value = bpf_map_lookup_elem(&nice_of_table, &key);

	return value ? *value : 0;
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

#define pv_set_weight(...) pv_ask_set_weight(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_set_weight(u32 line, u32 tid, u32 tgid, u32 weight)
{
	struct pv_request *r = pv_ask(PV_SET_WEIGHT, line, tid, tgid);

	if (!r)
		return;
	r->arg[0] = weight;
	bpf_ringbuf_submit(r, 0);
}

#define pv_set_uclamp(...) pv_ask_set_uclamp(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_set_uclamp(u32 line, u32 tid, u32 tgid, u64 low, u64 high)
{
	struct pv_request *r = pv_ask(PV_SET_UCLAMP, line, tid, tgid);

	if (!r)
		return;
	r->arg[0] = low;
	r->arg[1] = high;
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

#define pv_unpin(...) pv_ask_unpin(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_unpin(u32 line, u32 tid, u32 tgid)
{
	struct pv_request *r = pv_ask(PV_UNPIN, line, tid, tgid);

	if (!r)
		return;
	bpf_ringbuf_submit(r, 0);
}

#define pv_cap(...) pv_ask_cap(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_cap(u32 line, u32 tgid, u64 share)
{
	struct pv_request *r = pv_ask(PV_CAP, line, 0, tgid);

	if (!r)
		return;
	r->arg[0] = share;
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

static u64 weight(struct task_struct *p, s64 kind)
{
#line 49 "kitchen.pvpolicy"
	switch (kind) {
	case ROLE_BATCH:
#line 50 "kitchen.pvpolicy"
		return 10;
	case ROLE_LATENCY:
#line 51 "kitchen.pvpolicy"
		return 100;
	default:
#line 52 "kitchen.pvpolicy"
		return 1000;
	}
#line 1002 "kitchen.bpf.c"
}

static u64 fib(u64 n)
{
#line 57 "kitchen.pvpolicy"
	u64 a = pv_opaque(0);
	u64 b = pv_opaque(1);
	for (u64 i = 0; i < n && i < 24; i++) {
		u64 c = a + b;
		a = b;
		b = c;
	}
	return a;
#line 1016 "kitchen.bpf.c"
}

static struct vcpu *pick(struct task_struct *p)
{
#line 68 "kitchen.pvpolicy"
	if (p->pid == 0)
#line 68 "kitchen.pvpolicy"
		return NULL;
	return pv_vcpu_of(p);
#line 1026 "kitchen.bpf.c"
}

static void home_seen(s32 c)
{
#line 155 "kitchen.pvpolicy"
	if (home(c) > 0)
#line 155 "kitchen.pvpolicy"
		pv_count(pv_cpu_stats(c), per_cpu, 1);
#line 1035 "kitchen.bpf.c"
}

static void this_cpu_busy(s32 c)
{
#line 160 "kitchen.pvpolicy"
	struct cpu_state *c_state = pv_cpu_state(c);
#line 160 "kitchen.pvpolicy"
	pv_atomic_sub_sat(&c_state->busy, NSEC_PER_USEC);
#line 1044 "kitchen.bpf.c"
}

static s64 arithmetic(s64 x, u64 y)
{
#line 73 "kitchen.pvpolicy"
	s64 q = pv_sdiv(x, 7) + pv_smod(x, 5);
	u64 d = y / 3 + y % 10;
	u64 e = pv_div(y, y + 1) + pv_mod(y, y + 2);
	u64 f = (y << 3) | (((y >> 2) & 255) ^ 5);
	return q - (s64)d + (s64)e * -2 + (s64)f + (s64)pv_abs(x);
#line 1055 "kitchen.bpf.c"
}

static __noinline struct vcpu *pv_new_vcpu(struct task_struct *p, u32 id)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!v) {
		__sync_fetch_and_add(&pv_health.states_lost, 1);
		return NULL;
	}
	v->tid = p->pid;
	v->tgid = p->tgid;
	v->id = id;
	pv_add_to_vm(pv_vm_state(v->tgid), v->tid);
	pv_add_vm(v->tgid);
	return v;
}

/* The vCPU of this thread: one from its first KVM entry or exit on, if the loader did not find it before. */
static __always_inline struct vcpu *pv_track(struct kvm_vcpu *kvcpu)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, 0);

	return v || !kvcpu ? v : pv_new_vcpu(p, kvcpu->vcpu_id);
}

/* The loader runs it for each vCPU that it finds. */
SEC("syscall")
int pv_meet_vcpu(struct pv_meeting *ctx)
{
	struct task_struct *p = bpf_task_from_pid(ctx->tid);

	if (!p)
		return 0;
	if (!bpf_task_storage_get(&vcpus, p, NULL, 0))
		pv_new_vcpu(p, ctx->number);
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
int BPF_PROG(pv_kvm_exit, struct kvm_vcpu *kvcpu)
{
	pv_track(kvcpu);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next, u32 prev_state)
{
#line 95 "kitchen.pvpolicy"
	u64 t = bpf_ktime_get_ns();
	struct task_state *prev_state2 = pv_make_task_state(prev);
#line 96 "kitchen.pvpolicy"
	if (prev_state2)
#line 96 "kitchen.pvpolicy"
		prev_state2->n++;
	struct global_stats *stats = pv_global_stats();
#line 97 "kitchen.pvpolicy"
	pv_count(stats, events, 1);
	pv_count(pv_cpu_stats(bpf_get_smp_processor_id()), per_cpu, 1);
	pv_count(pv_task_stats(prev->pid), per_task, 1);
	struct vcpu *v = pv_vcpu_of(prev);
#line 100 "kitchen.pvpolicy"
	if (v) {
		u64 d = pv_sub_sat(t, v->last);
		pv_average(&v->waits, d, 128);
		pv_ring_push(&v->recent, d);
		pv_sample(stats, lengths, d);
		struct vm_stats *v_vm_counts = pv_vm_stats(v->tgid);
#line 105 "kitchen.pvpolicy"
		pv_sample(v_vm_counts, vm_lengths, pv_div(pv_ring_sum(&v->recent), v->recent.len));
		v->small += 3;
		v->signedish--;
		struct vm_state *v_vm = pv_vm_state(v->tgid);
#line 108 "kitchen.pvpolicy"
		pv_atomic_sub_sat(&v_vm->credit, d);
		__sync_fetch_and_or(&v_vm->total, 5);
		v->seen_on = bpf_get_smp_processor_id() + 1;
		if (v->waits.value > limit && on_top) {
			pv_count(pv_vcpu_stats(v->tid), per_vcpu, 1);
			struct vcpu *o = pv_vcpu_by_tid(v->friend);
#line 113 "kitchen.pvpolicy"
			if (o) {
				if (!pv_list_has(&v->peers, o->tid))
#line 114 "kitchen.pvpolicy"
					pv_list_push(&v->peers, o->tid);
				pv_list_remove(&v->peers, o->tid);
				pv_boost(o->tid, o->tgid, SCHED_RR, 3, limit);
			} else {
				pv_set_nice(v->tid, v->tgid, -5);
			}
		}
		struct vcpu *s;
		u32 i;
#line 121 "kitchen.pvpolicy"
		pv_for_each_vcpu(s, v_vm, i) {
			if (s == v)
#line 122 "kitchen.pvpolicy"
				continue;
			if (s->last < v->last) {
				v->friend = s->tid;
				break;
			}
		}
		if (pv_ring_max(&v->recent) > 5 * NSEC_PER_MSEC && pv_ring_sum(&v->recent) > pv_div(pv_ring_sum(&v->recent), v->recent.len))
#line 128 "kitchen.pvpolicy"
			pv_count(v_vm_counts, per_vm, v->recent.len);
		struct vcpu *f = pv_vcpu_by_tid(pv_list_at(&v->peers, 0));
#line 129 "kitchen.pvpolicy"
		if (f)
#line 129 "kitchen.pvpolicy"
			f->small = (u8)level;
		for (u32 i2 = 0; i2 < 8 && i2 < v->peers.len; i2++) {
#line 130 "kitchen.pvpolicy"
			struct vcpu *o = pv_vcpu_by_tid(pv_list_at(&v->peers, i2));
#line 130 "kitchen.pvpolicy"
			if (!o)
#line 130 "kitchen.pvpolicy"
				continue;
#line 130 "kitchen.pvpolicy"
			o->last = t;
		}
#line 131 "kitchen.pvpolicy"
	} else if (pv_comm_eq(pv_comm(prev), (struct pv_comm){ .text = "kworker" })) {
		bpf_printk("kworker %d on %d after %llu share %llu", prev->pid, bpf_get_smp_processor_id(), pv_sub_sat(t, 5 * NSEC_PER_MSEC), share);
	}
	struct vcpu *nv = pv_vcpu_of(next);
#line 134 "kitchen.pvpolicy"
	if (nv) {
		switch (class_of(nv->tgid)) {
		case ROLE_BATCH:
#line 136 "kitchen.pvpolicy"
			__sync_fetch_and_or(&state.epoch, 1);
			break;
		case ROLE_LATENCY:
		case ROLE_REALTIME:
#line 137 "kitchen.pvpolicy"
			pv_unpin(next->pid, next->tgid);
			break;
		}
#line 139 "kitchen.pvpolicy"
		if (weight(next, class_of(nv->tgid)) + fib(12) > 5000)
#line 139 "kitchen.pvpolicy"
			pv_signal(PV_EVENT_HEAVY_LOAD);
		struct vcpu *f = pick(next);
#line 140 "kitchen.pvpolicy"
		if (f)
#line 140 "kitchen.pvpolicy"
			pv_count(pv_vm_stats(f->tgid), per_vm, 1);
		if (next->prio > 120 && nv->id < 4)
#line 141 "kitchen.pvpolicy"
			nv->last = t;
	}
	if (pv_may_run_on(next, bpf_get_smp_processor_id()) && bpf_cpumask_weight(next->cpus_ptr) > 2 && !(next->flags & PF_KTHREAD))
		pv_pin(next->pid, next->tgid, ((u64[PV_MASK_WORDS]){ 0xd }));

	s32 c;
	{
#line 146 "kitchen.pvpolicy"
		struct bpf_cpumask *mask pv_auto(mask) = pv_mask_new(1, 5);
#line 146 "kitchen.pvpolicy"
		if (mask)
#line 146 "kitchen.pvpolicy"
			bpf_cpumask_and(mask, (const struct cpumask *)mask, next->cpus_ptr);
#line 146 "kitchen.pvpolicy"
		c = mask ? pv_mask_first((const struct cpumask *)mask) : -1;
	}
#line 146 "kitchen.pvpolicy"
	if (c >= 0)
		home_seen(c);

	this_cpu_busy(bpf_get_smp_processor_id());
	if (arithmetic(-3, 17) < 0 || quota(pv_comm(next)) < NSEC_PER_MSEC)
#line 150 "kitchen.pvpolicy"
		pv_set_weight(next->pid, next->tgid, 50);
	if (nice_of(next->pid) > 3)
#line 151 "kitchen.pvpolicy"
		pv_set_uclamp(next->pid, next->tgid, 102 /* 10% */, 512 /* 50% */);
#line 1243 "kitchen.bpf.c"
	return 0;
}

static __always_inline void on_every_10ms(void)
{
#line 86 "kitchen.pvpolicy"
	__sync_fetch_and_add(&state.epoch, 1);
	state.budget = pv_min(state.budget + NSEC_PER_MSEC, 20 * NSEC_PER_MSEC);
	u32 m;
	u32 i;
	u32 n = pv_opaque(0);
#line 88 "kitchen.pvpolicy"
	pv_for_each_vm(m, i) {
#line 88 "kitchen.pvpolicy"
		if (n++ >= 16)
#line 88 "kitchen.pvpolicy"
			break;
		struct vm_state *m_state = pv_vm_state(m);
#line 89 "kitchen.pvpolicy"
		pv_atomic_sub_sat(&m_state->credit, NSEC_PER_MSEC);
		if (m_state->credit == 0)
#line 90 "kitchen.pvpolicy"
			pv_cap(m, share);
	}
#line 1268 "kitchen.bpf.c"
}

static int every_10ms(void *map, u32 *key, struct pv_timer *timer)
{
	on_every_10ms();
	bpf_timer_start(&timer->timer, 10 * NSEC_PER_MSEC, 0);
	return 0;
}

static void on_init(void)
{
#line 81 "kitchen.pvpolicy"
	state.epoch = 1;
	state.budget = 10 * NSEC_PER_MSEC;
#line 1283 "kitchen.bpf.c"
}

/* The agent runs it once, before it attaches the others. */
SEC("syscall")
int pv_start(void *ctx)
{
	int err;

	on_init();
	err = pv_start_timer(0, every_10ms, 10 * NSEC_PER_MSEC);
	if (err)
		return err;
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
	if (!p->signal->live.counter) {
		bpf_map_delete_elem(&vms, &tgid);
		pv_remove_vm(tgid);
	}
	return 0;
}

