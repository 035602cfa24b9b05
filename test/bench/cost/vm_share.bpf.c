// SPDX-License-Identifier: GPL-2.0
/* What a careful engineer writes for examples/vm_share.pvpolicy, for one kernel: no function is chosen at load. */
#include "kernel.h"
#include "vm_share.h"

char _license[] SEC("license") = "GPL";

#define MS 1000000ULL
#define SHARED 0
#define DSQ_LOCAL 0x8000000000000002ULL

extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
extern u64 scx_bpf_now(void) __ksym;
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

const volatile u64 slice = 5 * MS;
const volatile u64 max_credit = 10 * MS;

static u64 vtime_now;
u64 lost;
struct pv_exit exit_info;

struct task_ctx {
	u64 started;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} tasks SEC(".maps");

struct vcpu {
	u32 tgid;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct vcpu);
} vcpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u32);
} weights SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct global_stats);
} stats SEC(".maps");

static __always_inline struct global_stats *stats_of(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&stats, &zero);
}

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
int BPF_PROG(track_entry, struct kvm_vcpu *vcpu)
{
	track();
	return 0;
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(track_exit, struct kvm_vcpu *vcpu)
{
	track();
	return 0;
}

static __always_inline bool before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

SEC("struct_ops/select_cpu")
s32 BPF_PROG(vm_share_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct global_stats *s;
	bool idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);

	if (idle) {
		s = stats_of();
		if (s)
			s->placed_idle++;
		scx_bpf_dsq_insert___v2___new(p, DSQ_LOCAL, slice, 0);
	}
	return cpu;
}

SEC("struct_ops/enqueue")
void BPF_PROG(vm_share_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct scx_bpf_dsq_insert_vtime_args args = {
		.dsq_id = SHARED,
		.slice = slice,
		.vtime = p->scx.dsq_vtime,
		.enq_flags = enq_flags,
	};
	struct global_stats *s = stats_of();
	u64 floor = vtime_now - max_credit;

	if (s)
		s->queued++;
	if (before(args.vtime, floor))
		args.vtime = floor;
	__scx_bpf_dsq_insert_vtime(p, &args);
}

SEC("struct_ops/dispatch")
void BPF_PROG(vm_share_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local___v2___new(SHARED, 0);
}

SEC("struct_ops/running")
void BPF_PROG(vm_share_running, struct task_struct *p)
{
	struct task_ctx *t = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (t)
		t->started = scx_bpf_now();
	if (before(vtime_now, p->scx.dsq_vtime))
		vtime_now = p->scx.dsq_vtime;
}

SEC("struct_ops/stopping")
void BPF_PROG(vm_share_stopping, struct task_struct *p, bool runnable)
{
	struct task_ctx *t = bpf_task_storage_get(&tasks, p, NULL, 0);
	u64 now = scx_bpf_now(), used = 0, weight = 100;
	struct vcpu *v;
	u32 *w;

	if (t && now > t->started)
		used = now - t->started;
	v = bpf_task_storage_get(&vcpus, p, NULL, 0);
	if (v) {
		w = bpf_map_lookup_elem(&weights, &v->tgid);
		if (w)
			weight = *w;
	}
	if (weight)
		scx_bpf_task_set_dsq_vtime(p, p->scx.dsq_vtime + used * 100 / weight);
}

SEC("struct_ops/enable")
void BPF_PROG(vm_share_enable, struct task_struct *p)
{
	scx_bpf_task_set_dsq_vtime(p, vtime_now);
}

SEC("struct_ops.s/init")
s32 BPF_PROG(vm_share_init)
{
	return scx_bpf_create_dsq(SHARED, -1);
}

SEC("struct_ops.s/exit")
void BPF_PROG(vm_share_exit, struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(exit_info.reason, sizeof(exit_info.reason), info->reason);
	bpf_probe_read_kernel_str(exit_info.message, sizeof(exit_info.message), info->msg);
	exit_info.code = info->exit_code;
	exit_info.kind = info->kind;
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
