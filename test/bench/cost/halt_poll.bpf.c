// SPDX-License-Identifier: GPL-2.0
/* What a careful engineer writes for examples/gallery/04_halt_poll.pvpolicy; requests and counters are those of its agent. */
#include "kernel.h"
#include "halt_poll.h"

char _license[] SEC("license") = "GPL";

#define US 1000ULL
#define MS 1000000ULL

u64 floor_ns = 10 * US;
u64 ceiling = 200 * US;
u64 worth_it = 512;
const volatile u64 settle = 100 * MS;

u64 dropped, lost;

struct average {
	u64 value;
	bool primed;
};

struct vm {
	/* vCPUs of one VM wake on several CPUs. */
	struct bpf_spin_lock lock;
	struct average success;
	struct average halts;
	u64 changed;
	u64 limit;
};

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

/* Moves by a sixteenth; the first sample is taken as it is. */
static __always_inline void move(struct average *a, u64 sample)
{
	if (!a->primed) {
		a->primed = true;
		a->value = sample;
	} else if (sample >= a->value) {
		a->value += (sample - a->value) >> 4;
	} else {
		a->value -= (a->value - sample) >> 4;
	}
}

static __always_inline void ask(u32 tgid, u64 limit)
{
	struct pv_request *r = bpf_ringbuf_reserve(&requests, sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	r->at = bpf_ktime_get_ns();
	r->until = 0;
	r->action = PV_SET_HALT_POLL;
	r->line = 0;
	r->tid = 0;
	r->tgid = tgid;
	r->arg[0] = limit;
	r->arg[1] = 0;
	bpf_ringbuf_submit(r, 0);
}

SEC("tp_btf/kvm_vcpu_wakeup")
int BPF_PROG(on_kvm_vcpu_wakeup, u64 ns, bool waited, bool valid)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, bpf_get_current_task_btf(), NULL, 0);
	struct vm_stats *s;
	u64 t, limit;
	struct vm *m;

	if (!v)
		return 0;
	m = vm_of(v->tgid);
	if (!m)
		return 0;
	bpf_spin_lock(&m->lock);
	move(&m->success, waited ? 0 : 1024);
	move(&m->halts, ns);
	bpf_spin_unlock(&m->lock);
	s = stats_of(v->tgid);
	if (s)
		record(&s->halted, ns);
	t = bpf_ktime_get_ns();
	if (t <= m->changed || t - m->changed <= settle)
		return 0;
	m->changed = t;
	limit = floor_ns;
	if (m->success.value >= worth_it || m->halts.value < ceiling) {
		limit = m->halts.value + m->halts.value / 2;
		if (limit < floor_ns)
			limit = floor_ns;
		if (limit > ceiling)
			limit = ceiling;
	}
	if (limit == m->limit)
		return 0;
	m->limit = limit;
	if (s)
		__sync_fetch_and_add(&s->changes, 1);
	ask(v->tgid, limit);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(pv_sched_process_exit, struct task_struct *p)
{
	u32 tgid = p->tgid;

	if (!p->signal->live.counter)
		bpf_map_delete_elem(&vms, &tgid);
	return 0;
}
