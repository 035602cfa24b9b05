/** VMs take a driver by its name in a file of debugfs (RFC v2). */
export const PVSCHED_LOADER = String.raw`
/* VMs whose process has such a name get this driver; NULL: none, somebody else assigns it. */
static const char *assign;

static bool vm_matches(const char *directory, const char *pattern)
{
	char path[64], name[32];
	bool matches = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/comm", strtol(directory, NULL, 10));
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

/* Writes the name of a driver for each VM that matches; "" takes the driver away. */
static void assign_vms(const char *pattern, const char *driver)
{
	DIR *dir = pattern ? opendir("/sys/kernel/debug/kvm") : NULL;
	struct dirent *vm;
	char path[320];
	int fd;

	while (dir && (vm = readdir(dir))) {
		if (vm->d_name[0] < '0' || vm->d_name[0] > '9' || !vm_matches(vm->d_name, pattern))
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s/pvsched_vcpu_ops", vm->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, driver, strlen(driver) + 1) < 0)
			complain("cannot assign a driver: %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}
`;
