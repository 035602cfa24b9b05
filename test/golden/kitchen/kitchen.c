// SPDX-License-Identifier: GPL-2.0
/* Loader and agent of kitchen. Made from kitchen.pvpolicy: changes belong there, not here. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/types.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kitchen.h"
#include "kitchen.skel.h"

#ifndef SCHED_EXT
#define SCHED_EXT 7
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static bool as_json, verbose;
static int nr_cpus;
static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

static __attribute__((unused, format(printf, 1, 2))) void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

enum kind { NUMBER, DURATION, RATIO, TRUTH, CPUS };

/* A number that has a name; the last of a list has none. */
struct choice {
	const char *name;
	long long value;
};

/* A param, a tunable or a table of the policy as an option. */
struct param {
	const char *name;
	const char *doc;
	enum kind kind;
	size_t size;
	long long least, most;
	const struct choice *choices;
};

static bool parse_number(const char *text, const struct param *p, long long *value)
{
	static const struct { const char *suffix; double factor; } units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
	};
	const struct choice *choice;
	enum kind kind = p->kind;
	double number;
	char *end;
	size_t i;

	for (choice = p->choices; choice && choice->name; choice++) {
		if (!strcmp(text, choice->name)) {
			*value = choice->value;
			return true;
		}
	}
	if (kind == TRUTH && (!strcmp(text, "true") || !strcmp(text, "false"))) {
		*value = text[0] == 't';
		return true;
	}
	errno = 0;
	*value = strtoll(text, &end, 0);
	if (!errno && end != text && !*end && kind != RATIO)
		return true;
	number = strtod(text, &end);
	if (end == text)
		return false;
	if (kind == RATIO) {
		*value = number * 1024 / (*end == '%' ? 100 : 1) + 0.5;
		return !*end || !strcmp(end, "%");
	}
	for (i = 0; kind == DURATION && i < ARRAY_SIZE(units); i++) {
		if (!strcmp(end, units[i].suffix)) {
			*value = number * units[i].factor + 0.5;
			return true;
		}
	}
	return false;
}

static void store_number(void *place, size_t size, long long value)
{
	switch (size) {
	case 1:
		*(__u8 *)place = value;
		break;
	case 2:
		*(__u16 *)place = value;
		break;
	case 4:
		*(__u32 *)place = value;
		break;
	default:
		*(__u64 *)place = value;
	}
}

static int read_number(const struct param *p, const char *text, long long *value)
{
	static const char *const kinds[] = { "number", "duration such as 500us", "ratio such as 25%", "true or false" };

	if (!parse_number(text, p, value)) {
		fprintf(stderr, "--%s: '%s' is not a %s\n", p->name, text, p->choices ? "name that it knows" : kinds[p->kind]);
		return -EINVAL;
	}
	if (*value < p->least || *value > p->most) {
		fprintf(stderr, "--%s: %s is out of range\n", p->name, text);
		return -EINVAL;
	}
	return 0;
}

/* Stores the value where the programs read it. */
static __attribute__((unused)) int set_param(const struct param *p, void *place, const char *text)
{
	long long value;
	int err = read_number(p, text, &value);

	if (!err)
		store_number(place, p->size, value);
	return err;
}

/* An entry of a table that the operator gave: '--table key=value'. Keys of VMs may be names with wildcards. */
struct entry {
	const struct param *table;
	char key[64];
	__u64 value;
};

static struct entry entries[1024];
static size_t nr_entries;

static int add_entry(const struct param *table, const char *text)
{
	struct entry *e = &entries[nr_entries];
	const char *equals = strrchr(text, '=');
	long long value;
	int err;

	if (nr_entries == ARRAY_SIZE(entries)) {
		fprintf(stderr, "--%s: tables of more than %zu entries\n", table->name, ARRAY_SIZE(entries));
		return -EINVAL;
	}
	if (!equals || equals - text >= (long)sizeof(e->key)) {
		fprintf(stderr, "--%s: '%s' is no KEY=VALUE\n", table->name, text);
		return -EINVAL;
	}
	err = read_number(table, equals + 1, &value);
	if (err)
		return err;
	e->table = table;
	memcpy(e->key, text, equals - text);
	store_number(&e->value, table->size, value);
	nr_entries++;
	return 0;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static bool comm_matches(pid_t pid, const char *pattern)
{
	char path[64], name[32];
	bool matches = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (fgets(name, sizeof(name), file)) {
		name[strcspn(name, "\n")] = 0;
		matches = !fnmatch(pattern, name, 0);
	}
	fclose(file);
	return matches;
}

static void put_entry(int map, const void *key, const struct entry *e)
{
	if (bpf_map_update_elem(map, key, &e->value, BPF_ANY))
		complain("the table %s is full", e->table->name);
}

/* Enters what was given by number, and whatever processes have the given names now. */
static __attribute__((unused)) void fill_table(const struct param *table, int map)
{
	struct dirent *process;
	__u32 id;
	DIR *dir;
	size_t i;

	for (i = 0; i < nr_entries; i++) {
		struct entry *e = &entries[i];

		if (e->table != table)
			continue;
		if (is_number(e->key)) {
			id = strtoul(e->key, NULL, 10);
			put_entry(map, &id, e);
			continue;
		}
		dir = opendir("/proc");
		while (dir && (process = readdir(dir))) {
			id = strtoul(process->d_name, NULL, 10);
			if (id && comm_matches(id, e->key))
				put_entry(map, &id, e);
		}
		if (dir)
			closedir(dir);
	}
}

/* A table by name: keys are names of threads as they are. */
static __attribute__((unused)) void fill_by_name(const struct param *table, int map)
{
	char name[16];
	size_t i;

	for (i = 0; i < nr_entries; i++) {
		if (entries[i].table != table)
			continue;
		memset(name, 0, sizeof(name));
		strncpy(name, entries[i].key, sizeof(name) - 1);
		put_entry(map, name, &entries[i]);
	}
}

static const struct choice role_names[] = {
	{ "batch", ROLE_BATCH },
	{ "latency", ROLE_LATENCY },
	{ "realtime", ROLE_REALTIME },
	{}
};

static const struct param params[] = {
	{ "limit", "(100us to 50ms; 2ms unless set)", DURATION, 8, 100000LL, 50000000LL, NULL },
	{ "share", "(1% to 100%; 25% unless set)", RATIO, 8, 10LL, 1024LL, NULL },
	{ "on-top", "(true unless set)", TRUTH, 1, 0, 1, NULL },
	{ "level", "(0 to 10; 3 unless set)", NUMBER, 4, 0LL, 10LL, NULL },
};

static const struct param tables[] = {
	{ "class-of", "an entry of the table", NUMBER, 8, LLONG_MIN, LLONG_MAX, role_names },
	{ "quota", "an entry of the table", DURATION, 8, 0, LLONG_MAX, NULL },
	{ "home", "an entry of the table", NUMBER, 4, 0, 4294967295, NULL },
	{ "nice-of", "an entry of the table", NUMBER, 4, -2147483648, 2147483647, NULL },
};

/* One number that the policy keeps: a counter, or a histogram with its slots. */
struct figure {
	const char *name;
	size_t offset;
	bool histogram;
	bool duration;
};

/* Numbers that are kept together: one map. */
struct group {
	const char *per;
	int map;
	size_t size;
	bool keyed;	/* by an id; else one entry, or one a CPU */
	bool percpu;
	__u32 entries;
	const struct figure *stats;
	int nr_stats;
	void *gone;	/* numbers of those that are gone and whose places were needed */
};

static __u64 number_at(const void *values, const struct group *g, size_t offset)
{
	size_t stride = (g->size + 7) / 8 * 8;
	__u64 total = 0;
	int cpu;

	for (cpu = 0; cpu < (g->percpu ? nr_cpus : 1); cpu++)
		total += *(const __u64 *)((const char *)values + cpu * stride + offset);
	return total;
}

static void print_histogram(const void *values, const struct group *g, const struct figure *s)
{
	__u64 slots[64], count = 0, seen = 0, sum = number_at(values, g, s->offset + sizeof(slots));
	int i, p50 = -1, p99 = -1;

	for (i = 0; i < 64; i++)
		count += slots[i] = number_at(values, g, s->offset + i * sizeof(__u64));
	if (as_json) {
		printf("{\"count\":%llu,\"sum\":%llu,\"slots\":[", (unsigned long long)count, (unsigned long long)sum);
		for (i = 0; i < 64; i++)
			printf("%s%llu", i ? "," : "", (unsigned long long)slots[i]);
		printf("]}");
		return;
	}
	for (i = 0; i < 64; i++) {
		seen += slots[i];
		if (p50 < 0 && seen * 2 >= count)
			p50 = i;
		if (p99 < 0 && seen * 100 >= count * 99)
			p99 = i;
	}
	if (!count) {
		printf("none\n");
		return;
	}
	printf("%llu, mean %llu%s, half below %llu, 99%% below %llu\n", (unsigned long long)count,
	       (unsigned long long)(sum / count), s->duration ? " ns" : "", 2ULL << p50, 2ULL << p99);
}

/* All numbers of one entity; in JSON with a comma before all but the first. */
static void print_entry(const struct group *g, __u32 key, const void *values, bool first)
{
	int i;

	if (as_json)
		printf("%s{\"per\":\"%s\",\"id\":%u", first ? "" : ",", g->per, key);
	for (i = 0; i < g->nr_stats; i++) {
		const struct figure *s = &g->stats[i];

		if (as_json)
			printf(",\"%s\":", s->name);
		else if (g->keyed && !key)
			printf("%s of every %s that is gone: ", s->name, g->per);
		else if (g->keyed || g->entries > 1)
			printf("%s of %s %u: ", s->name, g->per, key);
		else
			printf("%s: ", s->name);
		if (s->histogram)
			print_histogram(values, g, s);
		else
			printf(as_json ? "%llu" : "%llu\n", (unsigned long long)number_at(values, g, s->offset));
	}
	if (as_json)
		printf("}");
}

static bool is_gone(__u32 id)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", id);
	return access(path, F_OK) != 0;
}

/* Adds the numbers of those that are gone up and gives their places free, once half of the places are taken. */
static void fold_gone(struct group *g)
{
	size_t size = (g->size + 7) / 8 * 8;
	__u64 *values = calloc(nr_cpus, size);
	__u32 key, next, n = 0;
	size_t i;
	bool more;

	if (!g->gone)
		g->gone = calloc(nr_cpus, size);
	for (more = !bpf_map_get_next_key(g->map, NULL, &key); more; more = !bpf_map_get_next_key(g->map, &key, &key))
		n++;
	if (n > g->entries / 2 && values && g->gone) {
		for (more = !bpf_map_get_next_key(g->map, NULL, &key); more; key = next) {
			more = !bpf_map_get_next_key(g->map, &key, &next);
			if (!is_gone(key) || bpf_map_lookup_elem(g->map, &key, values))
				continue;
			for (i = 0; i < nr_cpus * size / 8; i++)
				((__u64 *)g->gone)[i] += values[i];
			bpf_map_delete_elem(g->map, &key);
		}
	}
	free(values);
}

static bool is_zero(const void *values, size_t size)
{
	const char *bytes = values;

	return !size || (!bytes[0] && !memcmp(bytes, bytes + 1, size - 1));
}

static bool print_group(const struct group *g, bool first)
{
	size_t size = (g->size + 7) / 8 * 8 * (g->percpu ? nr_cpus : 1);
	__u32 key = 0, previous = 0;
	void *values = calloc(1, size);
	bool more;

	if (!values)
		return first;
	if (g->keyed) {
		for (more = !bpf_map_get_next_key(g->map, NULL, &key); more;
		     previous = key, more = !bpf_map_get_next_key(g->map, &previous, &key)) {
			if (bpf_map_lookup_elem(g->map, &key, values))
				continue;
			print_entry(g, key, values, first);
			first = false;
		}
		if (g->gone && !is_zero(g->gone, size)) {
			print_entry(g, 0, g->gone, first);
			first = false;
		}
	} else {
		for (key = 0; key < g->entries; key++) {
			if (bpf_map_lookup_elem(g->map, &key, values) || (g->entries > 1 && is_zero(values, size)))
				continue;
			print_entry(g, key, values, first);
			first = false;
		}
	}
	free(values);
	return first;
}

static void print_groups(const struct group *groups, int nr)
{
	bool first = true;
	int i;

	for (i = 0; i < nr; i++)
		first = print_group(&groups[i], first);
}

static const struct figure global_stats[] = {
	{ "events", offsetof(struct global_stats, events), false, false },
	{ "lengths", offsetof(struct global_stats, lengths), true, true },
};

static const struct figure cpu_stats[] = {
	{ "per_cpu", offsetof(struct cpu_stats, per_cpu), false, false },
};

static const struct figure task_stats[] = {
	{ "per_task", offsetof(struct task_stats, per_task), false, false },
};

static const struct figure vcpu_stats[] = {
	{ "per_vcpu", offsetof(struct vcpu_stats, per_vcpu), false, false },
};

static const struct figure vm_stats[] = {
	{ "per_vm", offsetof(struct vm_stats, per_vm), false, false },
	{ "vm_lengths", offsetof(struct vm_stats, vm_lengths), true, true },
};

static void print_health(const struct pv_health *h)
{
	if (as_json) {
		printf("\"health\":{\"requests_dropped\":%llu,\"states_lost\":%llu,\"stats_lost\":%llu,\"updates_lost\":%llu}",
		       (unsigned long long)h->requests_dropped, (unsigned long long)h->states_lost,
		       (unsigned long long)h->stats_lost, (unsigned long long)h->updates_lost);
		return;
	}
	if (h->requests_dropped)
		printf("%llu requests were dropped: the agent was too slow\n", (unsigned long long)h->requests_dropped);
	if (h->states_lost)
		printf("%llu times there was no room for state\n", (unsigned long long)h->states_lost);
	if (h->stats_lost)
		printf("%llu times there was no room to count\n", (unsigned long long)h->stats_lost);
	if (h->updates_lost)
		printf("%llu updates were lost to other CPUs\n", (unsigned long long)h->updates_lost);
}

/* Names of the threads of vCPUs: QEMU, Firecracker, Cloud Hypervisor, crosvm, kvmtool. */
static const char *const vcpu_names[] = { "CPU %d/KVM", "fc_vcpu %d", "vcpu%d", "crosvm_vcpu%d", "kvm-vcpu-%d" };

/* The vCPU's number in the name of a thread; -1: the name is another one, or the thread is gone. */
static int vcpu_number(pid_t tgid, const char *tid)
{
	char path[64], name[32];
	FILE *file;
	size_t i;
	int number = -1;

	/* task/../comm is the process's own. */
	if (tid[0] == '.')
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/comm", tgid, tid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	if (fgets(name, sizeof(name), file))
		for (i = 0; number < 0 && i < ARRAY_SIZE(vcpu_names); i++)
			if (sscanf(name, vcpu_names[i], &number) != 1)
				number = -1;
	fclose(file);
	return number;
}

static DIR *threads_of(pid_t tgid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", tgid);
	return opendir(path);
}

static bool names_suffice;

/* Before 6.10 a program that is run, not attached, cannot look for a thread (kernel/bpf/helpers.c:kfunc_init). */
static bool can_meet_vcpus(void)
{
	struct utsname kernel;
	int major = 0, minor = 0;

	return !uname(&kernel) && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 10));
}

/* Anyone can give a thread such a name; a process that runs vCPUs holds their files. */
static bool holds_vcpus(const char *pid)
{
	char path[64], target[32];
	struct dirent *file;
	bool holds = false;
	ssize_t size;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	dir = opendir(path);
	while (dir && !holds && (file = readdir(dir))) {
		size = readlinkat(dirfd(dir), file->d_name, target, sizeof(target));
		holds = size > 19 && !strncmp(target, "anon_inode:kvm-vcpu", 19);
	}
	if (dir)
		closedir(dir);
	return holds;
}

/* KVM tells of a vCPU when it enters its guest: of one that is halted, not before it is woken. */
static void meet_vcpus(int program)
{
	struct dirent *process, *thread;
	struct pv_meeting who;
	DIR *all = opendir("/proc"), *threads;
	pid_t tgid;
	int number;

	LIBBPF_OPTS(bpf_test_run_opts, once, .ctx_in = &who, .ctx_size_in = sizeof(who));
	while (program >= 0 && all && (process = readdir(all))) {
		tgid = strtoul(process->d_name, NULL, 10);
		if (!tgid || !(names_suffice || holds_vcpus(process->d_name)))
			continue;
		threads = threads_of(tgid);
		while (threads && (thread = readdir(threads))) {
			number = vcpu_number(tgid, thread->d_name);
			if (number < 0)
				continue;
			who.tid = strtoul(thread->d_name, NULL, 10);
			who.number = number;
			bpf_prog_test_run_opts(program, &once);
		}
		if (threads)
			closedir(threads);
	}
	if (all)
		closedir(all);
}

#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#define CAPABILITY(n) (1ULL << (n))
#define KEPT_CAPABILITIES (CAPABILITY(CAP_BPF) | CAPABILITY(CAP_SYS_NICE) | CAPABILITY(CAP_IPC_LOCK) | CAPABILITY(CAP_DAC_OVERRIDE))

/* Of the capabilities that it has, uses those in the first set, and keeps those in the second. */
static int limit_capabilities(__u64 used, __u64 kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int i;

	if (syscall(SYS_capget, &header, data))
		return -1;
	for (i = 0; i < 2; i++) {
		data[i].permitted &= (__u32)(kept >> 32 * i);
		data[i].effective = data[i].permitted & (__u32)(used >> 32 * i);
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data);
}

/* Gives up for good what only loading and attaching needs. */
static void drop_privileges(void)
{
	__u64 kept = KEPT_CAPABILITIES;

	/* Where /proc is mounted with hidepid, it shows the threads of others only to whom may trace them. */
	if (limit_capabilities(kept, ~0ULL) || access("/proc/1/stat", R_OK))
		kept |= CAPABILITY(CAP_SYS_PTRACE);
	if (limit_capabilities(kept, kept) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		complain("cannot give up privileges: %s", strerror(errno));
}

/* The kernel's struct of that name; C libraries have it only lately. */
struct pv_sched_attr {
	__u32 size;
	__u32 sched_policy;
	__u64 sched_flags;
	__s32 sched_nice;
	__u32 sched_priority;
	__u64 sched_runtime;
	__u64 sched_deadline;
	__u64 sched_period;
	__u32 sched_util_min;
	__u32 sched_util_max;
};

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif
#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#define PR_SCHED_CORE_CREATE 1
#define PR_SCHED_CORE_SHARE_TO 2
#endif
#define PV_THREAD_GROUP 1
#define PV_RESET_ON_FORK 0x01
#define PV_UTIL_CLAMP 0x60

/* A thread that the agent has changed. */
struct thread {
	pid_t tid;			/* 0: a free place */
	unsigned long long started;	/* tells it from a later thread with the same id */
	struct pv_sched_attr before;	/* what it had when the agent met it */
	struct pv_sched_attr base;	/* what it gets back when a boost ends */
	bool scheduled;			/* its scheduling was changed */
	bool boosted;
	bool pinned;
	bool tagged;			/* it and its whole process may share a core with nobody else */
	__u64 until;			/* when the boost ends, ns of CLOCK_MONOTONIC */
	cpu_set_t affinity;		/* before it was pinned */
};

#define MAX_THREADS 4096

/* Shared with the watchdog. */
static struct thread *threads;

static int get_attr(pid_t tid, struct pv_sched_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	return syscall(SYS_sched_getattr, tid, attr, sizeof(*attr), 0);
}

static int set_attr(pid_t tid, const struct pv_sched_attr *attr)
{
	struct pv_sched_attr copy = *attr;

	copy.size = sizeof(copy);
	return syscall(SYS_sched_setattr, tid, &copy, 0);
}

/* Slice of threads that asked for none, as the kernel reports it (6.12 on). Given back, it would be asked for. */
static __u64 default_slice;

/* When the thread began, in clock ticks since boot; 0 when it is gone. */
static unsigned long long start_time(pid_t tid)
{
	char path[64], line[1024], *at;
	unsigned long long ticks = 0;
	FILE *file;
	int field;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file)) {
		/* The name may hold spaces and brackets: count fields from the last one. */
		at = strrchr(line, ')');
		for (field = 2; at && field < 22; field++)
			at = strchr(at + 1, ' ');
		if (at)
			ticks = strtoull(at, NULL, 10);
	}
	fclose(file);
	return ticks;
}

/* Is it still there? Its id may be that of another thread by now. */
static bool lives(const struct thread *t)
{
	return t->tid && start_time(t->tid) == t->started;
}

static struct thread *known_thread(pid_t tid)
{
	int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (threads[i].tid == tid && lives(&threads[i]))
			return &threads[i];
	return NULL;
}

/* A place that nobody has, or whose thread is gone, for which /proc has to be asked; NULL without one. */
static struct thread *free_place(void)
{
	int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (!threads[i].tid)
			return &threads[i];
	for (i = 0; i < MAX_THREADS; i++)
		if (!lives(&threads[i]))
			return &threads[i];
	return NULL;
}

/* The record of the thread, made before it is changed for the first time; NULL when it is gone. */
static struct thread *meet_thread(pid_t tid)
{
	struct thread *t = known_thread(tid);
	struct pv_sched_attr attr;
	unsigned long long started;

	if (t || get_attr(tid, &attr))
		return t;
	started = start_time(tid);
	if (!started)
		return NULL;
	t = free_place();
	if (!t) {
		complain("no room to remember thread %d: it stays as it is", tid);
		return NULL;
	}
	if (attr.sched_policy != SCHED_DEADLINE && attr.sched_runtime == default_slice)
		attr.sched_runtime = 0;
	memset(t, 0, sizeof(*t));
	t->started = started;
	t->before = attr;
	t->base = attr;
	t->tid = tid;
	return t;
}

/* Says what a thread does not get back, unless it is gone. */
static void tell_left(pid_t tid, const char *what)
{
	if (errno != ESRCH)
		complain("cannot give thread %d back %s: %s", tid, what, strerror(errno));
}

/* Gives a thread back what it had before the agent met it. */
static void restore_thread(struct thread *t)
{
	if (!lives(t))
		return;
	if (t->scheduled && set_attr(t->tid, &t->before))
		tell_left(t->tid, "its scheduling");
	if (t->pinned && sched_setaffinity(t->tid, sizeof(t->affinity), &t->affinity))
		tell_left(t->tid, "its CPUs");
	/* This process has no tag, which it can give to others. */
	if (t->tagged)
		prctl(PR_SCHED_CORE, PR_SCHED_CORE_SHARE_TO, t->tid, PV_THREAD_GROUP, 0);
}

static void restore_threads(void)
{
	int i;

	for (i = 0; i < MAX_THREADS; i++) {
		restore_thread(&threads[i]);
		threads[i].tid = 0;
	}
}

static void do_boost(const struct pv_request *r)
{
	struct thread *t = meet_thread(r->tid);
	struct pv_sched_attr attr = {};

	if (!t || r->until <= now_ns())
		return;
	attr.sched_policy = r->arg[0];
	/* Other threads that it starts are not to have the priority. */
	attr.sched_flags = PV_RESET_ON_FORK;
	if (attr.sched_policy == SCHED_FIFO || attr.sched_policy == SCHED_RR)
		attr.sched_priority = r->arg[1];
	t->scheduled = true;
	t->boosted = true;
	t->until = r->until;
	if (set_attr(r->tid, &attr)) {
		complain("cannot boost thread %u: %s", r->tid, strerror(errno));
		t->boosted = false;
	}
}

static void end_boost(struct thread *t)
{
	if (!t->boosted)
		return;
	t->boosted = false;
	t->until = 0;
	if (lives(t) && set_attr(t->tid, &t->base))
		tell_left(t->tid, "its scheduling");
}

/* Ends the boosts whose time is over; gives the time of the next one to end, 0 without one. */
static __u64 end_boosts(void)
{
	__u64 now = now_ns(), next = 0;
	int i;

	for (i = 0; i < MAX_THREADS; i++) {
		struct thread *t = &threads[i];

		if (!t->tid || !t->boosted)
			continue;
		if (t->until <= now)
			end_boost(t);
		else if (!next || t->until < next)
			next = t->until;
	}
	return next;
}

/* Takes over what the policy wants of a thread: now, or when its boost ends. */
static void set_base(struct thread *t)
{
	t->scheduled = true;
	if (!t->boosted && set_attr(t->tid, &t->base))
		complain("cannot change the scheduling of thread %d: %s", t->tid, strerror(errno));
}

static void do_set_nice(const struct pv_request *r)
{
	struct thread *t = meet_thread(r->tid);

	if (!t)
		return;
	t->base.sched_nice = r->arg[0];
	set_base(t);
}

/* Weights of nice -20 to 19 in units of which 100 is nice 0 (sched_prio_to_weight of the kernel, scaled). */
static const int weights[40] = {
	8668, 7007, 5516, 4519, 3544, 2847, 2271, 1827, 1460, 1164,
	932, 744, 596, 479, 381, 305, 244, 194, 155, 125,
	100, 80, 64, 51, 41, 33, 27, 21, 17, 13,
	11, 8, 7, 5, 4, 4, 3, 2, 2, 1,
};

static void do_set_weight(const struct pv_request *r)
{
	struct thread *t = meet_thread(r->tid);
	int i, nice = 0;

	if (!t)
		return;
	for (i = 1; i < 40; i++)
		if (llabs(weights[i] - r->arg[0]) < llabs(weights[nice] - r->arg[0]))
			nice = i;
	t->base.sched_nice = nice - 20;
	set_base(t);
}

static void do_set_uclamp(const struct pv_request *r)
{
	struct thread *t = meet_thread(r->tid);

	if (!t)
		return;
	t->base.sched_flags |= PV_UTIL_CLAMP;
	t->base.sched_util_min = r->arg[0] < 1024 ? r->arg[0] : 1024;
	t->base.sched_util_max = r->arg[1] < 1024 ? r->arg[1] : 1024;
	t->before.sched_flags |= PV_UTIL_CLAMP;
	set_base(t);
}

static void do_pin(const struct pv_request *r)
{
	struct thread *t = meet_thread(r->tid);
	cpu_set_t cpus;
	int cpu;

	if (!t)
		return;
	if (!t->pinned && sched_getaffinity(r->tid, sizeof(t->affinity), &t->affinity))
		return;
	CPU_ZERO(&cpus);
	for (cpu = 0; cpu < PV_MASK_WORDS * 64 && cpu < CPU_SETSIZE; cpu++)
		if (r->mask[cpu / 64] >> (cpu % 64) & 1)
			CPU_SET(cpu, &cpus);
	t->pinned = true;
	if (sched_setaffinity(r->tid, sizeof(cpus), &cpus))
		complain("cannot pin thread %u: %s", r->tid, strerror(errno));
}

static void do_unpin(const struct pv_request *r)
{
	struct thread *t = known_thread(r->tid);

	if (!t || !t->pinned)
		return;
	if (sched_setaffinity(r->tid, sizeof(t->affinity), &t->affinity))
		tell_left(r->tid, "its CPUs");
	else
		t->pinned = false;
}

/* A file that the agent wrote to, with what it held before. Shared with the watchdog. */
struct setting {
	char path[256];		/* "": a free place */
	char before[64];
};

#define MAX_SETTINGS 1024

static struct setting *settings;

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* Writes to the file and remembers what it held. */
static void change_setting(const char *path, const char *text)
{
	struct setting *s = NULL;
	FILE *file;
	int i, err;

	for (i = 0; i < MAX_SETTINGS && strcmp(settings[i].path, path); i++)
		if (!s && !settings[i].path[0])
			s = &settings[i];
	if (i == MAX_SETTINGS) {
		file = fopen(path, "r");
		if (!s || !file || !fgets(s->before, sizeof(s->before), file)) {
			complain("cannot read %s", path);
			if (file)
				fclose(file);
			return;
		}
		fclose(file);
		snprintf(s->path, sizeof(s->path), "%s", path);
	}
	err = write_text(path, text);
	if (err)
		complain("cannot write \"%s\" to %s: %s", text, path, strerror(-err));
}

static void restore_settings(void)
{
	int i, err;

	for (i = 0; i < MAX_SETTINGS; i++) {
		struct setting *s = &settings[i];

		err = s->path[0] ? write_text(s->path, s->before) : 0;
		/* A cgroup goes with its VM. */
		if (err && err != -ENOENT)
			complain("cannot give %s back what it held: %s", s->path, strerror(-err));
		s->path[0] = 0;
	}
}

/* Threads of the process that have the name of a vCPU's. */
static int count_vcpus(pid_t tgid)
{
	DIR *dir = threads_of(tgid);
	struct dirent *thread;
	int n = 0;

	while (dir && (thread = readdir(dir)))
		n += vcpu_number(tgid, thread->d_name) >= 0;
	if (dir)
		closedir(dir);
	return n;
}

/* cpu.max of the cgroup (version 2) that the VM's process is in. */
static void do_cap(const struct pv_request *r)
{
	char path[256], line[256], text[64];
	int vcpus = count_vcpus(r->tgid);
	const long period = 100000;
	bool found = false;
	FILE *file;

	if (!vcpus) {
		complain("cannot cap process %u: no thread of it has the name of a vCPU", r->tgid);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%u/cgroup", r->tgid);
	file = fopen(path, "r");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "0::/", 4) || !line[4])
			continue;
		if (snprintf(path, sizeof(path), "/sys/fs/cgroup%.200s/cpu.max", line + 3) < (int)sizeof(path)) {
			found = true;
			snprintf(text, sizeof(text), "%lld %ld",
				 (long long)(r->arg[0] * period * vcpus / 1024), period);
			change_setting(path, text);
		}
	}
	fclose(file);
	if (!found)
		complain("cannot cap process %u: it is in no cgroup (version 2) but the root", r->tgid);
}

static void restore_all(void)
{
	restore_threads();
	restore_settings();
}

static int agent_prio = 60;

/* Behind what the policy boosts, nobody could end the boost. */
static int run_ahead(void)
{
	struct sched_param param = { .sched_priority = agent_prio };

	mlockall(MCL_CURRENT | MCL_FUTURE);
	return agent_prio ? sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) : 0;
}

/*
 * Undoes everything when this process is gone, also when it was killed: the pipe to it closes with it. It starts
 * before anything is changed.
 */
static int start_watchdog(void)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	switch (fork()) {
	case -1:
		return -errno;
	case 0:
		close(ends[1]);
		/* Where it cannot, the agent cannot either, and says so. */
		(void)run_ahead();
		drop_privileges();
		setsid();
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		restore_all();
		_exit(0);
	default:
		close(ends[0]);
		return 0;
	}
}

static const char *const events[] = {
	"heavy load",
};

static void do_signal(const struct pv_request *r)
{
	if (r->arg[0] >= 0 && r->arg[0] < (long)ARRAY_SIZE(events))
		fprintf(stderr, "%llu.%06llu %s\n", (unsigned long long)r->at / 1000000000,
			(unsigned long long)r->at / 1000 % 1000000, events[r->arg[0]]);
}

static const char *const actions[] = {
	[PV_BOOST] = "boost",
	[PV_SET_NICE] = "set_nice",
	[PV_SET_WEIGHT] = "set_weight",
	[PV_SET_UCLAMP] = "set_uclamp",
	[PV_PIN] = "pin",
	[PV_UNPIN] = "unpin",
	[PV_CAP] = "cap",
	[PV_SIGNAL] = "signal",
};

static int on_request(void *ctx, void *data, size_t size)
{
	const struct pv_request *r = data;

	(void)ctx;
	if (size < sizeof(*r))
		return 0;
	if (verbose && r->action < ARRAY_SIZE(actions))
		fprintf(stderr, "line %u: %s of thread %u, process %u, after %llu us\n", r->line,
			actions[r->action], r->tid, r->tgid, (unsigned long long)(now_ns() - r->at) / 1000);
	switch (r->action) {
	case PV_BOOST:
		do_boost(r);
		break;
	case PV_SET_NICE:
		do_set_nice(r);
		break;
	case PV_SET_WEIGHT:
		do_set_weight(r);
		break;
	case PV_SET_UCLAMP:
		do_set_uclamp(r);
		break;
	case PV_PIN:
		do_pin(r);
		break;
	case PV_UNPIN:
		do_unpin(r);
		break;
	case PV_CAP:
		do_cap(r);
		break;
	case PV_SIGNAL:
		do_signal(r);
		break;
	}
	return 0;
}

/* Has the kernel KVM's tracepoints, built in or in a module that is loaded? */
static bool kvm_is_there(void)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	bool there = libbpf_find_vmlinux_btf_id("kvm_entry", BPF_TRACE_RAW_TP) >= 0 || !access("/sys/kernel/btf/kvm", F_OK);

	libbpf_set_print(print);
	return there;
}

static struct bpf_link **links;
static int nr_links;

static int fail(const char *what)
{
	int err = errno ? -errno : -1;

	fprintf(stderr, "%s: %s\n", what, strerror(-err));
	return err;
}

static int attach(struct kitchen_bpf *skel)
{
	struct bpf_program *prog;
	struct bpf_link *link;
	int nr = 1;

	bpf_object__for_each_program(prog, skel->obj)
		nr++;
	links = calloc(nr, sizeof(*links));
	if (!links)
		return fail("cannot attach the programs");
	bpf_object__for_each_program(prog, skel->obj) {
		if (bpf_program__type(prog) != BPF_PROG_TYPE_TRACING || !bpf_program__autoload(prog))
			continue;
		link = bpf_program__attach(prog);
		if (!link)
			return fail(bpf_program__name(prog));
		links[nr_links++] = link;
	}

	return 0;
}

static void detach(void)
{
	while (nr_links > 0)
		bpf_link__destroy(links[--nr_links]);
	free(links);
}

static void *place_of(struct kitchen_bpf *skel, int param)
{
	switch (param) {
	case 0:
		return (void *)&skel->rodata->limit;
	case 1:
		return (void *)&skel->rodata->share;
	case 2:
		return (void *)&skel->rodata->on_top;
	case 3:
		return (void *)&skel->data->level;
	}
	abort();
}

static bool running;
static bool given[4];
static const bool tunable[] = { false, false, false, true };

/* Is it a process of this very program, whose variables are then where they are here? */
static bool runs_this(const char *pid)
{
	struct stat own, other;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.16s/exe", pid);
	return !stat("/proc/self/exe", &own) && !stat(path, &other) && own.st_dev == other.st_dev &&
	       own.st_ino == other.st_ino && atoi(pid) != getpid();
}

/* The map of that name which a process has open, as a file descriptor; -1: it has none. */
static int map_of(const char *pid, const char *name)
{
	char path[64], line[256];
	struct dirent *entry;
	int fd = -1;
	FILE *file;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.16s/fdinfo", pid);
	dir = opendir(path);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", pid, entry->d_name);
		file = fopen(path, "r");
		while (file && fd < 0 && fgets(line, sizeof(line), file)) {
			struct bpf_map_info info = {};
			__u32 id, size = sizeof(info);

			if (sscanf(line, "map_id: %u", &id) != 1)
				continue;
			fd = bpf_map_get_fd_by_id(id);
			if (fd >= 0 && (bpf_obj_get_info_by_fd(fd, &info, &size) || strcmp(info.name, name))) {
				close(fd);
				fd = -1;
			}
		}
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* Stores the tunables that were given where the programs of a running policy read them. */
static int change_running(struct kitchen_bpf *skel)
{
	const size_t size = sizeof(*skel->data);
	DIR *all = opendir("/proc");
	struct dirent *process;
	int fd, changed = 0;
	char *data;
	size_t i;

	while (all && (process = readdir(all))) {
		if (!atoi(process->d_name) || !runs_this(process->d_name))
			continue;
		fd = map_of(process->d_name, bpf_map__name(skel->maps.data));
		if (fd < 0)
			continue;
		data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (data == MAP_FAILED) {
			complain("cannot change process %s: %s", process->d_name, strerror(errno));
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(params); i++) {
			const char *value = place_of(skel, i);
			char *place = data + (value - (const char *)skel->data);
			__u64 number = 0;

			if (!given[i])
				continue;
			/* In one step, for the programs may be reading it. */
			memcpy(&number, value, params[i].size);
			store_number(place, params[i].size, number);
		}
		munmap(data, size);
		changed++;
	}
	if (all)
		closedir(all);
	if (!changed)
		complain("kitchen does not run");
	return changed ? 0 : -ESRCH;
}

static void usage(FILE *out)
{
	size_t i;

	fprintf(out, "usage: kitchen [OPTION]...\n"
	       "  --seconds N            stop after N seconds\n"
	       "  --interval N           report every N seconds, not only at the end\n"
	       "  --json                 report as JSON\n"
	       "  --verbose              tell of every request\n"
	       "  --agent-prio N         SCHED_FIFO priority of the agent itself (60); 0: none\n"
	       "  --vcpu-names           trust the names of vCPU threads, also where no KVM is seen\n"
	       "  --running              change tunables of the policy that runs, and end\n"
	       );
	for (i = 0; i < ARRAY_SIZE(params); i++)
		fprintf(out, "  --%-20s %s\n", params[i].name, params[i].doc);
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		fprintf(out, "  --%s KEY=VALUE\n                         %s\n", tables[i].name, tables[i].doc);
}

static int seconds, interval;

static int read_count(const char *name, const char *text, int most, int *value)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < 0 || number > most) {
		fprintf(stderr, "--%s: '%s' is no whole number from 0 to %d\n", name, text, most);
		return -EINVAL;
	}
	*value = number;
	return 0;
}

/* One option with its value; 1 where the option takes no value. */
static int read_option(struct kitchen_bpf *skel, const char *name, const char *value)
{
	size_t i;

	if (!strcmp(name, "json")) {
		as_json = true;
		return 1;
	}
	if (!strcmp(name, "verbose")) {
		verbose = true;
		return 1;
	}
	if (!strcmp(name, "vcpu-names")) {
		names_suffice = true;
		return 1;
	}
	if (!strcmp(name, "running")) {
		running = true;
		return 1;
	}
	if (!value) {
		fprintf(stderr, "--%s needs a value, or there is no such option\n", name);
		return -EINVAL;
	}
	if (!strcmp(name, "seconds"))
		return read_count(name, value, 1000000000, &seconds);
	if (!strcmp(name, "interval"))
		return read_count(name, value, 1000000000, &interval);
	if (!strcmp(name, "agent-prio"))
		return read_count(name, value, 99, &agent_prio);
	if (!strcmp(name, "class-of"))
		return add_entry(&tables[0], value);
	if (!strcmp(name, "quota"))
		return add_entry(&tables[1], value);
	if (!strcmp(name, "home"))
		return add_entry(&tables[2], value);
	if (!strcmp(name, "nice-of"))
		return add_entry(&tables[3], value);
	for (i = 0; i < ARRAY_SIZE(params); i++) {
		if (strcmp(name, params[i].name))
			continue;
		given[i] = true;
		return set_param(&params[i], place_of(skel, i), value);
	}
	fprintf(stderr, "there is no option --%s\n", name);
	return -EINVAL;
}

static int read_options(struct kitchen_bpf *skel, int argc, char **argv)
{
	int i, used;

	for (i = 1; i < argc; i++) {
		char *name = argv[i], *equals = strchr(name, '=');
		char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strncmp(name, "--", 2)) {
			fprintf(stderr, "'%s' is no option\n", name);
			return -EINVAL;
		}
		/* --name=value, where the value may hold a '=' of its own. */
		if (equals) {
			*equals = 0;
			value = equals + 1;
		}
		used = read_option(skel, name + 2, value);
		if (used < 0)
			return used;
		if (!used && !equals)
			i++;
	}
	for (i = 0; running && i < (int)ARRAY_SIZE(params); i++) {
		if (given[i] && !tunable[i]) {
			fprintf(stderr, "--%s cannot change while the policy runs\n", params[i].name);
			return -EINVAL;
		}
	}
	return 0;
}

static struct group groups[5];

static void find_groups(struct kitchen_bpf *skel)
{
	groups[0] = (struct group){
		.per = "global",
		.map = bpf_map__fd(skel->maps.global_stats),
		.size = sizeof(struct global_stats),
		.keyed = false,
		.percpu = true,
		.entries = 1,
		.stats = global_stats,
		.nr_stats = sizeof(global_stats) / sizeof(global_stats[0]),
	};
	groups[1] = (struct group){
		.per = "cpu",
		.map = bpf_map__fd(skel->maps.cpu_stats),
		.size = sizeof(struct cpu_stats),
		.keyed = false,
		.percpu = false,
		.entries = nr_cpus,
		.stats = cpu_stats,
		.nr_stats = sizeof(cpu_stats) / sizeof(cpu_stats[0]),
	};
	groups[2] = (struct group){
		.per = "task",
		.map = bpf_map__fd(skel->maps.task_stats),
		.size = sizeof(struct task_stats),
		.keyed = true,
		.percpu = true,
		.entries = bpf_map__max_entries(skel->maps.task_stats),
		.stats = task_stats,
		.nr_stats = sizeof(task_stats) / sizeof(task_stats[0]),
	};
	groups[3] = (struct group){
		.per = "vcpu",
		.map = bpf_map__fd(skel->maps.vcpu_stats),
		.size = sizeof(struct vcpu_stats),
		.keyed = true,
		.percpu = true,
		.entries = bpf_map__max_entries(skel->maps.vcpu_stats),
		.stats = vcpu_stats,
		.nr_stats = sizeof(vcpu_stats) / sizeof(vcpu_stats[0]),
	};
	groups[4] = (struct group){
		.per = "vm",
		.map = bpf_map__fd(skel->maps.vm_stats),
		.size = sizeof(struct vm_stats),
		.keyed = true,
		.percpu = true,
		.entries = bpf_map__max_entries(skel->maps.vm_stats),
		.stats = vm_stats,
		.nr_stats = sizeof(vm_stats) / sizeof(vm_stats[0]),
	};
}

static void report(struct kitchen_bpf *skel)
{
	if (as_json)
		printf("{\"policy\":\"kitchen\",\"stats\":[");
	print_groups(groups, ARRAY_SIZE(groups));
	if (as_json)
		printf("],");
	print_health(&skel->bss->pv_health);
	if (as_json)
		printf("}\n");
	fflush(stdout);
}

static void wait_for_end(struct kitchen_bpf *skel, struct ring_buffer *ring)
{
	__u64 start = now_ns(), end = seconds ? start + seconds * 1000000000ULL : 0;
	__u64 tick = start, due = interval ? start + interval * 1000000000ULL : 0;
	struct pollfd ready = { .fd = ring_buffer__epoll_fd(ring), .events = POLLIN };
	struct timespec timeout;
	sigset_t none;
	__u64 now, wake, next;
	size_t i;

	sigemptyset(&none);
	while (!stopped) {
		now = now_ns();
		if (end && now >= end)
			break;
		if (now >= tick) {
			fill_table(&tables[0], bpf_map__fd(skel->maps.class_of_table));
			fill_by_name(&tables[1], bpf_map__fd(skel->maps.quota_table));
			fill_table(&tables[2], bpf_map__fd(skel->maps.home_table));
			fill_table(&tables[3], bpf_map__fd(skel->maps.nice_of_table));
			if (names_suffice)
				meet_vcpus(bpf_program__fd(skel->progs.pv_meet_vcpu));
			for (i = 0; i < ARRAY_SIZE(groups); i++)
				if (groups[i].keyed)
					fold_gone(&groups[i]);
			tick += 1000000000ULL;
		}
		if (due && now >= due) {
			report(skel);
			due += interval * 1000000000ULL;
		}
		wake = tick;
		if (end && end < wake)
			wake = end;
		next = end_boosts();
		if (next && next < wake)
			wake = next;
		now = now_ns();
		wake = wake > now ? wake - now : 0;
		timeout.tv_sec = wake / 1000000000;
		timeout.tv_nsec = wake % 1000000000;
		if (ppoll(&ready, 1, &timeout, &none) > 0)
			ring_buffer__consume(ring);
	}
}

static int run(struct kitchen_bpf *skel)
{
	LIBBPF_OPTS(bpf_test_run_opts, once);
	struct ring_buffer *ring;
	struct pv_sched_attr own;
	int err;

	nr_cpus = libbpf_num_possible_cpus();
	skel->rodata->pv_nr_cpus = nr_cpus;
	bpf_map__set_max_entries(skel->maps.cpus, nr_cpus);
	bpf_map__set_max_entries(skel->maps.cpu_stats, nr_cpus);
	bpf_program__set_autoload(skel->progs.pv_meet_vcpu, can_meet_vcpus());
	if (!kvm_is_there()) {
		fprintf(stderr, "KVM is not loaded: load the module kvm first (modprobe kvm_intel or kvm_amd)\n");
		return -ENOENT;
	}
	threads = mmap(NULL, MAX_THREADS * sizeof(*threads), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (threads == MAP_FAILED)
		return fail("no memory");
	settings = mmap(NULL, MAX_SETTINGS * sizeof(*settings), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (settings == MAP_FAILED)
		return fail("no memory");
	err = get_attr(0, &own);
	default_slice = err ? 0 : own.sched_runtime;
	err = start_watchdog();
	if (err)
		return fail("cannot start the watchdog");
	err = kitchen_bpf__load(skel);
	if (err)
		return fail("cannot load the programs");
	fill_table(&tables[0], bpf_map__fd(skel->maps.class_of_table));
	fill_by_name(&tables[1], bpf_map__fd(skel->maps.quota_table));
	fill_table(&tables[2], bpf_map__fd(skel->maps.home_table));
	fill_table(&tables[3], bpf_map__fd(skel->maps.nice_of_table));
	ring = ring_buffer__new(bpf_map__fd(skel->maps.requests), on_request, NULL, NULL);
	if (!ring)
		return fail("cannot open the ring buffer");
	if (run_ahead())
		fail("cannot run with a real-time priority");
	find_groups(skel);
	meet_vcpus(bpf_program__fd(skel->progs.pv_meet_vcpu));
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.pv_start), &once))
		return fail("cannot run pv_start");
	if (once.retval) {
		errno = -(int)once.retval;
		return fail("cannot start the timers");
	}
	err = attach(skel);
	if (!err) {
		drop_privileges();
		wait_for_end(skel, ring);
	}
	detach();
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
	restore_all();
	if (!err)
		report(skel);
	return err;
}

/* The exit status: 1 where something failed, 2 where the options are wrong. */
static int start(int argc, char **argv)
{
	struct kitchen_bpf *skel = kitchen_bpf__open();
	int status = 2;

	if (!skel) {
		fail("cannot open the programs");
		return 1;
	}
	if (read_options(skel, argc, argv))
		fprintf(stderr, "%s --help tells the options\n", argv[0]);
	else
		status = (running ? change_running(skel) : run(skel)) ? 1 : 0;
	kitchen_bpf__destroy(skel);
	return status;
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t ends;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			usage(stdout);
			return 0;
		}
	}
	/* They are let in while it waits, and nowhere else: none comes between a look at 'stopped' and the wait. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* nohup has it ignored. */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	libbpf_set_print(print_libbpf);
	return start(argc, argv);
}
