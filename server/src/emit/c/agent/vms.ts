/** What the agent does to VMs as a whole, and how it undoes it. */
export const VMS = String.raw`
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
`;

export const VM_ACTIONS: Readonly<Record<string, string>> = {
  cap: String.raw`
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
`,
  set_halt_poll: String.raw`
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
`,
  core_tag: String.raw`
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
`,
};
