import { timersOf } from '../timers.ts';
import { handlersOf } from '../tracking.ts';
import type { Unit } from '../unit.ts';
import { asksAgent, changesFiles, changesThreads } from './index.ts';
import { needsKvm, skeleton } from './skeleton.ts';
import { fillLines, groupCount } from './tables-of.ts';
import { hasTunables } from './tunables.ts';
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
    ...(asks ? ['\tstruct ring_buffer *ring;'] : []),
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
          '\tif (run_ahead())',
          '\t\tfail("cannot run with a real-time priority");',
        ]
      : []),
    ...(groupCount(unit) > 0 ? ['\tfind_groups(skel);'] : []),
    ...(meetsVcpus(unit) ? [`\t${MEET}`] : []),
    ...(hasStart(unit) ? START : []),
    '\terr = attach(skel);',
    '\tif (!err) {',
    ...(target === 'pvsched' ? [`\t\tassign_vms(assign, "${unit.program.name}");`] : []),
    '\t\tdrop_privileges();',
    `\t\twait_for_end(skel${asks ? ', ring' : ''});`,
    ...(target === 'pvsched' ? [`\t\tassign_vms(assign, "");`] : []),
    '\t}',
    '\tdetach();',
    ...(hasStop(unit) ? STOP : []),
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

/** What `on init` and the starting of timers come to is told by what the program returns. */
const START = [
  '\tif (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.pv_start), &once))',
  '\t\treturn fail("cannot run pv_start");',
  '\tif (once.retval) {',
  '\t\terrno = -(int)once.retval;',
  '\t\treturn fail("cannot start the timers");',
  '\t}',
];

const STOP = [
  '\tif (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.pv_stop), &once))',
  '\t\tfail("cannot run pv_stop");',
];

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
  return String.raw`/* The exit status: 1 where something failed, 2 where the options are wrong. */
static int start(int argc, char **argv)
{
	struct ${skeleton(unit)} *skel = ${skeleton(unit)}__open();
	int status = 2;

	if (!skel) {
		fail("cannot open the programs");
		return 1;
	}
	if (read_options(skel, argc, argv))
		fprintf(stderr, "%s --help tells the options\n", argv[0]);
	else
		status = ${hasTunables(unit) ? '(running ? change_running(skel) : run(skel))' : 'run(skel)'} ? 1 : 0;
	${skeleton(unit)}__destroy(skel);
	return status;
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
	sigset_t ends;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			usage(stdout);
			return 0;
		}
	}
	/* They are let in while it waits, and nowhere else: none comes between a look at 'stopped' and the wait. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* nohup has it ignored. */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	libbpf_set_print(print_libbpf);
	return start(argc, argv);
}`;
