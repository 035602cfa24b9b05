/**
 * What the agent does to threads: it keeps what each had before in memory that it shares with a watchdog process, so
 * that everything is undone even when the agent is killed.
 */
export const THREADS = String.raw`
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
`;

/** Functions for actions on threads, by the action that needs them; each after those that it calls. */
export const THREAD_ACTIONS: Readonly<Record<string, string>> = {
  boost: String.raw`
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
`,
  unboost: String.raw`
static void do_unboost(const struct pv_request *r)
{
	struct thread *t = known_thread(r->tid);

	if (t)
		end_boost(t);
}
`,
  base: String.raw`
/* Takes over what the policy wants of a thread: now, or when its boost ends. */
static void set_base(struct thread *t)
{
	t->scheduled = true;
	if (!t->boosted && set_attr(t->tid, &t->base))
		complain("cannot change the scheduling of thread %d: %s", t->tid, strerror(errno));
}
`,
  set_nice: String.raw`
static void do_set_nice(const struct pv_request *r)
{
	struct thread *t = meet_thread(r->tid);

	if (!t)
		return;
	t->base.sched_nice = r->arg[0];
	set_base(t);
}
`,
  set_weight: String.raw`
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
`,
  set_uclamp: String.raw`
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
`,
  pin: String.raw`
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
`,
  unpin: String.raw`
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
`,
};
