import { timersOf } from '../timers.ts';
import { handlersOf } from '../tracking.ts';
import type { Unit } from '../unit.ts';
import { asksAgent, changesFiles, changesThreads } from './index.ts';
import { needsKvm, skeleton } from './skeleton.ts';
import { fillLines, groupCount } from './tables-of.ts';
import { MEET, meetsVcpus } from './vcpu-names.ts';

/** Programs that are run rather than attached. */
const hasStart = (unit: Unit): boolean =>
  unit.program.target !== 'sched_ext' && handlersOf(unit, 'init').length + timersOf(unit).length > 0;
const hasStop = (unit: Unit): boolean =>
  unit.program.target !== 'sched_ext' && handlersOf(unit, 'exit').length > 0;

/** Loads and attaches the programs, and undoes what the agent did. */
export function runLines(unit: Unit): string[] {
  const { target } = unit.program;
  const asks = asksAgent(unit);
  const once = (name: string): string[] => [
    `\tif (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.${name}), &once))`,
    `\t\tfail("${name}");`,
  ];
  const shared = (name: string, count: string): string[] => [
    `\t${name} = mmap(NULL, ${count} * sizeof(*${name}), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);`,
    `\tif (${name} == MAP_FAILED)`,
    '\t\treturn fail("no memory");',
  ];
  const undo = changesThreads(unit) || changesFiles(unit);
  const needsCpus = unit.features.has('state cpu') || unit.features.has('stats cpu');
  return [
    `static int run(struct ${skeleton(unit)} *skel)`,
    '{',
    ...(hasStart(unit) || hasStop(unit) ? ['\tLIBBPF_OPTS(bpf_test_run_opts, once);'] : []),
    ...(asks
      ? ['\tstruct sched_param param = { .sched_priority = agent_prio };', '\tstruct ring_buffer *ring;']
      : []),
    ...(changesThreads(unit) ? ['\tstruct pv_sched_attr own;'] : []),
    '\tint err;',
    '',
    '\tnr_cpus = libbpf_num_possible_cpus();',
    ...(unit.usesNrCpus ? ['\tskel->rodata->pv_nr_cpus = nr_cpus;'] : []),
    ...(needsCpus && unit.features.has('state cpu')
      ? ['\tbpf_map__set_max_entries(skel->maps.cpus, nr_cpus);']
      : []),
    ...(needsCpus && unit.features.has('stats cpu')
      ? ['\tbpf_map__set_max_entries(skel->maps.cpu_stats, nr_cpus);']
      : []),
    ...(meetsVcpus(unit) ? ['\tbpf_program__set_autoload(skel->progs.pv_meet_vcpu, can_meet_vcpus());'] : []),
    ...(needsKvm(unit) ? (target === 'sched_ext' ? OPTIONAL_KVM : REQUIRED_KVM) : []),
    ...(target === 'sched_ext'
      ? [
          `\terr = prepare(bpf_object__find_map_by_name(skel->obj, "${unit.program.name}_ops"));`,
          '\tif (err)',
          '\t\treturn err;',
        ]
      : []),
    ...(changesThreads(unit) ? shared('threads', 'MAX_THREADS') : []),
    ...(changesFiles(unit) ? shared('settings', 'MAX_SETTINGS') : []),
    ...(changesThreads(unit)
      ? ['\terr = get_attr(0, &own);', '\tdefault_slice = err ? 0 : own.sched_runtime;']
      : []),
    ...(undo
      ? ['\terr = start_watchdog();', '\tif (err)', '\t\treturn fail("cannot start the watchdog");']
      : []),
    `\terr = ${skeleton(unit)}__load(skel);`,
    '\tif (err)',
    '\t\treturn fail("cannot load the programs");',
    ...fillLines(unit).map((line) => `\t${line}`),
    ...(asks
      ? [
          '\tring = ring_buffer__new(bpf_map__fd(skel->maps.requests), on_request, NULL, NULL);',
          '\tif (!ring)',
          '\t\treturn fail("cannot open the ring buffer");',
          '\t/* Behind what it boosts, it could not end the boost. */',
          '\tif (agent_prio && sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))',
          '\t\tfail("cannot run with a real-time priority");',
          '\tmlockall(MCL_CURRENT | MCL_FUTURE);',
        ]
      : []),
    ...(groupCount(unit) > 0 ? ['\tfind_groups(skel);'] : []),
    ...(meetsVcpus(unit) ? [`\t${MEET}`] : []),
    ...(hasStart(unit) ? once('pv_start') : []),
    '\terr = attach(skel);',
    ...(target === 'pvsched' ? ['\tif (!err)', `\t\tassign_vms(assign, "${unit.program.name}");`] : []),
    '\tif (!err)',
    `\t\twait_for_end(skel${asks ? ', ring' : ''});`,
    ...(target === 'pvsched' ? [`\tassign_vms(assign, "");`] : []),
    '\tdetach();',
    ...(hasStop(unit) ? once('pv_stop') : []),
    ...(asks ? ['\tring_buffer__consume(ring);', '\tring_buffer__free(ring);'] : []),
    ...(undo ? ['\trestore_all();'] : []),
    '\tif (!err)',
    '\t\treport(skel);',
    ...(target === 'sched_ext' ? ['\terr = err ? err : tell_exit(&skel->data->pv_exit);'] : []),
    '\treturn err;',
    '}',
    '',
    ...entry(unit),
  ];
}

const REQUIRED_KVM = [
  '\tif (!kvm_is_there()) {',
  '\t\tfprintf(stderr, "KVM is not loaded: load the module kvm first (modprobe kvm_intel or kvm_amd)\\n");',
  '\t\treturn -ENOENT;',
  '\t}',
];

const OPTIONAL_KVM = [
  '\tif (!kvm_is_there()) {',
  '\t\tfprintf(stderr, "KVM is not loaded: no thread counts as a vCPU\\n");',
  '\t\tbpf_program__set_autoload(skel->progs.pv_kvm_entry, false);',
  '\t\tbpf_program__set_autoload(skel->progs.pv_kvm_exit, false);',
  '\t}',
];

function entry(unit: Unit): string[] {
  return String.raw`static int start(int argc, char **argv)
{
	struct ${skeleton(unit)} *skel = ${skeleton(unit)}__open();
	int err;

	if (!skel)
		return fail("cannot open the programs");
	err = read_options(skel, argc, argv);
	if (!err)
		err = run(skel);
	${skeleton(unit)}__destroy(skel);
	return err;
}
`.split('\n');
}

export const MAIN = String.raw`static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		usage(stdout);
		return 0;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	libbpf_set_print(print_libbpf);
	switch (start(argc, argv)) {
	case 0:
		return 0;
	case -EINVAL:
		fprintf(stderr, "%s --help tells the options\n", argv[0]);
		return 2;
	default:
		return 1;
	}
}`;
