// SPDX-License-Identifier: GPL-2.0
/*
 * awkward_names for tracing. Made from awkward_names.pvpolicy: changes belong there, not here.
 *
 * Names that C, libbpf, the kernel or the generated code have already. * / int oops;
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
#include "awkward_names.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_MSEC 1000000ULL

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct kvm_vcpu {};

struct task_struct {
	volatile int pid;
	volatile int tgid;
} __attribute__((preserve_access_index));

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

#define PV_VMS 1024

/* Set by the loader. */
const volatile __u32 pv_int = 1;

/* Set by the loader. */
const volatile __u32 vms_of = 2;

/* Set by the loader. */
const volatile __u32 pv_bpf_printk = 3;

/* Set by the loader. */
const volatile __u32 pv_requests = 4;

/* Set by the loader. */
const volatile __u32 pv_pv_min = 5;

/* Set by the loader. */
const volatile __u32 pv_errno = 6;

/* Set by the loader. */
const volatile __u32 a_name_that_is_far_longer_than_any_name_in_c_ought_to__c4545279 = 7;

/* Set by the loader. */
const volatile __u32 a_name_that_is_far_longer_than_any_name_in_c_ought_to__46e16193 = 8;

struct pv_health pv_health;

/* The smaller of two. */
static __always_inline u64 pv_min(u64 a, u64 b)
{
	return a < b ? a : b;
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

struct policy_state {
	u64 pv_static;
};

static struct policy_state state __attribute__((used));

struct vcpu {
	u32 tgid;
	u32 pv_tgid;
	u64 pv_struct;
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

/* weird_table. By thread group id; the loader fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, __s64);
} pv_weird_table_table SEC(".maps");

static __always_inline __s64 pv_weird_table(u32 key)
{
	__s64 *value = bpf_map_lookup_elem(&pv_weird_table_table, &key);

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

#define pv_signal(...) pv_ask_signal(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_signal(u32 line, u32 event)
{
	struct pv_request *r = pv_ask(PV_SIGNAL, line, 0, 0);

	if (!r)
		return;
	r->arg[0] = event;
	bpf_ringbuf_submit(r, 0);
}

static u64 pv_memcpy(u64 n, u64 pv_short)
{
#line 29 "awkward_names.pvpolicy"
	u64 pv_double = pv_min(n, pv_short) + pv_int;
	return pv_double;
#line 275 "awkward_names.bpf.c"
}

static u64 on_sched_switch(struct task_struct *current_task)
{
#line 34 "awkward_names.pvpolicy"
	return pv_memcpy((u64)current_task->pid, 3);
#line 282 "awkward_names.bpf.c"
}

static __always_inline struct vcpu *pv_new_vcpu(struct task_struct *p)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!v) {
		__sync_fetch_and_add(&pv_health.states_lost, 1);
		return NULL;
	}
	v->tgid = p->tgid;
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

SEC("tp_btf/sched_switch")
int BPF_PROG(pv_on_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
#line 38 "awkward_names.pvpolicy"
	u64 pv_char = on_sched_switch(prev) + pv_pv_min + pv_errno;
	__sync_fetch_and_add(&state.pv_static, pv_char);
	struct global_stats *stats = pv_global_stats();
#line 40 "awkward_names.pvpolicy"
	pv_count(stats, pv_volatile, 1);
	pv_sample(stats, pv_long, NSEC_PER_MSEC);
	struct vcpu *v = pv_vcpu_of(next);
#line 42 "awkward_names.pvpolicy"
	if (v) {
		v->pv_tgid = (u32)((u64)vms_of + pv_bpf_printk + pv_requests);
		v->pv_struct += a_name_that_is_far_longer_than_any_name_in_c_ought_to__c4545279;
		v->pv_struct += a_name_that_is_far_longer_than_any_name_in_c_ought_to__46e16193;
		pv_count(pv_vm_stats(v->tgid), pv_register, 1);
		if (pv_weird_table(v->tgid) == SWITCH_Case || pv_weird_table(v->tgid) == SWITCH_case)
#line 47 "awkward_names.pvpolicy"
			pv_signal(PV_EVENT_A_B);
		else
#line 48 "awkward_names.pvpolicy"
			pv_signal(PV_EVENT_A_B_1);
	}
#line 358 "awkward_names.bpf.c"
	return 0;
}

