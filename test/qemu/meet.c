// SPDX-License-Identifier: GPL-2.0
// Makes threads vCPUs, as the agent does with those that it finds: runs the loaded program pv_meet_vcpu for each.
//
//	meet TID...
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* struct pv_meeting of the generated header. */
struct meeting {
	unsigned int tid;
	unsigned int number;
};

/* The file descriptor of the program, or -1 where none of that name is loaded. */
static int find(const char *name)
{
	struct bpf_prog_info info;
	unsigned int id = 0, size;
	int fd;

	while (!bpf_prog_get_next_id(id, &id)) {
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		fd = bpf_prog_get_fd_by_id(id);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, name))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

int main(int argc, char **argv)
{
	int fd = find("pv_meet_vcpu"), error, i;

	if (fd < 0) {
		fprintf(stderr, "meet: pv_meet_vcpu is not loaded\n");
		return 1;
	}
	for (i = 1; i < argc; i++) {
		struct meeting meeting = { .tid = atoi(argv[i]), .number = i - 1 };
		LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &meeting, .ctx_size_in = sizeof(meeting));

		error = bpf_prog_test_run_opts(fd, &run);
		if (error) {
			fprintf(stderr, "meet: %s: %s\n", argv[i], strerror(-error));
			return 1;
		}
	}
	return 0;
}
