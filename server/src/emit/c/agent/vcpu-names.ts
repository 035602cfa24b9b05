import { needsKvm } from './skeleton.ts';
import type { Unit } from '../unit.ts';

/** Finds threads of vCPUs by the names that VMMs give them. */
export const VCPU_NAMES = String.raw`
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
`;

/** Must the programs be told of vCPUs? Those of pvsched are told by their hooks. */
export const meetsVcpus = (unit: Unit): boolean => needsKvm(unit);

/** The call of `MEET_VCPUS`. */
export const MEET = 'meet_vcpus(bpf_program__fd(skel->progs.pv_meet_vcpu));';

/** Tells the programs of threads that are vCPUs already. */
export const MEET_VCPUS = String.raw`
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
`;
