// SPDX-License-Identifier: GPL-2.0
/*
 * vm_share for sched_ext. Made from vm_share.pvpolicy: changes belong there, not here.
 *
 * Shares the CPUs among VMs by the class that the operator gave them, and lets a vCPU that just woke go first
 * within its VM's share. Everything that is no vCPU is scheduled as if it belonged to a VM of weight 100.
 *
 * Runs on kernels with sched_ext (6.12 to 7.3 are known). Its loader needs libbpf 1.3 or newer: older ones know
 * neither .struct_ops.link nor the names by which renamed kernel functions are reached.
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
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "vm_share.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_MSEC 1000000ULL

#ifndef bpf_ksym_exists
#define bpf_ksym_exists(sym) (!!(sym))
#endif

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
enum scx_dsq_id_flags {
	SCX_DSQ_LOCAL,
};

enum scx_exit_kind {
	SCX_EXIT_NONE,
};

struct kvm_vcpu {};

struct sched_ext_entity {
	volatile u64 dsq_vtime;
} __attribute__((preserve_access_index));

struct scx_exit_info {
	volatile enum scx_exit_kind kind;
	volatile s64 exit_code;
	const char *reason;
	char *msg;
} __attribute__((preserve_access_index));

struct task_struct {
	struct sched_ext_entity scx;
	volatile int pid;
	volatile int tgid;
} __attribute__((preserve_access_index));

#define SCX_DSQ_LOCAL bpf_core_enum_value(enum scx_dsq_id_flags, SCX_DSQ_LOCAL)

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
extern u64 scx_bpf_now(void) __ksym __weak;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle) __ksym;

bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_insert___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;

/* scx_bpf_dispatch() until 6.13; says whether it inserted from 6.19 on. */
static __always_inline bool scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___new))
		return scx_bpf_dsq_insert___v2___new(p, dsq_id, slice, enq_flags);
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v1))
		scx_bpf_dsq_insert___v1(p, dsq_id, slice, enq_flags);
	else
		scx_bpf_dispatch___old(p, dsq_id, slice, enq_flags);
	return true;
}

struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};

bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args) __ksym __weak;
void scx_bpf_dsq_insert_vtime___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch_vtime___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) __ksym __weak;

/* scx_bpf_dispatch_vtime() until 6.13; a struct of arguments from 6.19 on. */
static __always_inline void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags)
{
	if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime)) {
		struct scx_bpf_dsq_insert_vtime_args args = {
			.dsq_id = dsq_id,
			.slice = slice,
			.vtime = vtime,
			.enq_flags = enq_flags,
		};

		__scx_bpf_dsq_insert_vtime(p, &args);
	} else if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime___v1)) {
		scx_bpf_dsq_insert_vtime___v1(p, dsq_id, slice, vtime, enq_flags);
	} else {
		scx_bpf_dispatch_vtime___old(p, dsq_id, slice, vtime, enq_flags);
	}
}

bool scx_bpf_dsq_move_to_local___v2___new(u64 dsq_id, u64 enq_flags) __ksym __weak;
bool scx_bpf_dsq_move_to_local___v1(u64 dsq_id) __ksym __weak;
bool scx_bpf_consume___old(u64 dsq_id) __ksym __weak;

/* scx_bpf_consume() until 6.13; takes flags from 7.1 on. */
static __always_inline bool scx_bpf_dsq_move_to_local(u64 dsq_id)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___new))
		return scx_bpf_dsq_move_to_local___v2___new(dsq_id, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v1))
		return scx_bpf_dsq_move_to_local___v1(dsq_id);
	return scx_bpf_consume___old(dsq_id);
}

bool scx_bpf_task_set_dsq_vtime___new(struct task_struct *p, u64 vtime) __ksym __weak;

/* A store to the field until 6.19. */
static __always_inline void scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_task_set_dsq_vtime___new))
		scx_bpf_task_set_dsq_vtime___new(p, vtime);
	else
		p->scx.dsq_vtime = vtime;
}

struct sched_ext_ops {
	u64 flags;
	u32 timeout_ms;
	char name[128];
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dispatch)(s32 cpu, struct task_struct *prev);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	void (*enable)(struct task_struct *p);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
};

/* Time slice of everybody. From 1ms to 20ms. */
const volatile __u64 slice = 5 * NSEC_PER_MSEC;

/*
 * How far behind the others a sleeper may stay, so that it cannot save up an unlimited claim. From 0ns
 * to 100ms.
 */
const volatile __u64 max_credit = 10 * NSEC_PER_MSEC;

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

/* Is a before b on a clock that wraps around? */
static __always_inline bool pv_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
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

/* The scheduler's own clock where the kernel has it (6.14), which costs less. */
static __always_inline u64 pv_now(void)
{
	return bpf_ksym_exists(scx_bpf_now) ? scx_bpf_now() : bpf_ktime_get_ns();
}

enum {
	DSQ_SHARED_QUEUE = 0,	/* in order of virtual time */
};

struct policy_state {
	/* Virtual time of the task that runs furthest ahead. */
	u64 vtime_now;
};

static struct policy_state state __attribute__((used));

struct task_state {
	u64 started;
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

struct vcpu {
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

/* Weight of each VM; 100 is the weight of a task of nice 0. By thread group id; the loader fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, __u32);
} weight_of_table SEC(".maps");

static __always_inline __u32 weight_of(u32 key)
{
	__u32 *value = bpf_map_lookup_elem(&weight_of_table, &key);

	return value ? *value : 100;
}

static u64 weight(struct task_struct *p)
{
#line 28 "vm_share.pvpolicy"
	struct vcpu *v = pv_vcpu_of(p);
#line 28 "vm_share.pvpolicy"
	if (v)
#line 28 "vm_share.pvpolicy"
		return weight_of(v->tgid);
	return 100;
#line 328 "vm_share.bpf.c"
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

SEC("struct_ops/select_cpu")
s32 BPF_PROG(vm_share_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
#line 33 "vm_share.pvpolicy"
	bool idle = false;
#line 33 "vm_share.pvpolicy"
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	if (idle) {
		pv_count(pv_global_stats(), placed_idle, 1);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice, 0);
	}
	return cpu;
#line 392 "vm_share.bpf.c"
}

SEC("struct_ops/enqueue")
void BPF_PROG(vm_share_enqueue, struct task_struct *p, u64 enq_flags)
{
#line 42 "vm_share.pvpolicy"
	pv_count(pv_global_stats(), queued, 1);
	/* A sleeper starts at most `max_credit` behind. */
	u64 vt = p->scx.dsq_vtime;
	u64 floor = state.vtime_now - max_credit;
	if (pv_before(vt, floor))
#line 46 "vm_share.pvpolicy"
		vt = floor;
	scx_bpf_dsq_insert_vtime(p, DSQ_SHARED_QUEUE, slice, vt, enq_flags);
#line 407 "vm_share.bpf.c"
}

SEC("struct_ops/dispatch")
void BPF_PROG(vm_share_dispatch, s32 cpu, struct task_struct *prev)
{
#line 51 "vm_share.pvpolicy"
	scx_bpf_dsq_move_to_local(DSQ_SHARED_QUEUE);
#line 415 "vm_share.bpf.c"
}

SEC("struct_ops/running")
void BPF_PROG(vm_share_running, struct task_struct *p)
{
#line 55 "vm_share.pvpolicy"
	struct task_state *p_state = pv_make_task_state(p);
#line 55 "vm_share.pvpolicy"
	if (p_state)
#line 55 "vm_share.pvpolicy"
		p_state->started = pv_now();
	if (pv_before(state.vtime_now, p->scx.dsq_vtime))
#line 56 "vm_share.pvpolicy"
		state.vtime_now = p->scx.dsq_vtime;
#line 430 "vm_share.bpf.c"
}

SEC("struct_ops/stopping")
void BPF_PROG(vm_share_stopping, struct task_struct *p, bool runnable)
{
#line 60 "vm_share.pvpolicy"
	struct task_state *p_state = pv_find_task_state(p);
#line 60 "vm_share.pvpolicy"
	u64 used = pv_sub_sat(pv_now(), p_state ? p_state->started : 0);
	scx_bpf_task_set_dsq_vtime(p, p->scx.dsq_vtime + pv_div(used * 100, weight(p)));
#line 441 "vm_share.bpf.c"
}

SEC("struct_ops/enable")
void BPF_PROG(vm_share_enable, struct task_struct *p)
{
#line 65 "vm_share.pvpolicy"
	scx_bpf_task_set_dsq_vtime(p, state.vtime_now);
#line 449 "vm_share.bpf.c"
}

SEC("struct_ops.s/init")
s32 BPF_PROG(vm_share_init)
{
	return scx_bpf_create_dsq(DSQ_SHARED_QUEUE, -1);
}

struct pv_exit pv_exit SEC(".data") = {};

SEC("struct_ops.s/exit")
void BPF_PROG(vm_share_exit, struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(pv_exit.reason, sizeof(pv_exit.reason), info->reason);
	bpf_probe_read_kernel_str(pv_exit.message, sizeof(pv_exit.message), info->msg);
	pv_exit.code = info->exit_code;
	/* Last: the loader takes the rest for written once this is not 0. */
	__sync_lock_test_and_set(&pv_exit.kind, info->kind);
}

SEC(".struct_ops.link")
struct sched_ext_ops vm_share_ops = {
	.select_cpu = (void *)vm_share_select_cpu,
	.enqueue = (void *)vm_share_enqueue,
	.dispatch = (void *)vm_share_dispatch,
	.running = (void *)vm_share_running,
	.stopping = (void *)vm_share_stopping,
	.enable = (void *)vm_share_enable,
	.init = (void *)vm_share_init,
	.exit = (void *)vm_share_exit,
	.timeout_ms = 5000,
	.name = "vm_share",
};

