// SPDX-License-Identifier: GPL-2.0
/*
 * loops for tracing. Made from loops.pvpolicy: changes belong there, not here.
 *
 * Loops of every kind, and what they carry from round to round.
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
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
	CLOCK_MONOTONIC = 1,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "loops.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_MSEC 1000000ULL
#define __maybe_unused __attribute__((unused))

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct cpumask {};
struct kvm_vcpu {};

struct signal_struct {
	volatile struct { int counter; } live;
} __attribute__((preserve_access_index));

struct task_struct {
	const struct cpumask *cpus_ptr;
	volatile int pid;
	volatile int tgid;
	struct signal_struct *signal;
	char comm[16];
} __attribute__((preserve_access_index));

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

#define PV_VMS 1024
#define PV_VM_SLOTS PV_VMS
#define PV_VCPUS 64

/* CPUs that the machine can have; the loader knows. */
const volatile __u32 pv_nr_cpus = 1024;

struct pv_health pv_health;

/* The larger of two. */
static __always_inline u64 pv_max(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* a / b by BPF's own instruction: 0 where b is 0, which C leaves undefined. */
static __always_inline u64 pv_div(u64 a, u64 b)
{
	asm("%0 /= %1" : "+r"(a) : "r"(b));
	return a;
}

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

/* x as a number that the verifier does not know: a loop that counts from a known one has too many states. */
static volatile u64 pv_nothing;
#define pv_opaque(x) ((s64)(x) + pv_nothing)

/* x as another number of the same type and value, for all that the verifier knows. */
#define pv_hidden(x) ((typeof(x))((x) + pv_nothing))

/* cpu over the CPUs for which the test holds. */
#define pv_for_each_cpu(cpu, test)									\
	pv_for((cpu), 0, (s32)pv_nr_cpus, 8192)								\
		if (test)

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

struct policy_state {
	u64 total;
};

static struct policy_state state __attribute__((used));

struct cpu_state {
	u64 turns;
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

struct vm_state {
	/* Threads of its vCPUs, in the order in which they first ran; 0 is a free place. */
	u32 vcpu[PV_VCPUS];
	u64 seen;
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

static u64 sum_to(u64 n)
{
#line 10 "loops.pvpolicy"
	u64 sum = pv_opaque(0);
	u64 i;
#line 11 "loops.pvpolicy"
	pv_for(i, 0, n, 1000) {
		if (i % 3 == 0)
#line 12 "loops.pvpolicy"
			continue;
		sum = sum + i;
		if (pv_hidden(sum) > 5000)
#line 14 "loops.pvpolicy"
			break;
	}
	return sum;
#line 378 "loops.bpf.c"
}

static u64 nested(u64 n)
{
#line 20 "loops.pvpolicy"
	u64 hits = pv_opaque(0);
	for (u64 i = 5, n2 = 0; n2 < 8 && i < n; n2++, i++) {
		u64 to = i + 3;
#line 22 "loops.pvpolicy"
		for (u64 j = i, n3 = 0; n3 < 3 && j < to; n3++, j++) {
			u64 subject = i * j;
#line 23 "loops.pvpolicy"
			if ((subject >= 0 && subject <= 9)) {
				hits = hits + 1;
			} else {
#line 23 "loops.pvpolicy"
				if (subject == 10 || subject == 12 || (subject >= 20 && subject <= 30)) {
#line 26 "loops.pvpolicy"
					u64 extra = pv_div(hits, j + 1);
					hits = hits + extra;
				} else {
					break;
				}
			}
		}
	}
#line 33 "loops.pvpolicy"
	return hits;
#line 407 "loops.bpf.c"
}

static u64 count_cpus(struct task_struct *p)
{
#line 37 "loops.pvpolicy"
	u64 n = pv_opaque(0);
	s32 c;
#line 38 "loops.pvpolicy"
	pv_for_each_cpu(c, bpf_cpumask_test_cpu(c, p->cpus_ptr)) {
		struct cpu_state *c_state = pv_cpu_state(c);
#line 39 "loops.pvpolicy"
		__sync_fetch_and_add(&c_state->turns, 1);
		n = n + 1;
	}
	return n;
#line 423 "loops.bpf.c"
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
	pv_add_vm(v->tgid);
	return v;
}

/* The vCPU of this thread: one from its first KVM entry or exit on, if the loader did not find it before. */
static __always_inline struct vcpu *pv_track(void)
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
	pv_track();
	return 0;
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(pv_kvm_exit, struct kvm_vcpu *kvcpu)
{
	pv_track();
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_sched_wakeup, struct task_struct *p)
{
#line 57 "loops.pvpolicy"
	__sync_fetch_and_add(&state.total, sum_to((u64)p->pid) + nested(12) + count_cpus(p));
	if (pv_comm_eq(pv_comm(p), (struct pv_comm){ .text = "stress" })) {
#line 58 "loops.pvpolicy"
		u64 value = sum_to(100);
#line 58 "loops.pvpolicy"
		pv_count(pv_global_stats(), rounds, value);
	}
#line 489 "loops.bpf.c"
	return 0;
}

static __always_inline void on_every_50ms(void)
{
#line 46 "loops.pvpolicy"
	u64 busiest = pv_opaque(0);
	u32 m;
	u32 i;
#line 47 "loops.pvpolicy"
	pv_for_each_vm(m, i) {
		struct vm_state *m_state = pv_vm_state(m);
		struct vcpu *s;
		u32 i2;
#line 48 "loops.pvpolicy"
		pv_for_each_vcpu(s, m_state, i2) {
			if (s->tid > 100)
#line 49 "loops.pvpolicy"
				busiest = pv_max(busiest, m_state->seen);
		}
		__sync_fetch_and_add(&m_state->seen, 1);
	}
	__sync_fetch_and_add(&state.total, busiest);
#line 513 "loops.bpf.c"
}

static int every_50ms(void *map, u32 *key, struct pv_timer *timer)
{
	on_every_50ms();
	bpf_timer_start(&timer->timer, 50 * NSEC_PER_MSEC, 0);
	return 0;
}

static void on_init(void)
{
#line 61 "loops.pvpolicy"
	state.total = count_cpus(bpf_get_current_task_btf());
#line 527 "loops.bpf.c"
}

/* The agent runs it once, before it attaches the others. */
SEC("syscall")
int pv_start(void *ctx)
{
	int err;

	bpf_rcu_read_lock();
	on_init();
	bpf_rcu_read_unlock();
	err = pv_start_timer(0, every_50ms, 50 * NSEC_PER_MSEC);
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

