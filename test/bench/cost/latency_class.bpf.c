// SPDX-License-Identifier: GPL-2.0
/* What a careful engineer writes for examples/gallery/07_latency_class.pvpolicy, for one kernel. */
#include "kernel.h"
#include "latency_class.h"
#include "scx.h"

char _license[] SEC("license") = "GPL";

#define FAIR 0

enum class {
	STANDARD,
	INTERACTIVE,
	BACKGROUND,
};

const volatile u64 slice = 4 * MS;
const volatile u64 head_start = 10 * MS;
const volatile u64 hold_back = 20 * MS;

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
	__type(value, u64);
} classes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct vm_stats);
} vm_stats SEC(".maps");

static const struct vm_stats zero_stats;

static __noinline struct vm_stats *stats_of(u32 tgid)
{
	struct vm_stats *s = bpf_map_lookup_elem(&vm_stats, &tgid);

	if (s)
		return s;
	bpf_map_update_elem(&vm_stats, &tgid, &zero_stats, BPF_NOEXIST);
	return bpf_map_lookup_elem(&vm_stats, &tgid);
}

SEC("struct_ops/select_cpu")
s32 BPF_PROG(latency_class_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);

	if (idle)
		scx_bpf_dsq_insert___v2___new(p, DSQ_LOCAL, slice, 0);
	return cpu;
}

SEC("struct_ops/enqueue")
void BPF_PROG(latency_class_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct scx_bpf_dsq_insert_vtime_args args = {
		.dsq_id = FAIR,
		.slice = slice,
		.vtime = p->scx.dsq_vtime,
		.enq_flags = enq_flags,
	};
	u64 floor = vtime_now - slice, *class;
	struct vm_stats *s;
	struct vcpu *v;

	if (before(args.vtime, floor)) {
		scx_bpf_task_set_dsq_vtime(p, floor);
		args.vtime = floor;
	}
	v = bpf_task_storage_get(&vcpus, p, NULL, 0);
	class = v ? bpf_map_lookup_elem(&classes, &v->tgid) : NULL;
	if (class && *class == INTERACTIVE) {
		args.vtime -= head_start;
		s = stats_of(v->tgid);
		if (s)
			__sync_fetch_and_add(&s->moved_ahead, 1);
		if (enq_flags & ENQ_WAKEUP)
			scx_bpf_kick_cpu(scx_bpf_task_cpu(p), KICK_PREEMPT);
	} else if (class && *class == BACKGROUND) {
		args.vtime += hold_back;
		s = stats_of(v->tgid);
		if (s)
			__sync_fetch_and_add(&s->moved_back, 1);
	}
	__scx_bpf_dsq_insert_vtime(p, &args);
}

SEC("struct_ops/dispatch")
void BPF_PROG(latency_class_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local___v2___new(FAIR, 0);
}

SEC("struct_ops/running")
void BPF_PROG(latency_class_running, struct task_struct *p)
{
	struct task_ctx *t = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (t)
		t->started = scx_bpf_now();
	if (before(vtime_now, p->scx.dsq_vtime))
		vtime_now = p->scx.dsq_vtime;
}

SEC("struct_ops/stopping")
void BPF_PROG(latency_class_stopping, struct task_struct *p, bool runnable)
{
	struct task_ctx *t = bpf_task_storage_get(&tasks, p, NULL, 0);
	u64 now = scx_bpf_now(), used = 0;
	u32 weight = p->scx.weight;

	if (t && now > t->started)
		used = now - t->started;
	scx_bpf_task_set_dsq_vtime(p, p->scx.dsq_vtime + used * 100 / (weight ? weight : 1));
}

SEC("struct_ops/enable")
void BPF_PROG(latency_class_enable, struct task_struct *p)
{
	scx_bpf_task_set_dsq_vtime(p, vtime_now);
}

SEC("struct_ops.s/init")
s32 BPF_PROG(latency_class_init)
{
	return scx_bpf_create_dsq(FAIR, -1);
}

SEC("struct_ops.s/exit")
void BPF_PROG(latency_class_exit, struct scx_exit_info *info)
{
	remember_exit(info);
}

SEC(".struct_ops.link")
struct sched_ext_ops latency_class_ops = {
	.select_cpu = (void *)latency_class_select_cpu,
	.enqueue = (void *)latency_class_enqueue,
	.dispatch = (void *)latency_class_dispatch,
	.running = (void *)latency_class_running,
	.stopping = (void *)latency_class_stopping,
	.enable = (void *)latency_class_enable,
	.init = (void *)latency_class_init,
	.exit = (void *)latency_class_exit,
	.timeout_ms = 5000,
	.name = "latency_class",
};
