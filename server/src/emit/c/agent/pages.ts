import { COPY_HINT } from '../pages.ts';
import type { Unit } from '../unit.ts';

/**
 * `--pages PID=FILE`: a file that the VMM shares with its guest (the memory of an ivshmem device, say), with one page
 * of hints a vCPU and behind them one of feedback.
 */
const PAGES = (hint: boolean): string => String.raw`
/* The memory that a guest shares: hints of each of its vCPUs, then feedback for each. */
struct shared {
	pid_t tgid;
	char *memory;
	size_t size;
${hint ? '\t/* What was carried last, and to whom. */\n\tstruct { __u32 tid; struct hint page; } *carried;\n' : ''}};

static struct shared shared[64];
static int nr_shared;

#define GUEST_CPUS 1024

static int add_pages(const char *text)
{
	struct shared *s = &shared[nr_shared];
	const char *equals = strchr(text, '=');
	int fd;

	if (!equals || nr_shared == 64) {
		fprintf(stderr, "--pages: '%s' is no PID=FILE\n", text);
		return -EINVAL;
	}
	fd = open(equals + 1, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "--pages: cannot open %s: %s\n", equals + 1, strerror(errno));
		return -errno;
	}
	s->tgid = strtol(text, NULL, 10);
	s->size = GUEST_CPUS * (HINT_SIZE + FEEDBACK_SIZE);
	if (lseek(fd, 0, SEEK_END) < (off_t)s->size) {
		fprintf(stderr, "--pages: %s is smaller than %zu bytes\n", equals + 1, s->size);
		close(fd);
		return -EINVAL;
	}
	s->memory = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (s->memory == MAP_FAILED)
		return -errno;
${hint ? '\ts->carried = calloc(GUEST_CPUS, sizeof(*s->carried));\n\tif (!s->carried)\n\t\treturn -ENOMEM;\n' : ''}	nr_shared++;
	return 0;
}

${hint ? CARRY_HINT : ''}/* Carries the pages of one VM, whose vCPU threads are known by their names. */
static void carry_pages_of(const struct shared *s, int hints, int feedbacks)
{
	DIR *dir = threads_of(s->tgid);
	struct dirent *entry;
	int cpu;
	__u32 tid;

	while (dir && (entry = readdir(dir))) {
		cpu = vcpu_number(s->tgid, entry->d_name);
		if (cpu < 0 || cpu >= GUEST_CPUS)
			continue;
		tid = strtoul(entry->d_name, NULL, 10);
${hint ? '\t\tif (hints >= 0)\n\t\t\tcarry_hint(s, cpu, hints, tid);\n' : ''}		if (feedbacks >= 0 &&
		    bpf_map_lookup_elem(feedbacks, &tid, s->memory + GUEST_CPUS * HINT_SIZE + cpu * FEEDBACK_SIZE))
			bpf_map_update_elem(feedbacks, &tid, s->memory + GUEST_CPUS * HINT_SIZE + cpu * FEEDBACK_SIZE,
					    BPF_NOEXIST);
	}
	if (dir)
		closedir(dir);
}

static void carry_pages(int hints, int feedbacks)
{
	int i;

	for (i = 0; i < nr_shared; i++)
		carry_pages_of(&shared[i], hints, feedbacks);
}
`;

const CARRY_HINT = String.raw`
/* Only what changed: the programs may be reading what an update replaces. */
static void carry_hint(const struct shared *s, int cpu, int hints, __u32 tid)
{
	struct hint page;

	if (!copy_hint(&page, (const struct hint *)s->memory + cpu))
		return;
	if (s->carried[cpu].tid == tid && !memcmp(&s->carried[cpu].page, &page, sizeof(page)))
		return;
	if (bpf_map_update_elem(hints, &tid, &page, BPF_ANY))
		return;
	s->carried[cpu].tid = tid;
	s->carried[cpu].page = page;
}

`.trimStart();

/** The functions that carry pages. */
export function carriers(unit: Unit): string[] {
  const hint = unit.features.has('hint');
  return `${hint ? COPY_HINT : ''}${PAGES(hint)}`.split('\n');
}

/** Sizes of the pages, and whether there are any. */
export function pageSizes(unit: Unit): string[] {
  const size = (which: 'hint' | 'feedback'): string =>
    unit.program[which].length > 0 ? `sizeof(struct ${which})` : '0';
  return [`#define HINT_SIZE ${size('hint')}`, `#define FEEDBACK_SIZE ${size('feedback')}`];
}

/** Does the code on the host use a page? */
export const usesPages = (unit: Unit): boolean => unit.features.has('hint') || unit.features.has('feedback');
