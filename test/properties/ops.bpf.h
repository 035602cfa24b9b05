/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What operations of a scheduler find when they run as syscall programs on a kernel without sched_ext: threads, a clock, a CPU, and
 * what writes down their calls. Stands in the emitted C before its kernel functions (ops-text.ts).
 */
#ifndef __maybe_unused
#define __maybe_unused __attribute__((unused))
#endif

struct test_made {
	u64 which;
	u64 argument[5];
};

/* Calls of one operation, in their order. */
struct test_log {
	u64 count;
	struct test_made made[TEST_CALLS];
};

struct {
	__uint(type, 2);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct test_log);
} test_log SEC(".maps");

struct {
	__uint(type, 2);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64[TEST_ANSWERS]);
} test_script SEC(".maps");

struct task_struct test_tasks[4];
struct cgroup test_groups[TEST_GROUPS] = { { 0 }, { 1 }, { 2 }, { 3 } };
struct test_made test_next;
u64 test_answers, test_clock;
u32 test_current, test_cpu;

/* One of the three threads: the verifier knows the bounds of no remainder. */
static __always_inline __maybe_unused struct task_struct *test_thread(u64 answer)
{
	return &test_tasks[(answer & 3) == 3 ? 0 : answer & 3];
}

#define test_hidden(x) ({ u64 x_ = (x); barrier_var(x_); x_; })

struct task_struct___test {
	const struct cpumask *cpus_ptr;
	char comm[16];
} __attribute__((preserve_access_index));

struct cpumask___test {
	unsigned long bits[1];
} __attribute__((preserve_access_index));

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;

/* Writes a call down. Global, so that the verifier walks it once. */
__noinline int test_put(void)
{
	u32 key = 0;
	struct test_log *log = bpf_map_lookup_elem(&test_log, &key);
	u64 at;

	if (!log)
		return 0;
	at = log->count++;
	if (at < TEST_CALLS)
		log->made[at] = test_next;
	return 0;
}

/* The same of a call that is answered. */
__noinline u64 test_made(void)
{
	u32 key = 0;
	u64 *script = bpf_map_lookup_elem(&test_script, &key);

	test_put();
	return script ? script[test_answers++ % TEST_ANSWERS] : 0;
}

char test_text[TEST_LOG_PARTS * sizeof(test_next.argument)];

/* Writes a line of the log down, in parts. */
__noinline int test_logged(void)
{
	int i;

	test_next.which = TEST_LOG;
	for (i = 0; i < TEST_LOG_PARTS; i++) {
		__builtin_memcpy(test_next.argument, test_text + i * sizeof(test_next.argument), sizeof(test_next.argument));
		test_put();
	}
	__builtin_memset(test_text, 0, sizeof(test_text));
	return 0;
}

/* What the loader learns of an exit. */
static __always_inline __maybe_unused void test_exited(struct pv_exit *e)
{
	test_next.which = TEST_EXIT;
	test_next.argument[0] = e->kind;
	test_next.argument[1] = e->code;
	__builtin_memcpy(&test_next.argument[2], e->reason, sizeof(u64));
	__builtin_memcpy(&test_next.argument[3], e->message, sizeof(u64));
	test_put();
}

/* What it is made of, so many arguments. */
static __noinline __maybe_unused u64 test_asked(u32 arguments)
{
	u32 key = 0;
	u64 *script = bpf_map_lookup_elem(&test_script, &key);
	u64 mixed = test_next.which + (test_answers << 32);

	if (arguments > 0)
		mixed = mixed * TEST_MIX + test_next.argument[0];
	if (arguments > 1)
		mixed = mixed * TEST_MIX + test_next.argument[1];
	return script ? script[mixed * TEST_MIX >> 59] : 0;
}

/* The mask of the real thread. */
static __always_inline __maybe_unused const struct cpumask *test_cpus_ptr(struct task_struct *p)
{
	const struct cpumask *cpus = ((struct task_struct___test *)bpf_get_current_task_btf())->cpus_ptr;
	struct task_struct *real = bpf_task_from_pid(p->test_tid);

	if (real) {
		cpus = ((struct task_struct___test *)real)->cpus_ptr;
		bpf_task_release(real);
	}
	return cpus;
}

/* The storage of the real thread. */
static __always_inline __maybe_unused void *test_storage(void *map, struct task_struct *p, void *value, u64 flags)
{
	struct task_struct *real = p ? bpf_task_from_pid(p->test_tid) : NULL;
	void *found = NULL;

	if (real) {
		found = bpf_task_storage_get(map, real, value, flags);
		bpf_task_release(real);
	}
	return found;
}

static __noinline __maybe_unused struct task_struct *test_task(s32 pid)
{
	if (test_tasks[0].pid == pid)
		return &test_tasks[0];
	if (test_tasks[1].pid == pid)
		return &test_tasks[1];
	return test_tasks[2].pid == pid ? &test_tasks[2] : NULL;
}

static __always_inline __maybe_unused struct cgroup *test_ancestor(struct cgroup *group, int level)
{
	return level < 0 || level > group->level ? NULL : &test_groups[level & (TEST_GROUPS - 1)];
}

#define bpf_cgroup_ancestor(group, level) test_ancestor((group), (level))
#define bpf_cgroup_release(group) ((void)(group))
#define bpf_timer_init(timer, map, flags) ((void)(timer), 0)
#define bpf_timer_set_callback(timer, callback) ((void)(callback), 0)
#define bpf_timer_start(timer, nsecs, flags) ({ test_next.which = TEST_TIMER; test_next.argument[0] = (nsecs); test_put(); 0; })
#undef bpf_printk
#define bpf_printk(fmt, args...) ({ BPF_SNPRINTF(test_text, sizeof(test_text), fmt, ##args); test_logged(); })
#define bpf_task_from_pid(pid) test_task(pid)
#define bpf_task_release(p) ((void)(p))
#define bpf_task_storage_get(map, p, value, flags) test_storage((map), (p), (value), (flags))
#define bpf_get_current_task_btf() (&test_tasks[test_current & 3])
#define bpf_get_current_pid_tgid() ((u64)test_tasks[test_current & 3].tgid << 32 | (u32)test_tasks[test_current & 3].pid)
#define bpf_get_smp_processor_id() test_cpu
#define bpf_ktime_get_ns() test_clock
#define bpf_ringbuf_submit(r, flags) ({ test_next.which = 0; test_made(); bpf_ringbuf_submit((r), (flags)); })

struct test_call {
	volatile u64 argument[8];
	u64 result;
};

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

SEC("syscall")
int call_meet(struct test_call *call)
{
	u64 i = call->argument[0];
	struct task_struct *real = (bpf_task_from_pid)(call->argument[1]), *p = &test_tasks[i & 3];

	if (!real)
		return 0;
	p->test_index = i;
	p->test_tid = call->argument[1];
	p->pid = call->argument[2];
	p->tgid = call->argument[3];
	bpf_probe_read_kernel_str(p->comm, sizeof(p->comm), ((struct task_struct___test *)real)->comm);
	(bpf_task_release)(real);
	return 0;
}

SEC("syscall")
int call_task(struct test_call *call)
{
	struct task_struct *p = test_task(call->argument[0]);

	if (!p)
		return 0;
	p->scx.slice = call->argument[1];
	p->scx.dsq_vtime = call->argument[2];
	p->scx.weight = call->argument[3];
	p->nr_cpus_allowed = call->argument[4];
	p->flags = call->argument[5];
	p->migration_disabled = call->argument[6];
	p->thread_info.cpu = call->argument[7];
	return 0;
}

SEC("syscall")
int call_slice(struct test_call *call)
{
	struct task_struct *p = test_task(call->argument[0]);

	call->result = p ? p->scx.slice : 0;
	return 0;
}

SEC("syscall")
int call_vtime(struct test_call *call)
{
	struct task_struct *p = test_task(call->argument[0]);

	call->result = p ? p->scx.dsq_vtime : 0;
	return 0;
}
