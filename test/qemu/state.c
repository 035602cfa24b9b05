// SPDX-License-Identifier: GPL-2.0
// What the tests could leave behind on a machine, a line each: KIND, what it is called, a tab, how it is. With a file of
// such lines, what has come to be or to differ since; status 1 where there is anything.
//
//	state                  everything
//	state FILE [SECONDS]   what differs from FILE; waits so long (5) for it to go, for the kernel frees late
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 65536
#define TRIES_PER_SECOND 5

static char *lines[MOST];
static int count;

static void add(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (count == MOST || vasprintf(&lines[count++], format, args) < 0) {
		fprintf(stderr, "state: too much\n");
		exit(2);
	}
	va_end(args);
}

static bool read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t n;

	if (!file)
		return false;
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	fclose(file);
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = c[1] ? ' ' : '\0';
	return true;
}

static void programs(void)
{
	for (__u32 id = 0; !bpf_prog_get_next_id(id, &id);) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_prog_get_info_by_fd(fd, &info, &size))
			add("program %u (%s)\tloaded", id, info.name);
		close(fd);
	}
}

static void maps(void)
{
	for (__u32 id = 0; !bpf_map_get_next_id(id, &id);) {
		struct bpf_map_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_map_get_info_by_fd(fd, &info, &size))
			add("map %u (%s)\tthere", id, info.name);
		close(fd);
	}
}

static void links(void)
{
	for (__u32 id = 0; !bpf_link_get_next_id(id, &id);) {
		struct bpf_link_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_link_get_info_by_fd(fd, &info, &size))
			add("link %u (of program %u)\tattached", id, info.prog_id);
		close(fd);
	}
}

/*
 * What the kernel itself pins where a BPF file system is mounted for the first time (populate_bpffs() in
 * kernel/bpf/inode.c, load_skel() in kernel/bpf/preload/bpf_preload_kern.c): whoever pins something first mounts one.
 */
static bool is_kernels_own(const char *path)
{
	return strcmp(path, "/sys/fs/bpf/maps.debug") == 0 || strcmp(path, "/sys/fs/bpf/progs.debug") == 0;
}

/* Whatever is in a folder, at any depth: pinned objects, instances of tracing. */
static void files(const char *kind, const char *folder, int depth)
{
	DIR *open = opendir(folder);
	struct dirent *entry;
	char path[4096];

	if (!open)
		return;
	while ((entry = readdir(open))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (is_kernels_own(path))
			continue;
		add("%s %s\tthere", kind, path);
		if (depth > 0 && entry->d_type == DT_DIR)
			files(kind, path, depth - 1);
	}
	closedir(open);
}

static void setting(const char *kind, const char *path)
{
	char text[4096];

	if (read_text(path, text, sizeof(text)))
		add("%s %s\t%s", kind, path, text);
}

/*
 * Events that are on. That of bpf_printk() the kernel turns on when it loads a program that calls it, and leaves it on
 * (__set_printk_clr_event() in kernel/trace/bpf_trace.c).
 */
static void events(void)
{
	static const char printk[] = "bpf_trace:bpf_trace_printk";
	char text[4096], *at;

	if (!read_text("/sys/kernel/tracing/set_event", text, sizeof(text)))
		return;
	at = strstr(text, printk);
	if (at)
		memmove(at, at + strlen(printk), strlen(at + strlen(printk)) + 1);
	at = strlen(text) == strspn(text, " ") ? "" : text;
	add("tracing events\t%s", at);
}

static void thread(const char *pid, const char *tid)
{
	char path[600], text[4096], cpus[1024] = "?", *end;
	long nice, prio, policy;
	unsigned long long start;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/stat", pid, tid);
	if (!read_text(path, text, sizeof(text)) || !(end = strrchr(text, ')')))
		return;
	/* Fields 19, 22, 40 and 41. */
	if (sscanf(end + 2,
		   "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld %*s %*s %llu %*s %*s %*s %*s %*s "
		   "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld %ld",
		   &nice, &start, &prio, &policy) != 4)
		return;
	snprintf(path, sizeof(path), "/proc/%s/task/%s/status", pid, tid);
	file = fopen(path, "r");
	if (!file)
		return;
	while (fgets(path, sizeof(path), file))
		sscanf(path, "Cpus_allowed_list: %1023s", cpus);
	fclose(file);
	end[1] = '\0';
	add("thread %s since %llu\tpolicy %ld, priority %ld, nice %ld, CPUs %s", text, start, policy, prio, nice, cpus);
}

static void threads(void)
{
	DIR *proc = opendir("/proc"), *tasks;
	struct dirent *process, *task;
	char path[300];

	while (proc && (process = readdir(proc))) {
		if (!isdigit(process->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task", process->d_name);
		tasks = opendir(path);
		while (tasks && (task = readdir(tasks)))
			if (isdigit(task->d_name[0]))
				thread(process->d_name, task->d_name);
		if (tasks)
			closedir(tasks);
	}
	if (proc)
		closedir(proc);
}

static void collect(void)
{
	while (count > 0)
		free(lines[--count]);
	programs();
	maps();
	links();
	files("pin", "/sys/fs/bpf", 8);
	files("instance", "/sys/kernel/tracing/instances", 0);
	setting("tracing", "/sys/kernel/tracing/tracing_on");
	setting("tracing", "/sys/kernel/tracing/current_tracer");
	events();
	setting("tracing", "/sys/kernel/tracing/kprobe_events");
	setting("sched_ext", "/sys/kernel/sched_ext/state");
	setting("kvm", "/sys/module/kvm/parameters/halt_poll_ns");
	setting("statistics", "/proc/sys/kernel/bpf_stats_enabled");
	threads();
}

/* Objects must not have come to be; of all else what it is like must not have changed. */
static bool is_object(const char *line)
{
	return strncmp(line, "program ", 8) == 0 || strncmp(line, "map ", 4) == 0 || strncmp(line, "link ", 5) == 0 ||
	       strncmp(line, "pin ", 4) == 0 || strncmp(line, "instance ", 9) == 0;
}

static const char *earlier(char **before, int n, const char *line)
{
	size_t key = strcspn(line, "\t") + 1;

	for (int i = 0; i < n; i++)
		if (!strncmp(before[i], line, key))
			return before[i];
	return NULL;
}

static int differences(char **before, int n, bool print)
{
	int found = 0;

	for (int i = 0; i < count; i++) {
		const char *was = earlier(before, n, lines[i]);

		if (was ? !strcmp(was, lines[i]) : !is_object(lines[i]))
			continue;
		found++;
		if (print && was)
			printf("%s (was: %s)\n", lines[i], strchr(was, '\t') + 1);
		else if (print)
			printf("%s\n", lines[i]);
	}
	return found;
}

static int read_lines(const char *path, char **into)
{
	FILE *file = fopen(path, "r");
	char line[8192];
	int n = 0;

	while (file && n < MOST && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		into[n++] = strdup(line);
	}
	if (file)
		fclose(file);
	return n;
}

int main(int argc, char **argv)
{
	static char *before[MOST];
	int n, tries;

	collect();
	if (argc < 2) {
		for (int i = 0; i < count; i++)
			puts(lines[i]);
		return 0;
	}
	n = read_lines(argv[1], before);
	tries = TRIES_PER_SECOND * (argc > 2 ? atoi(argv[2]) : 5);
	for (int i = 0; i < tries && differences(before, n, false); i++) {
		usleep(1000 * 1000 / TRIES_PER_SECOND);
		collect();
	}
	return differences(before, n, true) > 0;
}
