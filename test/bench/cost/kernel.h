/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the kernel, and the arithmetic, that the hand-written programs need. */
#ifndef __COST_KERNEL_H
#define __COST_KERNEL_H

#include <linux/bpf.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define SCHED_FIFO 1
#define SCHED_RR 2

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct kvm_vcpu {
	int vcpu_id;
};
struct upid {
	int nr;
};
struct pid {
	struct upid numbers[1];
};
struct signal_struct {
	struct {
		int counter;
	} live;
};
struct sched_ext_entity {
	u64 dsq_vtime;
	u32 weight;
};
struct task_struct {
	struct sched_ext_entity scx;
	int pid;
	int tgid;
	struct signal_struct *signal;
};
#pragma clang attribute pop

#ifndef bpf_for
struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

/* As in libbpf 1.3. */
#define bpf_for(i, start, end)										\
	for (struct bpf_iter_num ___it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),	\
	     *___p __attribute__((unused)) = (bpf_iter_num_new(&___it, (start), (end)),			\
					      (void)bpf_iter_num_destroy, (void *)0);			\
	     ({ int *___t = bpf_iter_num_next(&___it); (___t && ((i) = *___t, (i) >= (start) && (i) < (end))); });)
#endif

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

/* The position of the highest bit, 0 for 0: six tests instead of a loop. */
static __always_inline u32 log2_u64(u64 x)
{
	u32 n = 0;

	if (x >> 32)
		n += 32, x >>= 32;
	if (x >> 16)
		n += 16, x >>= 16;
	if (x >> 8)
		n += 8, x >>= 8;
	if (x >> 4)
		n += 4, x >>= 4;
	if (x >> 2)
		n += 2, x >>= 2;
	return n + (x >> 1);
}

struct histogram {
	u64 slot[64];
	u64 sum;
};

/* Programs may be preempted, so that two can have the slot of one CPU. */
static __noinline __attribute__((unused)) void pv_add(struct histogram *h, u64 x)
{
	__sync_fetch_and_add(&h->slot[log2_u64(x) & 63], 1);
	__sync_fetch_and_add(&h->sum, x);
}
#define record(h, x) pv_add((struct histogram *)(h), (x))

#endif
