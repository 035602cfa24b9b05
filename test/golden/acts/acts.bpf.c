// SPDX-License-Identifier: GPL-2.0
/*
 * acts for tracing. Made from acts.pvpolicy: changes belong there, not here.
 *
 * Actions on whole VMs, and on masks that are known at run time only.
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
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "acts.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_USEC 1000ULL

/* Puts a reference back at the end of the block. */
#define pv_auto(kind) __attribute__((cleanup(pv_put_##kind)))

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct bpf_cpumask {};

struct cpumask {
	unsigned long bits[1];
} __attribute__((preserve_access_index));

struct kvm_vcpu {
	volatile int vcpu_id;
} __attribute__((preserve_access_index));

struct task_struct {
	const struct cpumask *cpus_ptr;
	volatile int pid;
	volatile int tgid;
} __attribute__((preserve_access_index));

extern void bpf_cpumask_clear_cpu(u32 cpu, struct bpf_cpumask *cpumask) __ksym;
extern void bpf_cpumask_copy(struct bpf_cpumask *dst, const struct cpumask *src) __ksym;
extern struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
extern void bpf_cpumask_release(struct bpf_cpumask *cpumask) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

/* Set by the loader. */
const volatile __u64 share = 256 /* 25% */;

struct pv_health pv_health;

static __always_inline void pv_put_mask(struct bpf_cpumask **p)
{
	struct bpf_cpumask *held = *p;

	barrier_var(held);
	if (held)
		bpf_cpumask_release(held);
}

/* The same CPUs; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_copy(const struct cpumask *a)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_copy(mask, a);
	return mask;
}

struct vcpu {
	u32 tid;
	u32 tgid;
	/* KVM's number of it within its VM. */
	u32 id;
};

/* vCPUs: kept with the thread, they go when it goes. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct vcpu);
} vcpus SEC(".maps");

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

#define pv_pin_to(...) pv_ask_pin_to(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_pin_to(u32 line, u32 tid, u32 tgid, const struct cpumask *mask)
{
	u32 size = bpf_core_type_size(struct cpumask);
	struct pv_request *r;

	if (!mask)
		return;
	r = pv_ask(PV_PIN, line, tid, tgid);
	if (!r)
		return;
	__builtin_memset(r->mask, 0, sizeof(r->mask));
	bpf_probe_read_kernel(r->mask, size < sizeof(r->mask) ? size : sizeof(r->mask), mask);
	bpf_ringbuf_submit(r, 0);
}

#define pv_unpin(...) pv_ask_unpin(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_unpin(u32 line, u32 tid, u32 tgid)
{
	struct pv_request *r = pv_ask(PV_UNPIN, line, tid, tgid);

	if (!r)
		return;
	bpf_ringbuf_submit(r, 0);
}

#define pv_cap(...) pv_ask_cap(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_cap(u32 line, u32 tgid, u64 share)
{
	struct pv_request *r = pv_ask(PV_CAP, line, 0, tgid);

	if (!r)
		return;
	r->arg[0] = share;
	bpf_ringbuf_submit(r, 0);
}

#define pv_set_halt_poll(...) pv_ask_set_halt_poll(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_set_halt_poll(u32 line, u32 tgid, u64 limit)
{
	struct pv_request *r = pv_ask(PV_SET_HALT_POLL, line, 0, tgid);

	if (!r)
		return;
	r->arg[0] = limit;
	bpf_ringbuf_submit(r, 0);
}

#define pv_core_tag(...) pv_ask_core_tag(__LINE__, ##__VA_ARGS__)
static __always_inline void pv_ask_core_tag(u32 line, u32 tgid)
{
	struct pv_request *r = pv_ask(PV_CORE_TAG, line, 0, tgid);

	if (!r)
		return;
	bpf_ringbuf_submit(r, 0);
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

static __always_inline struct vcpu *pv_new_vcpu(struct task_struct *p, u32 id)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!v) {
		__sync_fetch_and_add(&pv_health.states_lost, 1);
		return NULL;
	}
	v->tid = p->pid;
	v->tgid = p->tgid;
	v->id = id;
	return v;
}

/* The vCPU of this thread: one from its first KVM entry or exit on, if the loader did not find it before. */
static __always_inline struct vcpu *pv_track(struct kvm_vcpu *kvcpu)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, 0);

	return v || !kvcpu ? v : pv_new_vcpu(p, kvcpu->vcpu_id);
}

/* The loader runs it for each vCPU that it finds. */
SEC("syscall")
int pv_meet_vcpu(struct pv_meeting *ctx)
{
	struct task_struct *p = bpf_task_from_pid(ctx->tid);

	if (!p)
		return 0;
	if (!bpf_task_storage_get(&vcpus, p, NULL, 0))
		pv_new_vcpu(p, ctx->number);
	bpf_task_release(p);
	return 0;
}

SEC("tp_btf/kvm_entry")
int BPF_PROG(pv_kvm_entry, struct kvm_vcpu *kvcpu)
{
	pv_track(kvcpu);
	return 0;
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(on_kvm_exit, struct kvm_vcpu *kvcpu, u32 isa)
{
	struct vcpu *pv_self = pv_track(kvcpu);
#line 5 "acts.pvpolicy"
	struct vcpu *v = pv_self;
#line 5 "acts.pvpolicy"
	if (v) {
		pv_core_tag(v->tgid);
		pv_cap(v->tgid, share);
		pv_set_halt_poll(v->tgid, 50 * NSEC_PER_USEC);
		{
#line 9 "acts.pvpolicy"
			struct bpf_cpumask *mask pv_auto(mask) = pv_mask_copy(bpf_get_current_task_btf()->cpus_ptr);
#line 9 "acts.pvpolicy"
			if (mask)
#line 9 "acts.pvpolicy"
				bpf_cpumask_clear_cpu(0, mask);
#line 9 "acts.pvpolicy"
			pv_pin_to(v->tid, v->tgid, (const struct cpumask *)mask);
		}
#line 10 "acts.pvpolicy"
		pv_unpin(v->tid, v->tgid);
		if (v->id == 0)
#line 11 "acts.pvpolicy"
			pv_signal(PV_EVENT_FIRST);
	}
#line 282 "acts.bpf.c"
	return 0;
}

