import type { Unit } from '../unit.ts';
import { optionLines, placeLines, usageLines } from './command-line.ts';
import { loopLines, reportLines } from './loop.ts';
import { PVSCHED_LOADER } from './pvsched.ts';
import { MAIN, runLines } from './run.ts';
import { SCHED_EXT_LOADER } from './sched-ext.ts';
import { needsKvm, skeleton } from './skeleton.ts';
import { tunableLines } from './tunables.ts';

/** Attaches, waits, reports: the part of the agent that knows the names of the policy. */
export function mainLines(unit: Unit): string[] {
  return [
    ...targetLoader(unit),
    ...(needsKvm(unit) ? KVM.split('\n') : []),
    ...attachLines(unit),
    ...placeLines(unit),
    ...tunableLines(unit),
    ...usageLines(unit),
    ...optionLines(unit),
    ...reportLines(unit),
    ...loopLines(unit),
    ...runLines(unit),
    ...MAIN.split('\n'),
  ];
}

const KVM = String.raw`
/* Has the kernel KVM's tracepoints, built in or in a module that is loaded? */
static bool kvm_is_there(void)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	bool there = libbpf_find_vmlinux_btf_id("kvm_entry", BPF_TRACE_RAW_TP) >= 0 || !access("/sys/kernel/btf/kvm", F_OK);

	libbpf_set_print(print);
	return there;
}
`;

function targetLoader(unit: Unit): string[] {
  switch (unit.program.target) {
    case 'sched_ext':
      return SCHED_EXT_LOADER.split('\n');
    case 'pvsched':
      return PVSCHED_LOADER.split('\n');
    case 'tracing':
      return [];
  }
}

/** Programs attach one by one in the order of the file: those that find vCPUs come first. */
function attachLines(unit: Unit): string[] {
  const ops =
    unit.program.target === 'tracing'
      ? []
      : [
          `\tlink = bpf_map__attach_struct_ops(bpf_object__find_map_by_name(skel->obj, "${unit.program.name}_ops"));`,
          '\tif (!link)',
          '\t\treturn fail("cannot attach the operations");',
          '\tlinks[nr_links++] = link;',
        ];
  return String.raw`
static struct bpf_link **links;
static int nr_links;

static int fail(const char *what)
{
	int err = errno ? -errno : -1;

	fprintf(stderr, "%s: %s\n", what, strerror(-err));
	return err;
}

static int attach(struct ${skeleton(unit)} *skel)
{
	struct bpf_program *prog;
	struct bpf_link *link;
	int nr = 1;

	bpf_object__for_each_program(prog, skel->obj)
		nr++;
	links = calloc(nr, sizeof(*links));
	if (!links)
		return fail("cannot attach the programs");
	bpf_object__for_each_program(prog, skel->obj) {
		if (bpf_program__type(prog) != BPF_PROG_TYPE_TRACING || !bpf_program__autoload(prog))
			continue;
		link = bpf_program__attach(prog);
		if (!link)
			return fail(bpf_program__name(prog));
		links[nr_links++] = link;
	}
${ops.join('\n')}
	return 0;
}

static void detach(void)
{
	while (nr_links > 0)
		bpf_link__destroy(links[--nr_links]);
	free(links);
}
`.split('\n');
}
