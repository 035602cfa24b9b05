// SPDX-License-Identifier: GPL-2.0
/* What a careful engineer writes for examples/vm_share.pvpolicy, for one kernel: no function is chosen at load. */
#include "kernel.h"
#include "vm_share.h"
#include "scx.h"

char _license[] SEC("license") = "GPL";

#define SHARED 0

const volatile u64 slice = 5 * MS;
const volatile u64 max_credit = 10 * MS;

static u64 vtime_now;

struct task_ctx {
	u64 started;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} tasks SEC(".maps");

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
	remember_exit(info);
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
