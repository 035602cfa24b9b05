/* SPDX-License-Identifier: GPL-2.0 */
/* What hand-written schedulers share: the kernel's functions and types, which threads are vCPUs, why it ended. */
#ifndef __COST_SCX_H
#define __COST_SCX_H

#include "kernel.h"

#define MS 1000000ULL
#define DSQ_LOCAL 0x8000000000000002ULL
#define ENQ_WAKEUP 1
#define KICK_PREEMPT 2

extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
extern u64 scx_bpf_now(void) __ksym;
extern s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym;
extern void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle) __ksym;
bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym;
struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};
bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args) __ksym;
bool scx_bpf_dsq_move_to_local___v2___new(u64 dsq_id, u64 enq_flags) __ksym;
bool scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime) __ksym;

enum scx_exit_kind {
	SCX_EXIT_NONE,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	s64 exit_code;
	const char *reason;
	char *msg;
} __attribute__((preserve_access_index));

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

u64 lost;
struct pv_exit exit_info;

struct vcpu {
	u32 tgid;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct vcpu);
} vcpus SEC(".maps");

static __always_inline void track(void)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct vcpu *v;

	if (bpf_task_storage_get(&vcpus, p, NULL, 0))
		return;
	v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (v)
		v->tgid = p->tgid;
	else
		__sync_fetch_and_add(&lost, 1);
}

SEC("tp_btf/kvm_entry")
int BPF_PROG(pv_kvm_entry, struct kvm_vcpu *vcpu)
{
	track();
	return 0;
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(pv_kvm_exit, struct kvm_vcpu *vcpu)
{
	track();
	return 0;
}

static __always_inline bool before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static __always_inline void remember_exit(struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(exit_info.reason, sizeof(exit_info.reason), info->reason);
	bpf_probe_read_kernel_str(exit_info.message, sizeof(exit_info.message), info->msg);
	exit_info.code = info->exit_code;
	exit_info.kind = info->kind;
}

#endif
