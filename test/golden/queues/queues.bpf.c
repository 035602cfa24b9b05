// SPDX-License-Identifier: GPL-2.0
/*
 * queues for sched_ext. Made from queues.pvpolicy: changes belong there, not here.
 *
 * Two queues: vCPUs in order of virtual time, everything else first come, first served.
 *
 * Runs on kernels with sched_ext (6.12 to 7.3 are known). Its loader needs libbpf 1.3 or newer: older ones know
 * neither .struct_ops.link nor the names by which renamed kernel functions are reached.
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
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1 << 0,
	CLOCK_MONOTONIC = 1,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "queues.h"

char _license[] SEC("license") = "GPL";

#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define __maybe_unused __attribute__((unused))

/* Puts a reference back at the end of the block. */
#define pv_auto(kind) __attribute__((cleanup(pv_put_##kind)))

#ifndef bpf_ksym_exists
#define bpf_ksym_exists(sym) (!!(sym))
#endif

/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */
enum scx_dsq_id_flags {
	SCX_DSQ_LOCAL,
	SCX_DSQ_LOCAL_ON,
};

enum scx_enq_flags {
	SCX_ENQ_IMMED,
};

enum scx_exit_kind {
	SCX_EXIT_NONE,
};

enum scx_wake_flags {
	SCX_WAKE_SYNC,
};

struct bpf_cpumask {};
struct cpumask {};
struct kvm_vcpu {};

struct sched_ext_entity {
	volatile u64 dsq_vtime;
	volatile u32 weight;
	volatile u64 slice;
} __attribute__((preserve_access_index));

struct scx_exit_info {
	volatile enum scx_exit_kind kind;
	volatile s64 exit_code;
	const char *reason;
	char *msg;
} __attribute__((preserve_access_index));

struct scx_init_task_args {
	volatile bool fork;
} __attribute__((preserve_access_index));

struct thread_info {
	volatile u32 cpu;
} __attribute__((preserve_access_index));

struct task_struct {
	const struct cpumask *cpus_ptr;
	volatile unsigned int flags;
	volatile int nr_cpus_allowed;
	struct sched_ext_entity scx;
	volatile unsigned short migration_disabled;
	struct thread_info thread_info;
	volatile int pid;
	volatile int tgid;
} __attribute__((preserve_access_index));

#define PF_KTHREAD 0x200000
#define SCX_DSQ_LOCAL bpf_core_enum_value(enum scx_dsq_id_flags, SCX_DSQ_LOCAL)
#define SCX_DSQ_LOCAL_ON bpf_core_enum_value(enum scx_dsq_id_flags, SCX_DSQ_LOCAL_ON)
#define SCX_ENQ_IMMED (bpf_core_enum_value_exists(enum scx_enq_flags, SCX_ENQ_IMMED) ? bpf_core_enum_value(enum scx_enq_flags, SCX_ENQ_IMMED) : 0)
#define SCX_WAKE_SYNC bpf_core_enum_value(enum scx_wake_flags, SCX_WAKE_SYNC)

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

struct bpf_iter_scx_dsq {
	__u64 opaque[6];
} __attribute__((aligned(8)));

extern bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *src1, const struct cpumask *src2) __ksym;
extern struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
extern void bpf_cpumask_release(struct bpf_cpumask *cpumask) __ksym;
extern bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it) __ksym;
extern int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags) __ksym;
extern struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
extern s32 scx_bpf_dsq_nr_queued(u64 dsq_id) __ksym;
extern const struct cpumask *scx_bpf_get_idle_smtmask(void) __ksym;
extern const struct cpumask *scx_bpf_get_online_cpumask(void) __ksym;
extern void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym;
extern u64 scx_bpf_now(void) __ksym __weak;
extern s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags) __ksym;
extern void scx_bpf_put_cpumask(const struct cpumask *cpumask) __ksym;
extern void scx_bpf_put_idle_cpumask(const struct cpumask *idle_mask) __ksym;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle) __ksym;

bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_insert___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;

/* scx_bpf_dispatch() until 6.13; says whether it inserted from 6.19 on. */
static __always_inline bool scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___new))
		return scx_bpf_dsq_insert___v2___new(p, dsq_id, slice, enq_flags);
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v1))
		scx_bpf_dsq_insert___v1(p, dsq_id, slice, enq_flags);
	else
		scx_bpf_dispatch___old(p, dsq_id, slice, enq_flags);
	return true;
}

struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};

bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args) __ksym __weak;
void scx_bpf_dsq_insert_vtime___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch_vtime___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) __ksym __weak;

/* scx_bpf_dispatch_vtime() until 6.13; a struct of arguments from 6.19 on. */
static __always_inline void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags)
{
	if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime)) {
		struct scx_bpf_dsq_insert_vtime_args args = {
			.dsq_id = dsq_id,
			.slice = slice,
			.vtime = vtime,
			.enq_flags = enq_flags,
		};

		__scx_bpf_dsq_insert_vtime(p, &args);
	} else if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime___v1)) {
		scx_bpf_dsq_insert_vtime___v1(p, dsq_id, slice, vtime, enq_flags);
	} else {
		scx_bpf_dispatch_vtime___old(p, dsq_id, slice, vtime, enq_flags);
	}
}

bool scx_bpf_dsq_move___new(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 enq_flags) __ksym __weak;
bool scx_bpf_dispatch_from_dsq___old(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 enq_flags) __ksym __weak;

/* scx_bpf_dispatch_from_dsq() until 6.13. */
static __always_inline bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move___new))
		return scx_bpf_dsq_move___new(it, p, dsq_id, enq_flags);
	return scx_bpf_dispatch_from_dsq___old(it, p, dsq_id, enq_flags);
}

bool scx_bpf_dsq_move_to_local___v2___new(u64 dsq_id, u64 enq_flags) __ksym __weak;
bool scx_bpf_dsq_move_to_local___v1(u64 dsq_id) __ksym __weak;
bool scx_bpf_consume___old(u64 dsq_id) __ksym __weak;

/* scx_bpf_consume() until 6.13; takes flags from 7.1 on. */
static __always_inline bool scx_bpf_dsq_move_to_local(u64 dsq_id)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___new))
		return scx_bpf_dsq_move_to_local___v2___new(dsq_id, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v1))
		return scx_bpf_dsq_move_to_local___v1(dsq_id);
	return scx_bpf_consume___old(dsq_id);
}

bool scx_bpf_task_set_dsq_vtime___new(struct task_struct *p, u64 vtime) __ksym __weak;

/* A store to the field until 6.19. */
static __always_inline void scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_task_set_dsq_vtime___new))
		scx_bpf_task_set_dsq_vtime___new(p, vtime);
	else
		p->scx.dsq_vtime = vtime;
}

bool scx_bpf_task_set_slice___new(struct task_struct *p, u64 slice) __ksym __weak;

/* A store to the field until 6.19. */
static __always_inline void scx_bpf_task_set_slice(struct task_struct *p, u64 slice)
{
	if (bpf_ksym_exists(scx_bpf_task_set_slice___new))
		scx_bpf_task_set_slice___new(p, slice);
	else
		p->scx.slice = slice;
}

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
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
};

/* From 1ms to 20ms. */
const volatile __u64 slice = 5 * NSEC_PER_MSEC;

/* Set by the loader. */
const volatile __u64 pv_short = 500 * NSEC_PER_USEC;

/* CPUs that the machine can have; the loader knows. */
const volatile __u32 pv_nr_cpus = 1024;

struct pv_health pv_health;

/*
 * a - b, stopping at 0: clocks of two CPUs may differ. Without the barrier clang tests for an overflow, which takes twice
 * the instructions in BPF.
 */
static __always_inline u64 pv_sub_sat(u64 a, u64 b)
{
	u64 distance = 0;

	if (a > b) {
		distance = a - b;
		barrier_var(distance);
	}
	return distance;
}

/* Is a before b on a clock that wraps around? */
static __always_inline bool pv_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/* The later of two on a clock that wraps around. */
static __always_inline u64 pv_vtime_max(u64 a, u64 b)
{
	return pv_before(a, b) ? b : a;
}

/* a / b by BPF's own instruction: 0 where b is 0, which C leaves undefined. */
static __always_inline u64 pv_div(u64 a, u64 b)
{
	asm("%0 /= %1" : "+r"(a) : "r"(b));
	return a;
}

/*
 * The position of the highest bit of x, 0 for 0. Without a branch, for the verifier would walk all that follows once for
 * each: the bits below the highest are set, and a product with a de Bruijn sequence is different for each result.
 */
static __always_inline u32 pv_log2(u64 x)
{
	static const u8 position[64] = {
		0, 47, 1, 56, 48, 27, 2, 60, 57, 49, 41, 37, 28, 16, 3, 61,
		54, 58, 35, 52, 50, 42, 21, 44, 38, 32, 29, 23, 17, 11, 4, 62,
		46, 55, 26, 59, 40, 36, 15, 53, 34, 51, 20, 43, 31, 22, 10, 45,
		25, 39, 14, 33, 19, 30, 9, 24, 13, 18, 8, 12, 7, 6, 5, 63,
	};

	x |= x >> 1;
	x |= x >> 2;
	x |= x >> 4;
	x |= x >> 8;
	x |= x >> 16;
	x |= x >> 32;
	return position[x * 0x03f79d71b4cb0a89ULL >> 58];
}

/* Adds x to the histogram. */
static __noinline void pv_record(struct pv_histogram *h, u64 x)
{
	__sync_fetch_and_add(&h->slot[pv_log2(x) & (PV_SLOTS - 1)], 1);
	__sync_fetch_and_add(&h->sum, x);
}

/* Adds n to a counter of those that were found; does nothing where there is no room for them. */
#define pv_count(stats, counter, n)									\
	do {												\
		typeof(stats) pv_found = (stats);							\
													\
		if (pv_found)										\
			__sync_fetch_and_add(&pv_found->counter, n);					\
	} while (0)

/* The same for a histogram and one more value of it. */
#define pv_sample(stats, histogram, x)									\
	do {												\
		typeof(stats) pv_found = (stats);							\
													\
		if (pv_found)										\
			pv_record(&pv_found->histogram, x);						\
	} while (0)

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

/* cpu over the CPUs from lo to hi that there are. */
#define pv_for_cpus(cpu, lo, hi)									\
	pv_for((cpu), (lo), (hi) < (s32)pv_nr_cpus ? (hi) + 1 : (s32)pv_nr_cpus, (hi) - (lo) + 1)

/* p over the tasks that wait in the queue, in its order. */
#define pv_for_each_dsq(p, dsq)										\
	for (struct bpf_iter_scx_dsq pv_dsq __attribute__((cleanup(bpf_iter_scx_dsq_destroy))),		\
	     *pv_new __maybe_unused = (bpf_iter_scx_dsq_new(&pv_dsq, (dsq), 0),				\
				       (void)bpf_iter_scx_dsq_destroy, NULL);				\
	     ((p) = bpf_iter_scx_dsq_next(&pv_dsq)) != NULL; )

static __always_inline void pv_put_mask(struct bpf_cpumask **p)
{
	struct bpf_cpumask *held = *p;

	barrier_var(held);
	if (held)
		bpf_cpumask_release(held);
}

static __always_inline void pv_put_idle_cpumask(const struct cpumask **p)
{
	const struct cpumask *held = *p;

	barrier_var(held);
	if (held)
		scx_bpf_put_idle_cpumask(held);
}

/* The scheduler's own clock where the kernel has it (6.14), which costs less. */
static __always_inline u64 pv_now(void)
{
	return bpf_ksym_exists(scx_bpf_now) ? scx_bpf_now() : bpf_ktime_get_ns();
}

/* The CPU that the task runs on or ran on last. */
static __always_inline s32 pv_task_cpu(struct task_struct *p)
{
	return p->thread_info.cpu;
}

/* Does the affinity of the task allow the CPU now? A program runs with migration disabled: its own task counts one. */
static __always_inline bool pv_may_run_on(struct task_struct *p, s32 cpu)
{
	if (!p || cpu < 0 || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return false;
	return p->migration_disabled <= (p == bpf_get_current_task_btf()) || cpu == pv_task_cpu(p);
}

/* The same, and the CPU is online. */
static __noinline bool pv_can_run_on(struct task_struct *p, s32 cpu)
{
	const struct cpumask *online;
	bool can;

	if (!pv_may_run_on(p, cpu))
		return false;
	online = scx_bpf_get_online_cpumask();
	can = bpf_cpumask_test_cpu(cpu, online);
	scx_bpf_put_cpumask(online);
	return can;
}

/* The CPUs of both masks; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_and(const struct cpumask *a, const struct cpumask *b)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_and(mask, a, b);
	return mask;
}

enum {
	/* vCPUs, by how much they have run. */
	DSQ_VMS_QUEUE = 0,	/* in order of virtual time */
	/* All other threads. */
	DSQ_OTHERS = 1,
};

struct policy_state {
	u64 vtime_now;
};

static struct policy_state state __attribute__((used));

struct cpu_state {
	u32 served;
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
	u64 started;
	u64 wakeups;
};

/* State of threads; it goes when the thread goes. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

/* NULL where nothing is kept yet. */
static __always_inline struct task_state *pv_find_task_state(struct task_struct *p)
{
	return bpf_task_storage_get(&tasks, p, NULL, 0);
}

/* Made of zeros at first use; NULL where there is no room. */
static __always_inline struct task_state *pv_make_task_state(struct task_struct *p)
{
	struct task_state *s = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!s)
		__sync_fetch_and_add(&pv_health.states_lost, 1);
	return s;
}

struct vcpu {
	u32 tgid;
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

/* Counters and histograms; each CPU has its own. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct global_stats);
} global_stats SEC(".maps");

static __always_inline struct global_stats *pv_global_stats(void)
{
	u32 id = 0;

	return bpf_map_lookup_elem(&global_stats, &id);
}

/* Counters and histograms, by CPU; any CPU may count for another. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct cpu_stats);
} cpu_stats SEC(".maps");

static __noinline struct cpu_stats *pv_cpu_stats(s32 cpu)
{
	struct cpu_stats *s = bpf_map_lookup_elem(&cpu_stats, &cpu);

	if (!s)
		__sync_fetch_and_add(&pv_health.stats_lost, 1);
	return s;
}

/* weight_of. By thread group id; the loader fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, __u32);
} weight_of_table SEC(".maps");

static __always_inline __u32 weight_of(u32 key)
{
	__u32 *value = bpf_map_lookup_elem(&weight_of_table, &key);

	return value ? *value : 100;
}

struct bpf_timer {
	__u64 opaque[2];
} __attribute__((aligned(8)));

struct pv_timer {
	struct bpf_timer timer;
};

/* One for each `every`. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct pv_timer);
} pv_timers SEC(".maps");

static __always_inline int pv_start_timer(u32 key, int (*callback)(void *, u32 *, struct pv_timer *), u64 period)
{
	struct pv_timer *timer = bpf_map_lookup_elem(&pv_timers, &key);
	int err;

	if (!timer)
		return -1;
	err = bpf_timer_init(&timer->timer, &pv_timers, CLOCK_MONOTONIC);
	if (err)
		return err;
	err = bpf_timer_set_callback(&timer->timer, callback);
	return err ? err : bpf_timer_start(&timer->timer, period, 0);
}

static u64 weight(struct task_struct *p)
{
#line 25 "queues.pvpolicy"
	struct vcpu *v = pv_vcpu_of(p);
#line 25 "queues.pvpolicy"
	if (v)
#line 25 "queues.pvpolicy"
		return weight_of(v->tgid);
	return 100;
#line 613 "queues.bpf.c"
}

static __always_inline struct vcpu *pv_new_vcpu(struct task_struct *p)
{
	struct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!v) {
		__sync_fetch_and_add(&pv_health.states_lost, 1);
		return NULL;
	}
	v->tgid = p->tgid;
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

static __always_inline void on_every_100ms(void)
{
	s32 c;
	u32 n = pv_opaque(0);
#line 93 "queues.pvpolicy"
	pv_for_cpus(c, 0, 1023) {
#line 93 "queues.pvpolicy"
		if (n++ >= 64)
#line 93 "queues.pvpolicy"
			break;
		struct cpu_state *c_state = pv_cpu_state(c);
#line 94 "queues.pvpolicy"
		if (c_state->served > 1000)
#line 94 "queues.pvpolicy"
			c_state->served = 0;
	}
#line 681 "queues.bpf.c"
}

static int every_100ms(void *map, u32 *key, struct pv_timer *timer)
{
	on_every_100ms();
	bpf_timer_start(&timer->timer, 100 * NSEC_PER_MSEC, 0);
	return 0;
}

SEC("struct_ops/select_cpu")
s32 BPF_PROG(queues_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
#line 34 "queues.pvpolicy"
	if ((wake_flags & SCX_WAKE_SYNC) && pv_can_run_on(p, bpf_get_smp_processor_id())) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | bpf_get_smp_processor_id(), pv_short, 0);
		return bpf_get_smp_processor_id();
	}
	const struct cpumask *idle pv_auto(idle_cpumask) = scx_bpf_get_idle_smtmask();
	s32 c;
	{
#line 39 "queues.pvpolicy"
		struct bpf_cpumask *mask pv_auto(mask) = pv_mask_and(p->cpus_ptr, idle);
#line 39 "queues.pvpolicy"
		c = mask ? scx_bpf_pick_idle_cpu((const struct cpumask *)mask, 0) : -1;
	}
#line 39 "queues.pvpolicy"
	if (c >= 0)
#line 39 "queues.pvpolicy"
		return c;
	bool is_idle = false;
#line 40 "queues.pvpolicy"
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
	if (is_idle)
#line 41 "queues.pvpolicy"
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice, 0);
	return cpu;
#line 718 "queues.bpf.c"
}

SEC("struct_ops/enqueue")
void BPF_PROG(queues_enqueue, struct task_struct *p, u64 enq_flags)
{
#line 46 "queues.pvpolicy"
	struct task_state *p_state = pv_make_task_state(p);
#line 46 "queues.pvpolicy"
	if (p_state)
#line 46 "queues.pvpolicy"
		p_state->wakeups++;
	if ((enq_flags & SCX_ENQ_IMMED) == SCX_ENQ_IMMED) {
#line 47 "queues.pvpolicy"
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, pv_short, enq_flags);
	} else if ((p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1) {
#line 48 "queues.pvpolicy"
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
	} else {
#line 49 "queues.pvpolicy"
		struct vcpu *v = pv_vcpu_of(p);
#line 49 "queues.pvpolicy"
		if (v) {
			u64 vt = pv_vtime_max(p->scx.dsq_vtime, state.vtime_now - slice);
			scx_bpf_dsq_insert_vtime(p, DSQ_VMS_QUEUE, slice, vt, enq_flags);
			s32 c = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
#line 52 "queues.pvpolicy"
			if (c >= 0) {
				scx_bpf_kick_cpu(c, 0);
				pv_count(pv_cpu_stats(c), kicked, 1);
			}
		} else {
#line 56 "queues.pvpolicy"
			scx_bpf_dsq_insert(p, DSQ_OTHERS, slice, enq_flags);
		}
	}
#line 754 "queues.bpf.c"
}

SEC("struct_ops/dispatch")
void BPF_PROG(queues_dispatch, s32 cpu, struct task_struct *prev)
{
#line 60 "queues.pvpolicy"
	struct cpu_state *cpu_state = pv_cpu_state(cpu);
#line 60 "queues.pvpolicy"
	cpu_state->served++;
	struct task_struct *t;
	u32 n = pv_opaque(0);
#line 61 "queues.pvpolicy"
	pv_for_each_dsq(t, DSQ_VMS_QUEUE) {
#line 61 "queues.pvpolicy"
		if (n++ >= 8)
#line 61 "queues.pvpolicy"
			break;
		if (t->scx.weight > 1000) {
			scx_bpf_dsq_move(&pv_dsq, t, SCX_DSQ_LOCAL_ON | cpu, 0);
			break;
		}
	}
	if (!scx_bpf_dsq_move_to_local(DSQ_VMS_QUEUE))
#line 67 "queues.pvpolicy"
		scx_bpf_dsq_move_to_local(DSQ_OTHERS);
	struct task_struct *q = prev;
#line 68 "queues.pvpolicy"
	if (q) {
		if (scx_bpf_dsq_nr_queued(DSQ_OTHERS) > 4)
#line 69 "queues.pvpolicy"
			scx_bpf_task_set_slice(q, pv_short);
	}
#line 787 "queues.bpf.c"
}

SEC("struct_ops/running")
void BPF_PROG(queues_running, struct task_struct *p)
{
#line 74 "queues.pvpolicy"
	struct task_state *p_state = pv_make_task_state(p);
#line 74 "queues.pvpolicy"
	if (p_state)
#line 74 "queues.pvpolicy"
		p_state->started = pv_now();
	if (pv_before(state.vtime_now, p->scx.dsq_vtime))
#line 75 "queues.pvpolicy"
		state.vtime_now = p->scx.dsq_vtime;
#line 802 "queues.bpf.c"
}

SEC("struct_ops/stopping")
void BPF_PROG(queues_stopping, struct task_struct *p, bool runnable)
{
#line 79 "queues.pvpolicy"
	struct task_state *p_state = pv_find_task_state(p);
#line 79 "queues.pvpolicy"
	u64 used = pv_sub_sat(pv_now(), p_state ? p_state->started : 0);
	pv_sample(pv_global_stats(), ran, used);
	scx_bpf_task_set_dsq_vtime(p, p->scx.dsq_vtime + pv_div(used * 100, weight(p)));
	scx_bpf_task_set_slice(p, pv_sub_sat(p->scx.slice, NSEC_PER_USEC));
#line 815 "queues.bpf.c"
}

SEC("struct_ops/enable")
void BPF_PROG(queues_enable, struct task_struct *p)
{
#line 85 "queues.pvpolicy"
	scx_bpf_task_set_dsq_vtime(p, state.vtime_now);
#line 823 "queues.bpf.c"
}

SEC("struct_ops/init_task")
s32 BPF_PROG(queues_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
#line 88 "queues.pvpolicy"
	if (args->fork) {
#line 88 "queues.pvpolicy"
		struct task_state *p_state = pv_make_task_state(p);
#line 88 "queues.pvpolicy"
		if (p_state)
#line 88 "queues.pvpolicy"
			p_state->started = pv_now();
	}
#line 89 "queues.pvpolicy"
	return 0;
#line 840 "queues.bpf.c"
}

static void on_init(void)
{
#line 29 "queues.pvpolicy"
	state.vtime_now = 0;
#line 847 "queues.bpf.c"
}

SEC("struct_ops.s/init")
s32 BPF_PROG(queues_init)
{
	s32 err;

	err = scx_bpf_create_dsq(DSQ_VMS_QUEUE, -1);
	if (err)
		return err;
	err = scx_bpf_create_dsq(DSQ_OTHERS, -1);
	if (err)
		return err;
	on_init();
	return pv_start_timer(0, every_100ms, 100 * NSEC_PER_MSEC);
}

static void on_exit(void)
{
#line 31 "queues.pvpolicy"
	bpf_printk("queues ends");
#line 869 "queues.bpf.c"
}

struct pv_exit pv_exit SEC(".data") = {};

SEC("struct_ops.s/exit")
void BPF_PROG(queues_exit, struct scx_exit_info *info)
{
	on_exit();
	bpf_probe_read_kernel_str(pv_exit.reason, sizeof(pv_exit.reason), info->reason);
	bpf_probe_read_kernel_str(pv_exit.message, sizeof(pv_exit.message), info->msg);
	pv_exit.code = info->exit_code;
	/* Last: the loader takes the rest for written once this is not 0. */
	__sync_lock_test_and_set(&pv_exit.kind, info->kind);
}

SEC(".struct_ops.link")
struct sched_ext_ops queues_ops = {
	.select_cpu = (void *)queues_select_cpu,
	.enqueue = (void *)queues_enqueue,
	.dispatch = (void *)queues_dispatch,
	.running = (void *)queues_running,
	.stopping = (void *)queues_stopping,
	.enable = (void *)queues_enable,
	.init_task = (void *)queues_init_task,
	.init = (void *)queues_init,
	.exit = (void *)queues_exit,
	.timeout_ms = 5000,
	.name = "queues",
};

