// SPDX-License-Identifier: GPL-2.0
/* Loader and agent of acts. Made from acts.pvpolicy: changes belong there, not here. */
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

#include "acts.h"
#include "acts.skel.h"

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

static const struct param params[] = {
	{ "share", "(25% unless set)", RATIO, 8, 0, LLONG_MAX, NULL },
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
#define KEPT_CAPABILITIES (CAPABILITY(CAP_BPF) | CAPABILITY(CAP_SYS_NICE) | CAPABILITY(CAP_IPC_LOCK) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_SYS_PTRACE))

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

/* KVM takes a limit for one VM from its own process only; what others can set holds for every VM. */
static void do_set_halt_poll(const struct pv_request *r)
{
	static bool said;
	char text[32];

	if (!said)
		complain("halt polling is limited for all VMs: only its own process can limit that of one");
	said = true;
	snprintf(text, sizeof(text), "%lld", (long long)r->arg[0]);
	change_setting("/sys/module/kvm/parameters/halt_poll_ns", text);
}

/* Threads with one tag share a core only with each other. */
static void do_core_tag(const struct pv_request *r)
{
	struct thread *t = meet_thread(r->tgid);

	if (!t || t->tagged)
		return;
	t->tagged = true;
	if (!prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, r->tgid, PV_THREAD_GROUP, 0))
		return;
	if (errno == EINVAL)
		complain("cannot tag process %u: the kernel is built without core scheduling (CONFIG_SCHED_CORE)", r->tgid);
	else if (errno == ENODEV)
		complain("cannot tag process %u: no core of the machine has several hardware threads", r->tgid);
	else
		complain("cannot tag process %u: %s", r->tgid, strerror(errno));
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
	"first",
};

static void do_signal(const struct pv_request *r)
{
	if (r->arg[0] >= 0 && r->arg[0] < (long)ARRAY_SIZE(events))
		fprintf(stderr, "%llu.%06llu %s\n", (unsigned long long)r->at / 1000000000,
			(unsigned long long)r->at / 1000 % 1000000, events[r->arg[0]]);
}

static const char *const actions[] = {
	[PV_PIN] = "pin",
	[PV_UNPIN] = "unpin",
	[PV_CAP] = "cap",
	[PV_SET_HALT_POLL] = "set_halt_poll",
	[PV_CORE_TAG] = "core_tag",
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
	case PV_PIN:
		do_pin(r);
		break;
	case PV_UNPIN:
		do_unpin(r);
		break;
	case PV_CAP:
		do_cap(r);
		break;
	case PV_SET_HALT_POLL:
		do_set_halt_poll(r);
		break;
	case PV_CORE_TAG:
		do_core_tag(r);
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

static int attach(struct acts_bpf *skel)
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

static void *place_of(struct acts_bpf *skel, int param)
{
	switch (param) {
	case 0:
		return (void *)&skel->rodata->share;
	}
	abort();
}

static void usage(FILE *out)
{
	size_t i;

	fprintf(out, "usage: acts [OPTION]...\n"
	       "  --seconds N            stop after N seconds\n"
	       "  --interval N           report every N seconds, not only at the end\n"
	       "  --json                 report as JSON\n"
	       "  --verbose              tell of every request\n"
	       "  --agent-prio N         SCHED_FIFO priority of the agent itself (60); 0: none\n"
	       "  --vcpu-names           trust the names of vCPU threads, also where no KVM is seen\n"
	       );
	for (i = 0; i < ARRAY_SIZE(params); i++)
		fprintf(out, "  --%-20s %s\n", params[i].name, params[i].doc);
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
static int read_option(struct acts_bpf *skel, const char *name, const char *value)
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
	for (i = 0; i < ARRAY_SIZE(params); i++) {
		if (strcmp(name, params[i].name))
			continue;
		return set_param(&params[i], place_of(skel, i), value);
	}
	fprintf(stderr, "there is no option --%s\n", name);
	return -EINVAL;
}

static int read_options(struct acts_bpf *skel, int argc, char **argv)
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
	return 0;
}

static void report(struct acts_bpf *skel)
{
	if (as_json)
		printf("{\"policy\":\"acts\",\"stats\":[");
	if (as_json)
		printf("],");
	print_health(&skel->bss->pv_health);
	if (as_json)
		printf("}\n");
	fflush(stdout);
}

static void wait_for_end(struct acts_bpf *skel, struct ring_buffer *ring)
{
	__u64 start = now_ns(), end = seconds ? start + seconds * 1000000000ULL : 0;
	__u64 tick = start, due = interval ? start + interval * 1000000000ULL : 0;
	struct pollfd ready = { .fd = ring_buffer__epoll_fd(ring), .events = POLLIN };
	struct timespec timeout;
	sigset_t none;
	__u64 now, wake;

	sigemptyset(&none);
	while (!stopped) {
		now = now_ns();
		if (end && now >= end)
			break;
		if (now >= tick) {
			if (names_suffice)
				meet_vcpus(bpf_program__fd(skel->progs.pv_meet_vcpu));
			tick += 1000000000ULL;
		}
		if (due && now >= due) {
			report(skel);
			due += interval * 1000000000ULL;
		}
		wake = tick;
		if (end && end < wake)
			wake = end;
		wake = wake > now ? wake - now : 0;
		timeout.tv_sec = wake / 1000000000;
		timeout.tv_nsec = wake % 1000000000;
		if (ppoll(&ready, 1, &timeout, &none) > 0)
			ring_buffer__consume(ring);
	}
}

static int run(struct acts_bpf *skel)
{
	struct ring_buffer *ring;
	struct pv_sched_attr own;
	int err;

	nr_cpus = libbpf_num_possible_cpus();
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
	err = acts_bpf__load(skel);
	if (err)
		return fail("cannot load the programs");
	ring = ring_buffer__new(bpf_map__fd(skel->maps.requests), on_request, NULL, NULL);
	if (!ring)
		return fail("cannot open the ring buffer");
	if (run_ahead())
		fail("cannot run with a real-time priority");
	meet_vcpus(bpf_program__fd(skel->progs.pv_meet_vcpu));
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
	struct acts_bpf *skel = acts_bpf__open();
	int status = 2;

	if (!skel) {
		fail("cannot open the programs");
		return 1;
	}
	if (read_options(skel, argc, argv))
		fprintf(stderr, "%s --help tells the options\n", argv[0]);
	else
		status = run(skel) ? 1 : 0;
	acts_bpf__destroy(skel);
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
