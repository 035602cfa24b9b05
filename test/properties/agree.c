// SPDX-License-Identifier: GPL-2.0
// Loads BPF objects into the kernel and runs their syscall programs, one line a request on standard input:
//
//	load OBJECT			loads it, in place of the one before: `ok`, or `failed ERRNO`
//	set MAP KEY VALUE		puts an entry into a map: `ok`; `absent` where the object has no such map
//	run PROGRAM ARGUMENT...		runs it: its result in hexadecimal, what it asked the agent for, in order, and what
//					calls it wrote down in its map test_log; or `failed ERRNO`; `absent` where the
//					object has no such program
//	call N TID TGID			from now on the ids of thread N and its process are these: `ok`
//
// Numbers are as C has them; @N is the id of thread N, %N that of its process, &N the id that the kernel has for the thread.
// Threads 0 and 1 are this process, 2 is another one; 0 runs the programs, on the first CPU. A key or a value that begins with $
// is bytes in hexadecimal. What was asked for is shown as ACTION:LINE:@N:%N:ARGUMENT:ARGUMENT:SPAN[:WORD...], a call as
// =WHICH:ARGUMENT:..., their numbers in hexadecimal.
// Answers are lines on standard output; what the verifier says goes to standard error. Nothing is attached.
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARGUMENTS 8
#define THREADS 3
/* Of the largest key and the largest value that are set. */
#define SIZE 256

/* As the programs see it. */
struct call {
	unsigned long long argument[ARGUMENTS];
	unsigned long long result;
};

/* As the programs of the target tracing have it; a word of a mask for each 64 CPUs where some action has one. */
struct request {
	unsigned long long at, until;
	unsigned int action, line, tid, tgid;
	long long arg[2];
	unsigned long long mask[];
};

/* Calls that a program wrote down, as it has them. */
#define CALLS 64
struct log {
	unsigned long long count;
	struct {
		unsigned long long which, argument[5];
	} made[CALLS];
};

static pid_t threads[THREADS], processes[THREADS], real[THREADS];

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Which of the ids it is, or -1. */
static int place(const pid_t *ids, unsigned int id)
{
	for (int i = 0; i < THREADS; i++)
		if ((unsigned int)ids[i] == id)
			return i;
	return -1;
}

static int show(void *context, void *data, size_t size)
{
	const struct request *r = data;
	size_t words = (size - sizeof(*r)) / sizeof(r->mask[0]);

	printf(" %x:%x:@%d:%%%d:%llx:%llx:%llx", r->action, r->line, place(threads, r->tid), place(processes, r->tgid),
	       r->arg[0], r->arg[1], r->until ? r->until - r->at : 0);
	for (size_t i = 0; i < words; i++)
		printf(":%llx", r->mask[i]);
	return 0;
}

/* What the programs of the object ask for. */
static struct ring_buffer *requests;

static void unload(struct bpf_object *object)
{
	ring_buffer__free(requests);
	requests = NULL;
	bpf_object__close(object);
}

static struct bpf_object *load(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_map *map;
	int error;

	if (!object) {
		printf("failed %d\n", errno);
		return NULL;
	}
	error = bpf_object__load(object);
	if (error) {
		printf("failed %d\n", -error);
		bpf_object__close(object);
		return NULL;
	}
	map = bpf_object__find_map_by_name(object, "requests");
	if (map)
		requests = ring_buffer__new(bpf_map__fd(map), show, NULL, NULL);
	printf("ok\n");
	return object;
}

static unsigned long long number(const char *word)
{
	const pid_t *ids = *word == '@' ? threads : *word == '%' ? processes : *word == '&' ? real : NULL;
	unsigned long long value = strtoull(ids ? word + 1 : word, NULL, 0);

	return ids ? (value < THREADS ? ids[value] : 0) : value;
}

/* The bytes that a word stands for, or those of the number that it is. */
static void put(char *bytes, const char *word, unsigned long long number)
{
	if (*word == '$')
		for (int i = 0; i < SIZE && sscanf(word + 1 + 2 * i, "%2hhx", &bytes[i]) == 1; i++)
			;
	else
		memcpy(bytes, &number, sizeof(number));
}

static void set(struct bpf_object *object, char *words)
{
	char *name = strtok_r(words, " ", &words), *key = strtok_r(NULL, " ", &words), *value = strtok_r(NULL, " ", &words);
	struct bpf_map *map = object && name ? bpf_object__find_map_by_name(object, name) : NULL;
	unsigned long long bits = value ? number(value) : 0, where = key ? number(key) : 0;
	char bytes[SIZE] = {}, content[SIZE] = {};
	int error;

	if (!map || !key) {
		printf("absent\n");
		return;
	}
	put(bytes, key, where);
	if (value)
		put(content, value, bits);
	error = bpf_map_update_elem(bpf_map__fd(map), bytes, content, BPF_ANY);
	if (error)
		printf("failed %d\n", -error);
	else
		printf("ok\n");
}

/* Shows the calls that the last program wrote down, and forgets them. */
static void calls(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "test_log");
	static struct log log;
	unsigned int key = 0;

	if (!map || bpf_map_lookup_elem(bpf_map__fd(map), &key, &log) || !log.count)
		return;
	for (unsigned long long i = 0; i < log.count && i < CALLS; i++) {
		printf(" =%llx", log.made[i].which);
		for (int j = 0; j < 5; j++)
			printf(":%llx", log.made[i].argument[j]);
	}
	log.count = 0;
	bpf_map_update_elem(bpf_map__fd(map), &key, &log, BPF_ANY);
}

static void run(struct bpf_object *object, char *words)
{
	struct call call = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &call, .ctx_size_in = sizeof(call));
	char *word, *name = strtok_r(words, " ", &words);
	struct bpf_program *program = object && name ? bpf_object__find_program_by_name(object, name) : NULL;
	int i = 0, error;

	while (i < ARGUMENTS && (word = strtok_r(NULL, " ", &words)))
		call.argument[i++] = number(word);
	if (!program) {
		printf("absent\n");
		return;
	}
	error = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
	if (error) {
		printf("failed %d\n", -error);
		return;
	}
	printf("%llx", call.result);
	if (requests)
		ring_buffer__consume(requests);
	calls(object);
	printf("\n");
}

static void rename_thread(char *words)
{
	int thread = 0, tid = 0, tgid = 0;

	if (sscanf(words, "%d %d %d", &thread, &tid, &tgid) == 3 && thread >= 0 && thread < THREADS) {
		threads[thread] = tid;
		processes[thread] = tgid;
	}
	printf("ok\n");
}

static void be(int thread, const char *name)
{
	threads[thread] = real[thread] = syscall(SYS_gettid);
	processes[thread] = getpid();
	prctl(PR_SET_NAME, name);
}

static void only(pid_t thread, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(thread, sizeof(set), &set);
}

static pthread_barrier_t started;

static void *second(void *argument)
{
	be(1, "fifteen_letters");
	pthread_barrier_wait(&started);
	for (;;)
		pause();
	return argument;
}

/* Thread 1 may run wherever this process may, thread 2 on the last CPU only. */
static void start(void)
{
	pthread_t thread;
	int ready[2];
	char byte;

	be(0, "first");
	pthread_barrier_init(&started, NULL, 2);
	pthread_create(&thread, NULL, second, NULL);
	pthread_barrier_wait(&started);
	if (pipe(ready))
		exit(1);
	processes[2] = threads[2] = real[2] = fork();
	if (!threads[2]) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "zw\xc3\xb6lf");
		if (write(ready[1], "", 1) != 1)
			exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		exit(1);
	only(threads[2], sysconf(_SC_NPROCESSORS_CONF) - 1);
	/* State of a CPU stays where it is. */
	only(0, 0);
}

int main(void)
{
	struct bpf_object *object = NULL;
	char line[4096];

	start();
	libbpf_set_print(print);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "load ", 5)) {
			unload(object);
			object = load(line + 5);
		} else if (!strncmp(line, "set ", 4)) {
			set(object, line + 4);
		} else if (!strncmp(line, "run ", 4)) {
			run(object, line + 4);
		} else if (!strncmp(line, "call ", 5)) {
			rename_thread(line + 5);
		}
		fflush(stdout);
	}
	unload(object);
	kill(real[2], SIGKILL);
	return 0;
}
