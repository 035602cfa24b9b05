// SPDX-License-Identifier: GPL-2.0
/*
 * masks for tracing. Made from masks.pvpolicy: changes belong there, not here.
 *
 * Sets of CPUs that are kept: of all, of VMs, tasks, vCPUs and CPUs.
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
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "masks.h"

char _license[] SEC("license") = "GPL";

#define __maybe_unused __attribute__((unused))

/* Puts a reference back at the end of the block. */
#define pv_auto(kind) __attribute__((cleanup(pv_put_##kind)))

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
struct bpf_cpumask {};
struct kvm_vcpu {};

struct cpumask {
	unsigned long bits[1];
} __attribute__((preserve_access_index));

struct signal_struct {
	volatile struct { int counter; } live;
} __attribute__((preserve_access_index));

struct task_struct {
	const struct cpumask *cpus_ptr;
	volatile int pid;
	volatile int tgid;
	struct signal_struct *signal;
} __attribute__((preserve_access_index));

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *src1, const struct cpumask *src2) __ksym;
extern struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
extern bool bpf_cpumask_empty(const struct cpumask *cpumask) __ksym;
extern u32 bpf_cpumask_first(const struct cpumask *cpumask) __ksym;
extern void bpf_cpumask_release(struct bpf_cpumask *cpumask) __ksym;
extern void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask) __ksym;
extern bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask) __ksym;
extern u32 bpf_cpumask_weight(const struct cpumask *cpumask) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

#define PV_VMS 1024
#define PV_VCPUS 3

/* Set by the loader. */
const volatile __u64 only[16] = { 0xff };

/* CPUs that the machine can have; the loader knows. */
const volatile __u32 pv_nr_cpus = 1024;

struct pv_health pv_health;

/*
 * x from 'from' up to, not including, 'to', at most 'max' times. An iterator of the kernel (6.4): the verifier walks
 * the body a few times, not once for each x.
 */
#define pv_for(x, from, to, max)									\
	for (struct bpf_iter_num pv_it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),	\
	     *pv_new __maybe_unused = (bpf_iter_num_new(&pv_it, 0, (max)), (void)bpf_iter_num_destroy, NULL); \
	     ({ int *pv_n = bpf_iter_num_next(&pv_it);							\
		pv_n && ((x) = (from) + *pv_n, (x) < (to)); }); )

/* x as a number that the verifier does not know: a loop that counts from a known one has too many states. */
static volatile u64 pv_nothing;
#define pv_opaque(x) ((s64)(x) + pv_nothing)

/* cpu over the CPUs for which the test holds. */
#define pv_for_each_cpu(cpu, test)									\
	pv_for((cpu), 0, (s32)pv_nr_cpus, 8192)								\
		if (test)

static __always_inline void pv_put_task(struct task_struct **p)
{
	struct task_struct *held = *p;

	barrier_var(held);
	if (held)
		bpf_task_release(held);
}

static __always_inline void pv_put_mask(struct bpf_cpumask **p)
{
	struct bpf_cpumask *held = *p;

	barrier_var(held);
	if (held)
		bpf_cpumask_release(held);
}

/* Is the pointer not NULL? clang is to test the pointer itself, here. */
#define pv_there(p) ({ barrier_var(p); (p) != NULL; })

/* The CPUs of both masks; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_and(const struct cpumask *a, const struct cpumask *b)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_and(mask, a, b);
	return mask;
}

/* Is the bit of the CPU set in the words? */
static __always_inline bool pv_words_have(const volatile __u64 *words, s32 cpu)
{
	u32 word = (u32)cpu / 64;

	/* What is tested is what is used, which clang would see through. */
	barrier_var(word);
	return word < 16 && words[word] >> ((u32)cpu % 64) & 1;
}

/* The mask whose bits are in words; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_of(const volatile __u64 *words)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	int cpu;

	if (!mask)
		return NULL;
	pv_for(cpu, 0, (s32)pv_nr_cpus, 1024) {
		if (pv_words_have(words, cpu))
			bpf_cpumask_set_cpu(cpu, mask);
	}
	return mask;
}

/*
 * Changes the words of a mask by what the test says of each CPU, a word at a time; op: set, or, and, xor. All but 'set' are one
 * step for each word.
 */
#define pv_words_change(op, words, cpu, test)								\
	do {												\
		u64 pv_bits = pv_opaque(0);								\
													\
		pv_for((cpu), 0, (s32)pv_nr_cpus, 1024) {							\
			if (test)									\
				pv_bits |= 1ULL << ((cpu) & 63);					\
			if (((cpu) & 63) == 63 || (cpu) + 1 == (s32)pv_nr_cpus) {			\
				pv_word_##op((words), (cpu), pv_bits);					\
				pv_bits = 0;								\
			}										\
		}											\
	} while (0)

/* Bits of the CPUs from lo to hi in word i of a mask. */
static __always_inline u64 pv_range_bits(s32 i, s64 lo, s64 hi)
{
	s64 first = i * 64, last = first + 63;

	if (lo > last || hi < first || lo > hi)
		return 0;
	return ~0ULL << (lo > first ? lo - first : 0) & ~0ULL >> (hi < last ? last - hi : 0);
}

/* Changes the words of a mask, word i by its bits; op as above. Those of CPUs that are not there stay as they are. */
#define pv_words_each(op, words, i, bits)								\
	do {												\
		pv_for((i), 0, (s32)((pv_nr_cpus + 63) / 64), 16)						\
			pv_word_##op((words), (i) * 64, (bits) & pv_range_bits((i), 0, (s32)pv_nr_cpus - 1)); \
	} while (0)

/* Word i of a mask. */
static __always_inline u64 pv_word_of(const volatile __u64 *words, u32 i)
{
	barrier_var(i);
	return i < 16 ? words[i] : 0;
}

static __always_inline void pv_word_set(u64 *words, s32 cpu, u64 bits)
{
	u32 i = (u32)cpu / 64;
	u64 *word;

	barrier_var(i);
	if (i >= 16)
		return;
	word = &words[i];
	*word = bits;
}

static __always_inline void pv_word_or(u64 *words, s32 cpu, u64 bits)
{
	u32 i = (u32)cpu / 64;
	u64 *word;

	barrier_var(i);
	if (i >= 16)
		return;
	word = &words[i];
	__sync_fetch_and_or(word, bits);
}

static __always_inline void pv_word_and(u64 *words, s32 cpu, u64 bits)
{
	u32 i = (u32)cpu / 64;
	u64 *word;

	barrier_var(i);
	if (i >= 16)
		return;
	word = &words[i];
	__sync_fetch_and_and(word, bits);
}

static __always_inline void pv_word_xor(u64 *words, s32 cpu, u64 bits)
{
	u32 i = (u32)cpu / 64;
	u64 *word;

	barrier_var(i);
	if (i >= 16)
		return;
	word = &words[i];
	__sync_fetch_and_xor(word, bits);
}

/* The lowest CPU of the mask, or -1. */
static __always_inline s32 pv_mask_first(const struct cpumask *mask)
{
	u32 cpu = bpf_cpumask_first(mask);

	return cpu < pv_nr_cpus ? (s32)cpu : -1;
}

struct policy_state {
	u64 all[16];
	u64 n;
};

static struct policy_state state __attribute__((used));

struct cpu_state {
	u64 friends[16];
} __attribute__((aligned(64)));	/* each CPU writes to a cache line of its own */

/* State of CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct cpu_state);
} cpus SEC(".maps");

static struct cpu_state pv_spare_cpu_state;

/* Of a CPU that there is not, one that is forgotten again. */
static __noinline struct cpu_state *pv_cpu_state(s32 cpu)
{
	struct cpu_state *s = bpf_map_lookup_elem(&cpus, &cpu);

	if (s)
		return s;
	__sync_fetch_and_add(&pv_health.states_lost, 1);
	pv_spare_cpu_state = (struct cpu_state){};
	return &pv_spare_cpu_state;
}

struct task_state {
	u64 seen[16];
	u64 twin[16];
};

/* State of threads; it goes when the thread goes. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

static struct task_state pv_spare_task_state;

/* Made of zeros at first use. Where there is no room, one that is forgotten again. */
static __noinline struct task_state *pv_task_state(struct task_struct *p)
{
	struct task_state *s = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (s)
		return s;
	__sync_fetch_and_add(&pv_health.states_lost, 1);
	pv_spare_task_state = (struct task_state){};
	return &pv_spare_task_state;
}

struct vm_state {
	/* Threads of its vCPUs, in the order in which they first ran; 0 is a free place. */
	u32 vcpu[PV_VCPUS];
	u64 home[16];
};

/* State of VMs, by thread group id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PV_VMS);
	__type(key, u32);
	__type(value, struct vm_state);
} vms SEC(".maps");

static const struct vm_state pv_zero_vm_state;
static struct vm_state pv_spare_vm_state;

/* Made of zeros at first use. Where there is no room, one that is forgotten again. */
static __noinline struct vm_state *pv_vm_state(u32 id)
{
	struct vm_state *s = bpf_map_lookup_elem(&vms, &id);

	if (s)
		return s;
	bpf_map_update_elem(&vms, &id, &pv_zero_vm_state, BPF_NOEXIST);
	s = bpf_map_lookup_elem(&vms, &id);
	if (s)
		return s;
	__sync_fetch_and_add(&pv_health.states_lost, 1);
	pv_spare_vm_state = (struct vm_state){};
	return &pv_spare_vm_state;
}

struct vcpu {
	u32 tid;
	u32 tgid;
	u64 mine[16];
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

/* The vCPU of the thread with that id, or NULL where there is none any more. */
static __noinline struct vcpu *pv_vcpu_by_tid(u32 tid)
{
	struct task_struct *p = tid ? bpf_task_from_pid(tid) : NULL;
	struct vcpu *v;

	if (!p)
		return NULL;
	v = bpf_task_storage_get(&vcpus, p, NULL, 0);
	bpf_task_release(p);
	return v;
}

/* v over the vCPUs of the VM with the state m. */
#define pv_for_each_vcpu(v, m, i)						\
	pv_for((i), 0, PV_VCPUS, PV_VCPUS)						\
		if ((m)->vcpu[i] && ((v) = pv_vcpu_by_tid((m)->vcpu[i])))

static __noinline void pv_add_to_vm(struct vm_state *m, u32 tid)
{
	u32 i;

	pv_for(i, 0, PV_VCPUS, PV_VCPUS)
		if (m->vcpu[i] == tid || (!m->vcpu[i] && !__sync_val_compare_and_swap(&m->vcpu[i], 0, tid)))
			return;
}

static __noinline void pv_remove_from_vm(struct vm_state *m, u32 tid)
{
	u32 i;

	pv_for(i, 0, PV_VCPUS, PV_VCPUS)
		if (m->vcpu[i] == tid)
			m->vcpu[i] = 0;
}

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

static u64 count(struct task_struct *p)
{
#line 9 "masks.pvpolicy"
	struct task_state *p_state = pv_task_state(p);
#line 9 "masks.pvpolicy"
	struct bpf_cpumask *mask pv_auto(mask) = pv_mask_of(p_state->seen);
#line 9 "masks.pvpolicy"
	struct bpf_cpumask *mask2 pv_auto(mask) = pv_mask_of(state.all);
#line 9 "masks.pvpolicy"
	return (u64)(mask ? bpf_cpumask_weight((const struct cpumask *)mask) : 0) + (mask2 ? bpf_cpumask_weight((const struct cpumask *)mask2) : 0);
#line 478 "masks.bpf.c"
}

static __noinline struct vcpu *pv_new_vcpu(struct task_struct *p)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!v) {
		__sync_fetch_and_add(&pv_health.states_lost, 1);
		return NULL;
	}
	v->tid = p->pid;
	v->tgid = p->tgid;
	pv_add_to_vm(pv_vm_state(v->tgid), v->tid);
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

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, bool pv__, struct task_struct *prev, struct task_struct *next)
{
#line 11 "masks.pvpolicy"
	s32 cpu = bpf_get_smp_processor_id();
#line 11 "masks.pvpolicy"
	if ((u32)cpu < pv_nr_cpus)
#line 11 "masks.pvpolicy"
		pv_word_or(state.all, cpu, 1ULL << (cpu & 63));
	struct task_state *prev_state = pv_task_state(prev);
#line 12 "masks.pvpolicy"
	s32 cpu2 = bpf_get_smp_processor_id();
#line 12 "masks.pvpolicy"
	if ((u32)cpu2 < pv_nr_cpus)
#line 12 "masks.pvpolicy"
		pv_word_or(prev_state->seen, cpu2, 1ULL << (cpu2 & 63));
	if ((u32)3 < pv_nr_cpus)
#line 13 "masks.pvpolicy"
		pv_word_and(prev_state->seen, 3, ~(1ULL << (3 & 63)));
	struct task_state *next_state = pv_task_state(next);
	s32 i;
#line 14 "masks.pvpolicy"
	pv_words_each(set, next_state->twin, i, pv_word_of(prev_state->seen, i) & pv_word_of(only, i));
	s32 i2;
#line 15 "masks.pvpolicy"
	pv_words_each(or, next_state->twin, i2, pv_range_bits(i2, 1, 3));
	s32 cpu3;
#line 16 "masks.pvpolicy"
	pv_words_change(xor, next_state->twin, cpu3, bpf_cpumask_test_cpu(cpu3, next->cpus_ptr));
	bool test;
	{
#line 17 "masks.pvpolicy"
		s32 cpu4 = bpf_get_smp_processor_id();
#line 17 "masks.pvpolicy"
		struct bpf_cpumask *mask pv_auto(mask) = pv_mask_of(state.all);
#line 17 "masks.pvpolicy"
		test = pv_words_have(next_state->seen, cpu4) && !(mask ? bpf_cpumask_empty((const struct cpumask *)mask) : true);
	}
#line 17 "masks.pvpolicy"
	if (test)
#line 17 "masks.pvpolicy"
		__sync_fetch_and_add(&state.n, count(next));
	struct vcpu *v = pv_vcpu_of(next);
#line 18 "masks.pvpolicy"
	if (v) {
		struct vm_state *v_vm = pv_vm_state(v->tgid);
#line 19 "masks.pvpolicy"
		s32 cpu4 = bpf_get_smp_processor_id();
#line 19 "masks.pvpolicy"
		if ((u32)cpu4 < pv_nr_cpus)
#line 19 "masks.pvpolicy"
			pv_word_or(v_vm->home, cpu4, 1ULL << (cpu4 & 63));
		s32 i3;
#line 20 "masks.pvpolicy"
		pv_words_each(set, v->mine, i3, pv_word_of(v_vm->home, i3) & ~pv_word_of(state.all, i3));
		s32 c;
		{
#line 21 "masks.pvpolicy"
			struct bpf_cpumask *mask pv_auto(mask) = pv_mask_of(v->mine);
#line 21 "masks.pvpolicy"
			c = mask ? pv_mask_first((const struct cpumask *)mask) : -1;
		}
#line 21 "masks.pvpolicy"
		if (c >= 0) {
#line 21 "masks.pvpolicy"
			struct cpu_state *c_state = pv_cpu_state(c);
			s32 i4;
#line 21 "masks.pvpolicy"
			pv_words_each(or, c_state->friends, i4, pv_word_of(v->mine, i4));
#line 21 "masks.pvpolicy"
			struct bpf_cpumask *mask pv_auto(mask) = pv_mask_of(v_vm->home);
#line 21 "masks.pvpolicy"
			pv_pin_to(v->tid, v->tgid, (const struct cpumask *)mask);
		}
		s32 c2;
#line 22 "masks.pvpolicy"
		struct bpf_cpumask *mask pv_auto(mask) = pv_mask_of(v_vm->home);
#line 22 "masks.pvpolicy"
		pv_for_each_cpu(c2, pv_there(mask) && bpf_cpumask_test_cpu(c2, (const struct cpumask *)mask)) {
			if ((u32)c2 < pv_nr_cpus)
#line 23 "masks.pvpolicy"
				pv_word_and(v_vm->home, c2, ~(1ULL << (c2 & 63)));
			if (c2 > 3) {
#line 24 "masks.pvpolicy"
				struct cpu_state *c_state = pv_cpu_state(c2);
				s32 i4;
#line 24 "masks.pvpolicy"
				pv_words_each(set, c_state->friends, i4, 0);
			}
		}
	}
#line 27 "masks.pvpolicy"
	struct bpf_cpumask *m pv_auto(mask) = pv_mask_of(state.all);
	bool test2;
	{
#line 28 "masks.pvpolicy"
		struct bpf_cpumask *mask pv_auto(mask) = pv_mask_of(only);
#line 28 "masks.pvpolicy"
		struct bpf_cpumask *mask2 pv_auto(mask) = m && mask ? pv_mask_and((const struct cpumask *)m, (const struct cpumask *)mask) : NULL;
#line 28 "masks.pvpolicy"
		test2 = (mask2 ? bpf_cpumask_weight((const struct cpumask *)mask2) : 0) > 3;
	}
#line 28 "masks.pvpolicy"
	if (test2) {
		s32 cpu4;
#line 28 "masks.pvpolicy"
		pv_words_change(set, state.all, cpu4, (m && bpf_cpumask_test_cpu(cpu4, (const struct cpumask *)m)) && bpf_cpumask_test_cpu(cpu4, next->cpus_ptr));
	}
#line 640 "masks.bpf.c"
	return 0;
}

/* Threads of vCPUs may be gone. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_sched_process_exit, struct task_struct *p)
{
#line 33 "masks.pvpolicy"
	const struct cpumask *last = p->cpus_ptr;
	struct vcpu *v = pv_vcpu_of(p);
#line 34 "masks.pvpolicy"
	if (v) {
		struct vm_state *v_vm = pv_vm_state(v->tgid);
		struct vcpu *other;
		u32 i;
#line 35 "masks.pvpolicy"
		pv_for_each_vcpu(other, v_vm, i) {
			struct task_struct *other_task pv_auto(task) = bpf_task_from_pid(other->tid);
#line 36 "masks.pvpolicy"
			const struct cpumask *theirs = other_task ? other_task->cpus_ptr : NULL;
			if (pv_there(theirs) && bpf_cpumask_test_cpu(3, theirs))
#line 37 "masks.pvpolicy"
				__sync_fetch_and_add(&state.n, 1);
			last = theirs;
		}
	}
	if (last && bpf_cpumask_test_cpu(4, last))
#line 41 "masks.pvpolicy"
		__sync_fetch_and_add(&state.n, 1);
#line 670 "masks.bpf.c"
	return 0;
}

/* Ids are used again: what was kept for the one that goes is deleted. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(pv_sched_process_exit, struct task_struct *p)
{
	u32 tgid = p->tgid;
	u32 tid = p->pid;
	struct vm_state *m;

	m = bpf_map_lookup_elem(&vms, &tgid);
	if (m && pv_vcpu_of(p))
		pv_remove_from_vm(m, tid);
	bpf_task_storage_delete(&vcpus, p);
	/* The last thread of the process. */
	if (!p->signal->live.counter)
		bpf_map_delete_elem(&vms, &tgid);
	return 0;
}

