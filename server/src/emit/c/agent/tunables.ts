import { skeleton } from './skeleton.ts';
import { hasCpuSets } from './tables-of.ts';
import type { Unit } from '../unit.ts';

export const hasTunables = (unit: Unit): boolean => unit.program.params.some(({ tunable }) => tunable);

/** `--running`: gives the tunables of the policy that runs already other values, from a second process of the agent. */
export function tunableLines(unit: Unit): string[] {
  if (!hasTunables(unit)) return [];
  const { params } = unit.program;
  return [
    'static bool running;',
    `static bool given[${params.length}];`,
    `static const bool tunable[] = { ${params.map(({ tunable }) => `${tunable}`).join(', ')} };`,
    ...FIND.split('\n'),
    ...change(unit).split('\n'),
  ];
}

const FIND = String.raw`
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
`;

const change = (unit: Unit): string => String.raw`
/* Stores the tunables that were given where the programs of a running policy read them. */
static int change_running(struct ${skeleton(unit)} *skel)
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
${hasCpuSets(unit) ? '\t\t\tif (params[i].kind == CPUS) {\n\t\t\t\tmemcpy(place, value, params[i].size);\n\t\t\t\tcontinue;\n\t\t\t}\n' : ''}			/* In one step, for the programs may be reading it. */
			memcpy(&number, value, params[i].size);
			store_number(place, params[i].size, number);
		}
		munmap(data, size);
		changed++;
	}
	if (all)
		closedir(all);
	if (!changed)
		complain("${unit.program.name} does not run");
	return changed ? 0 : -ESRCH;
}
`;
