import { copyPage, publishPage } from '../page-copies.ts';
import type { Unit } from '../unit.ts';

/**
 * `--pages PID=FILE`: a file that the VMM shares with its guest (the memory of an ivshmem device, say), with one page
 * of hints a vCPU and behind them one of feedback.
 */
function pagesText(unit: Unit): string {
  const hint = unit.features.has('hint');
  const feedback = unit.features.has('feedback');
  const maps = pageArguments(unit, 'int hints', 'int feedbacks');
  return String.raw`
#define GUEST_CPUS 1024

/* The memory that a guest shares: hints of each of its vCPUs, then feedback for each. */
struct shared {
	pid_t tgid;
	char *memory;
	size_t size;
	__u32 tids[GUEST_CPUS];	/* threads of its vCPUs; 0: none */
	int nr_tids;
${hint ? '\t/* What was carried last, and to whom. */\n\tstruct { __u32 tid; struct hint page; } *carried;\n' : ''}${feedback ? '\t/* Whose page was shown last, and how many changes that was. */\n\tstruct { __u32 tid, done; } shown[GUEST_CPUS];\n' : ''}};

static struct shared shared[64];
static size_t nr_shared;

static int add_pages(const char *text)
{
	struct shared *s = &shared[nr_shared];
	char *file;
	int fd;

	if (nr_shared == ARRAY_SIZE(shared)) {
		fprintf(stderr, "--pages: of more than %zu VMs\n", ARRAY_SIZE(shared));
		return -EINVAL;
	}
	s->tgid = strtol(text, &file, 10);
	if (s->tgid <= 0 || *file++ != '=') {
		fprintf(stderr, "--pages: '%s' is no PID=FILE\n", text);
		return -EINVAL;
	}
	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "--pages: cannot open %s: %s\n", file, strerror(errno));
		return -EINVAL;
	}
	s->size = GUEST_CPUS * (HINT_SIZE + FEEDBACK_SIZE);
	if (lseek(fd, 0, SEEK_END) < (off_t)s->size) {
		fprintf(stderr, "--pages: %s is smaller than %zu bytes\n", file, s->size);
		close(fd);
		return -EINVAL;
	}
	s->memory = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (s->memory == MAP_FAILED) {
		fprintf(stderr, "--pages: cannot map %s: %s\n", file, strerror(errno));
		return -EINVAL;
	}
${hint ? '\ts->carried = calloc(GUEST_CPUS, sizeof(*s->carried));\n\tif (!s->carried) {\n\t\tfprintf(stderr, "--pages: no memory\\n");\n\t\treturn -ENOMEM;\n\t}\n' : ''}	nr_shared++;
	return 0;
}

/* vCPU threads are known by their names. Of one that is gone, the pages go too. */
static void find_guest_cpus(struct shared *s, ${maps})
{
	static __u32 now[GUEST_CPUS];
	DIR *dir = threads_of(s->tgid);
	struct dirent *entry;
	int cpu;

	memset(now, 0, sizeof(now));
	s->nr_tids = 0;
	while (dir && (entry = readdir(dir))) {
		cpu = vcpu_number(s->tgid, entry->d_name);
		if (cpu < 0 || cpu >= GUEST_CPUS)
			continue;
		now[cpu] = strtoul(entry->d_name, NULL, 10);
		if (cpu >= s->nr_tids)
			s->nr_tids = cpu + 1;
	}
	if (dir)
		closedir(dir);
	for (cpu = 0; cpu < GUEST_CPUS; cpu++) {
		if (s->tids[cpu] && s->tids[cpu] != now[cpu]) {
			/* It may come back, and has none then. */
${hint ? '\t\t\tbpf_map_delete_elem(hints, &s->tids[cpu]);\n\t\t\ts->carried[cpu].tid = 0;\n' : ''}${feedback ? '\t\t\tbpf_map_delete_elem(feedbacks, &s->tids[cpu]);\n\t\t\ts->shown[cpu].tid = 0;\n' : ''}		}
		s->tids[cpu] = now[cpu];
	}
}

static void find_all_guest_cpus(${maps})
{
	size_t i;

	for (i = 0; i < nr_shared; i++)
		find_guest_cpus(&shared[i], ${pageArguments(unit, 'hints', 'feedbacks')});
}

${hint ? CARRY_HINT : ''}${feedback ? CARRY_FEEDBACK : ''}/* Carries the pages of one VM. */
static void carry_pages_of(struct shared *s, ${pageArguments(unit, 'int hints', 'int feedbacks, int fetch')})
{
	int cpu;

	for (cpu = 0; cpu < s->nr_tids; cpu++) {
		if (!s->tids[cpu])
			continue;
${hint ? '\t\tcarry_hint(s, cpu, hints, s->tids[cpu]);\n' : ''}${feedback ? '\t\tcarry_feedback(s, cpu, feedbacks, fetch, s->tids[cpu]);\n' : ''}	}
}

static void carry_pages(${pageArguments(unit, 'int hints', 'int feedbacks, int fetch')})
{
	size_t i;

	for (i = 0; i < nr_shared; i++)
		carry_pages_of(&shared[i], ${pageArguments(unit, 'hints', 'feedbacks, fetch')});
}
`;
}

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

const CARRY_FEEDBACK = String.raw`
/* Only what changed. The page begins empty: what an earlier agent left in the memory is told no more. */
static void carry_feedback(struct shared *s, int cpu, int feedbacks, int fetch, __u32 tid)
{
	static const struct feedback nothing;
	struct pv_fetch what = { .tid = tid, .shown = s->shown[cpu].done };
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &what, .ctx_size_in = sizeof(what));
	int i;

	for (i = 0; i < 16 && (!i || what.found == PV_TORN_PAGE); i++)
		if (bpf_prog_test_run_opts(fetch, &run))
			return;
	if (what.found == PV_NO_PAGE)
		bpf_map_update_elem(feedbacks, &tid, &nothing, BPF_NOEXIST);
	if (what.found != PV_PAGE && (what.found != PV_SAME_PAGE || s->shown[cpu].tid == tid))
		return;
	publish_feedback((struct feedback *)(s->memory + GUEST_CPUS * HINT_SIZE) + cpu, &what.page);
	s->shown[cpu].tid = tid;
	s->shown[cpu].done = what.page.pv_done;
}

`.trimStart();

/** The functions that carry pages. */
export function carriers(unit: Unit): string[] {
  const hint = unit.features.has('hint');
  const feedback = unit.features.has('feedback');
  return [
    ...(hint ? copyPage('hint').split('\n') : []),
    ...(feedback ? `${publishPage('feedback')}`.split('\n') : []),
    ...pagesText(unit).split('\n'),
  ];
}

/** What functions for both pages take of one and of the other, of those that the code on the host uses. */
export const pageArguments = (unit: Unit, hint: string, feedback: string): string =>
  [...(unit.features.has('hint') ? [hint] : []), ...(unit.features.has('feedback') ? [feedback] : [])].join(
    ', ',
  );

/** Sizes of the pages, and whether there are any. */
export function pageSizes(unit: Unit): string[] {
  const size = (which: 'hint' | 'feedback'): string =>
    unit.program[which].length > 0 ? `sizeof(struct ${which})` : '0';
  return [`#define HINT_SIZE ${size('hint')}`, `#define FEEDBACK_SIZE ${size('feedback')}`];
}

/** Does the code on the host use a page? */
export const usesPages = (unit: Unit): boolean => unit.features.has('hint') || unit.features.has('feedback');
