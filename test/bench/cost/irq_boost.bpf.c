// SPDX-License-Identifier: GPL-2.0
/* What a careful engineer writes for examples/irq_boost.pvpolicy; requests and counters are those of its agent. */
#include "kernel.h"
#include "pvsched.h"
#include "irq_boost.h"

char _license[] SEC("license") = "GPL";

const volatile u32 boost_prio = 8;
const volatile u64 boost_limit = 5000000;

u64 dropped, lost;

struct vcpu {
	u64 since;
	u32 tid;
	u32 tgid;
	bool boosted;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct vcpu);
} vcpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct hint);
} hints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct vm_stats);
} vm_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} requests SEC(".maps");

static const struct vm_stats zero_stats;

static __noinline struct vm_stats *stats_of(u32 tgid)
{
	struct vm_stats *s = bpf_map_lookup_elem(&vm_stats, &tgid);

	if (s)
		return s;
	bpf_map_update_elem(&vm_stats, &tgid, &zero_stats, BPF_NOEXIST);
	return bpf_map_lookup_elem(&vm_stats, &tgid);
}

static __noinline void ask(struct vcpu *v, u32 action)
{
	struct pv_request *r = bpf_ringbuf_reserve(&requests, sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	r->at = bpf_ktime_get_ns();
	r->action = action;
	r->line = 0;
	r->tid = v->tid;
	r->tgid = v->tgid;
	if (action == PV_BOOST) {
		r->until = r->at + boost_limit;
		r->arg[0] = SCHED_FIFO;
		r->arg[1] = boost_prio;
	} else {
		r->until = 0;
		r->arg[0] = 0;
		r->arg[1] = 0;
	}
	bpf_ringbuf_submit(r, 0);
}

SEC("tp_btf/kvm_inj_virq")
int BPF_PROG(on_kvm_inj_virq, u32 vector)
{
	u32 tid = bpf_get_current_task_btf()->pid;
	struct vcpu *v = bpf_map_lookup_elem(&vcpus, &tid);
	struct vm_stats *s;

	if (!v || v->boosted)
		return 0;
	v->boosted = true;
	v->since = bpf_ktime_get_ns();
	ask(v, PV_BOOST);
	s = stats_of(v->tgid);
	if (s)
		__sync_fetch_and_add(&s->boosts, 1);
	return 0;
}

static __noinline struct vcpu *join(u32 tid)
{
	struct vcpu new = { .tid = tid };
	struct task_struct *p = bpf_task_from_pid(tid);

	if (!p)
		return NULL;
	new.tgid = p->tgid;
	bpf_task_release(p);
	if (bpf_map_update_elem(&vcpus, &tid, &new, BPF_NOEXIST))
		__sync_fetch_and_add(&lost, 1);
	return bpf_map_lookup_elem(&vcpus, &tid);
}

static __noinline void end_boost(struct vcpu *v)
{
	struct vm_stats *s;
	u64 t;

	ask(v, PV_UNBOOST);
	v->boosted = false;
	s = stats_of(v->tgid);
	t = bpf_ktime_get_ns();
	if (s)
		record(&s->boost_length, t > v->since ? t - v->since : 0);
}

SEC("struct_ops/pvsched_vcpu_reg")
int BPF_PROG(irq_boost_register, struct pid *pid)
{
	u32 tid = pid->numbers[0].nr;

	if (!bpf_map_lookup_elem(&vcpus, &tid))
		join(tid);
	return 0;
}

SEC("struct_ops/pvsched_vcpu_unreg")
void BPF_PROG(irq_boost_unregister, struct pid *pid)
{
	u32 tid = pid->numbers[0].nr;

	bpf_map_delete_elem(&vcpus, &tid);
}

SEC("struct_ops/pvsched_vcpu_notify_event")
void BPF_PROG(irq_boost_notify_event, void *addr, struct pid *pid, u32 event)
{
	u32 tid = pid->numbers[0].nr;
	struct vcpu *v = bpf_map_lookup_elem(&vcpus, &tid);
	struct hint *h;

	if (!v)
		v = join(tid);
	if (!v || !v->boosted)
		return;
	if (event & PVSCHED_VCPU_VMEXIT) {
		h = bpf_map_lookup_elem(&hints, &tid);
		if (h && (h->rt_running || h->irqs_off || h->preempt_off))
			return;
	}
	end_boost(v);
}

SEC(".struct_ops")
struct pvsched_vcpu_ops irq_boost_ops = {
	.pvsched_vcpu_register = (void *)irq_boost_register,
	.pvsched_vcpu_unregister = (void *)irq_boost_unregister,
	.pvsched_vcpu_notify_event = (void *)irq_boost_notify_event,
	.events = PVSCHED_VCPU_VMEXIT | PVSCHED_VCPU_HALT,
	.name = "irq_boost",
};
