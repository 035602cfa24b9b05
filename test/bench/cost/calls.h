/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Appended to the C that is measured: SEC("syscall") programs that call its handlers many times, as the hook would,
 * for the calling thread. HAND is defined where the C is the hand-written.
 */
#define CALLS 1000

#define MEASURE(NAME, CALL)								\
static long once_##NAME(u32 i, void *unused)						\
{											\
	struct task_struct *p = bpf_get_current_task_btf();				\
	(void)p;									\
	CALL;										\
	return 0;									\
}											\
SEC("syscall")										\
int measure_##NAME(void *ctx)								\
{											\
	bpf_loop(CALLS, once_##NAME, NULL, 0);						\
	return 0;									\
}

#ifdef SPIN_GUARD
#ifdef HAND
#define bench_track(p) new_vcpu()
#define bench_vm vm
#define bench_vm_of vm_of
#define bench_list tid
#else
#define bench_track(p) bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE)
#define bench_vm vm_state
#define bench_vm_of pv_vm_state
#define bench_list vcpu
#endif

MEASURE(a_switch_other_thread, ____on_sched_switch(NULL, true, p, p, 0))

SEC("syscall")
int prepare_b(void *ctx)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct vcpu *v = bench_track(p);
	u32 tgid = p->tgid, tid = p->pid, i;
	struct bench_vm *m = bench_vm_of(tgid);

	if (!v || !m)
		return 1;
	v->tid = tid;
	v->tgid = tgid;
	for (i = 0; i < 4; i++)
		m->bench_list[i] = tid;
	return 0;
}

MEASURE(b_switch_vcpu, ____on_sched_switch(NULL, true, p, p, 0))
MEASURE(c_halt_ends, ____on_kvm_vcpu_wakeup(NULL, 0, true, true))

/* Until here the last halt was just now. */
SEC("syscall")
int prepare_d(void *ctx)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, bpf_get_current_task_btf(), NULL, 0);

	if (!v)
		return 1;
	v->last_halt = bpf_ktime_get_ns() + 3600 * 1000000000ULL;
	return 0;
}

MEASURE(d_exit_not_spinning, ____on_kvm_exit(NULL, NULL, 0))

SEC("syscall")
int prepare_e(void *ctx)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, bpf_get_current_task_btf(), NULL, 0);

	if (!v)
		return 1;
	v->last_halt = 0;
	v->preempted = false;
	return 0;
}

MEASURE(e_exit_spinning, ____on_kvm_exit(NULL, NULL, 0))

static __noinline void again(void)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, bpf_get_current_task_btf(), NULL, 0);
	struct task_struct *p = bpf_get_current_task_btf();
	u32 tgid = p->tgid;
	struct bench_vm *m = bench_vm_of(tgid);

	if (v) {
		v->preempted = true;
		v->boosted = false;
	}
	if (m)
		m->used = 0;
}

/* Four siblings that were preempted, and a budget for them; its own cost is a look-up or two. */
MEASURE(f_exit_boosts, again(); ____on_kvm_exit(NULL, NULL, 0))
#endif

#ifdef IRQ_BOOST
struct task_struct___with_pid {
	struct pid *thread_pid;
} __attribute__((preserve_access_index));
#define bench_pid(p) (((struct task_struct___with_pid *)(p))->thread_pid)

MEASURE(a_interrupt_of_other_thread, ____on_kvm_inj_virq(NULL, 32))
MEASURE(b_exit_not_boosted, ____irq_boost_notify_event(NULL, NULL, bench_pid(p), PVSCHED_VCPU_VMEXIT))
MEASURE(c_boost_and_end, ____on_kvm_inj_virq(NULL, 32);
	____irq_boost_notify_event(NULL, NULL, bench_pid(p), PVSCHED_VCPU_VMEXIT))
#endif

#ifdef HALT_POLL
#ifdef HAND
#define bench_vm vm
#else
#define bench_vm vm_state
#endif

MEASURE(a_halt_of_other_thread, ____on_kvm_vcpu_wakeup(NULL, 5000, false, true))

SEC("syscall")
int prepare_b(void *ctx)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!v)
		return 1;
	v->tgid = p->tgid;
	return 0;
}

/* One in a while changes the limit. */
MEASURE(b_halt_recorded, ____on_kvm_vcpu_wakeup(NULL, 5000, false, true))

static __noinline void settled(void)
{
	struct task_struct *p = bpf_get_current_task_btf();
	u32 tgid = p->tgid;
	struct bench_vm *m = bpf_map_lookup_elem(&vms, &tgid);

	if (m) {
		m->changed = 0;
		m->limit = 0;
	}
}

MEASURE(c_halt_changes_limit, settled(); ____on_kvm_vcpu_wakeup(NULL, 5000, false, true))
#endif
