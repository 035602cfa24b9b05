// SPDX-License-Identifier: GPL-2.0
/* What a careful engineer writes for examples/spin_guard.pvpolicy; requests and counters are those of its agent. */
#include "kernel.h"
#include "spin_guard.h"

char _license[] SEC("license") = "GPL";

#define MS 1000000ULL
#define VCPUS_PER_VM 16

const volatile u64 spin_after = 3 * MS;
const volatile u64 boost_limit = 10 * MS;
const volatile u32 boost_prio = 1;
const volatile u32 budget = 20;

u64 dropped, lost;

struct vcpu {
	u64 preempted_at;
	u64 last_halt;
	u32 tid;
	u32 tgid;
	bool on_cpu;
	bool preempted;
	bool boosted;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct vcpu);
} vcpus SEC(".maps");

struct vm {
	u64 period_start;
	u32 used;
	u32 tid[VCPUS_PER_VM];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct vm);
} vms SEC(".maps");

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

static const struct vm zero_vm;
static const struct vm_stats zero_stats;

static __noinline struct vm *vm_of(u32 tgid)
{
	struct vm *m = bpf_map_lookup_elem(&vms, &tgid);

	if (m)
		return m;
	bpf_map_update_elem(&vms, &tgid, &zero_vm, BPF_NOEXIST);
	return bpf_map_lookup_elem(&vms, &tgid);
}

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
		r->arg[0] = SCHED_RR;
		r->arg[1] = boost_prio;
	} else {
		r->until = 0;
		r->arg[0] = 0;
		r->arg[1] = 0;
	}
	bpf_ringbuf_submit(r, 0);
}

static __noinline struct vcpu *new_vcpu(void)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct vm *m;
	u32 i;

	if (!v) {
		__sync_fetch_and_add(&lost, 1);
		return NULL;
	}
	v->tid = p->pid;
	v->tgid = p->tgid;
	m = vm_of(v->tgid);
	if (!m)
		return v;
	for (i = 0; i < VCPUS_PER_VM; i++)
		if (!m->tid[i] && !__sync_val_compare_and_swap(&m->tid[i], 0, v->tid))
			break;
	return v;
}

SEC("tp_btf/kvm_entry")
int BPF_PROG(pv_kvm_entry, struct kvm_vcpu *vcpu)
{
	if (!bpf_task_storage_get(&vcpus, bpf_get_current_task_btf(), NULL, 0))
		new_vcpu();
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next, u32 prev_state)
{
	u64 t = bpf_ktime_get_ns();
	struct vcpu *v = bpf_task_storage_get(&vcpus, prev, NULL, 0);
	struct vm_stats *s;

	if (v) {
		v->on_cpu = false;
		v->preempted = prev_state == 0;
		v->preempted_at = t;
	}
	v = bpf_task_storage_get(&vcpus, next, NULL, 0);
	if (v) {
		if (v->preempted) {
			s = stats_of(v->tgid);
			if (s)
				record(&s->preempted_for, t > v->preempted_at ? t - v->preempted_at : 0);
		}
		v->on_cpu = true;
		v->preempted = false;
	}
	return 0;
}

SEC("tp_btf/kvm_vcpu_wakeup")
int BPF_PROG(on_kvm_vcpu_wakeup, u64 ns, bool waited, bool valid)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, bpf_get_current_task_btf(), NULL, 0);

	if (!v)
		return 0;
	v->last_halt = bpf_ktime_get_ns();
	if (v->boosted) {
		ask(v, PV_UNBOOST);
		v->boosted = false;
	}
	return 0;
}

static __always_inline bool within_budget(struct vm *m, u32 tgid, u64 t)
{
	struct vm_stats *s;

	if (t > m->period_start && t - m->period_start > 100 * MS) {
		m->period_start = t;
		m->used = 0;
	}
	if (m->used >= budget) {
		s = stats_of(tgid);
		if (s)
			__sync_fetch_and_add(&s->refused, 1);
		return false;
	}
	__sync_fetch_and_add(&m->used, 1);
	return true;
}

static __noinline struct vcpu *vcpu_by_tid(u32 tid)
{
	struct task_struct *p = bpf_task_from_pid(tid);
	struct vcpu *v;

	if (!p)
		return NULL;
	v = bpf_task_storage_get(&vcpus, p, NULL, 0);
	bpf_task_release(p);
	return v;
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(on_kvm_exit, struct kvm_vcpu *vcpu, u32 isa)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, bpf_get_current_task_btf(), NULL, 0);
	struct vm_stats *stats;
	struct vcpu *s;
	struct vm *m;
	u64 t;
	int i;

	if (!v)
		v = new_vcpu();
	if (!v || !v->on_cpu)
		return 0;
	t = bpf_ktime_get_ns();
	if (t <= v->last_halt || t - v->last_halt <= spin_after)
		return 0;
	m = vm_of(v->tgid);
	if (!m)
		return 0;
	bpf_for(i, 0, VCPUS_PER_VM) {
		if (!m->tid[i])
			continue;
		s = vcpu_by_tid(m->tid[i]);
		if (!s || !s->preempted || s->boosted || !within_budget(m, v->tgid, t))
			continue;
		s->boosted = true;
		ask(s, PV_BOOST);
		stats = stats_of(v->tgid);
		if (stats)
			__sync_fetch_and_add(&stats->boosts, 1);
	}
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(pv_sched_process_exit, struct task_struct *p)
{
	u32 tgid = p->tgid, tid = p->pid, i;
	struct vm *m;

	if (!p->signal->live.counter) {
		bpf_map_delete_elem(&vms, &tgid);
		return 0;
	}
	m = bpf_map_lookup_elem(&vms, &tgid);
	if (!m)
		return 0;
	for (i = 0; i < VCPUS_PER_VM; i++)
		if (m->tid[i] == tid)
			m->tid[i] = 0;
	return 0;
}
