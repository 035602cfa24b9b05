import { literal } from '../names.ts';
import { timersOf } from '../timers.ts';
import { handlersOf } from '../tracking.ts';
import type { Unit } from '../unit.ts';
import { asksAgent, boosts, changesFiles, changesThreads, hasStats } from './index.ts';
import { usesPages } from './pages.ts';
import { fillLines, groupLines, optionName, usedTables } from './tables-of.ts';
import { SCHED_EXT_LOADER } from './sched-ext.ts';
import { PVSCHED_LOADER } from './pvsched.ts';

/** Attaches, waits, reports: the part of the agent that knows the names of the policy. */
export function mainLines(unit: Unit): string[] {
  return [
    ...targetLoader(unit),
    ...attachLines(unit),
    ...placeLines(unit),
    ...usageLines(unit),
    ...optionLines(unit),
    ...reportLines(unit),
    ...loopLines(unit),
    ...runLines(unit),
    ...MAIN.split('\n'),
  ];
}

const skeleton = (unit: Unit): string => `${unit.program.name}_bpf`;

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
static struct bpf_link *links[256];
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
}
`.split('\n');
}

/** Where the programs read each param. */
function placeLines(unit: Unit): string[] {
  const { params } = unit.program;
  if (params.length === 0) return [];
  return [
    `static void *place_of(struct ${skeleton(unit)} *skel, int param)`,
    '{',
    '\tswitch (param) {',
    ...params.flatMap((param, i) => [
      `\tcase ${i}:`,
      `\t\treturn (void *)&skel->${param.tunable ? 'data' : 'rodata'}->${unit.globals.name(param.name)};`,
    ]),
    '\t}',
    '\treturn NULL;',
    '}',
    '',
  ];
}

function usageLines(unit: Unit): string[] {
  const { program } = unit;
  const tables = usedTables(unit);
  const option = (name: string, doc: string): string =>
    `\t       ${literal(`  ${name.padEnd(22)} ${doc}\n`)}`;
  return [
    'static void usage(FILE *out)',
    '{',
    ...(program.params.length + tables.length > 0 ? ['\tsize_t i;', ''] : []),
    `\tfprintf(out, "usage: ${program.name} [OPTION]...\\n"`,
    option('--seconds N', 'stop after N seconds'),
    option('--interval N', 'report every N seconds, not only at the end'),
    option('--json', 'report as JSON'),
    option('--verbose', 'tell of every request'),
    ...(asksAgent(unit)
      ? [option('--agent-prio N', 'SCHED_FIFO priority of the agent itself (60); 0: none')]
      : []),
    ...(program.target === 'sched_ext'
      ? [option('--partial', 'schedule only threads of class SCHED_EXT')]
      : []),
    ...(program.target === 'pvsched'
      ? [option('--assign GLOB', 'schedule VMs whose process has such a name')]
      : []),
    ...(usesPages(unit) ? [option('--pages PID=FILE', 'memory that the guest of the process shares')] : []),
    '\t       );',
    ...(program.params.length > 0
      ? [
          '\tfor (i = 0; i < sizeof(params) / sizeof(params[0]); i++)',
          '\t\tfprintf(out, "  --%-20s %s\\n", params[i].name, params[i].doc);',
        ]
      : []),
    ...(tables.length > 0
      ? [
          '\tfor (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)',
          '\t\tfprintf(out, "  --%s KEY=VALUE\\n                         %s\\n", tables[i].name, tables[i].doc);',
        ]
      : []),
    '}',
    '',
  ];
}

/** Options are read once the object is open: params are stored where the programs will read them. */
function optionLines(unit: Unit): string[] {
  const { program } = unit;
  const simple = [
    ['seconds', 'seconds = atoi(value);'],
    ['interval', 'interval = atoi(value);'],
    ...(asksAgent(unit) ? [['agent-prio', 'agent_prio = atoi(value);']] : []),
    ...(program.target === 'pvsched' ? [['assign', 'assign = value;']] : []),
  ];
  const checked = [
    ...(usesPages(unit) ? [['pages', 'add_pages(value)']] : []),
    ...usedTables(unit).map((table, i) => [optionName(table.name), `add_entry(&tables[${i}], value)`]),
  ];
  const flags = [
    ['json', 'as_json'],
    ['verbose', 'verbose'],
    ...(program.target === 'sched_ext' ? [['partial', 'partial']] : []),
  ];
  return [
    'static int seconds, interval;',
    ...(asksAgent(unit) ? ['static int agent_prio = 60;'] : []),
    '',
    '/* One option with its value; 1 where the option takes no value. */',
    `static int read_option(struct ${skeleton(unit)} *skel, const char *name, const char *value)`,
    '{',
    ...(program.params.length > 0 ? ['\tsize_t i;', ''] : ['\t(void)skel;']),
    ...flags.flatMap(([name, variable]) => [
      `\tif (!strcmp(name, "${name}")) {`,
      `\t\t${variable} = true;`,
      '\t\treturn 1;',
      '\t}',
    ]),
    '\tif (!value) {',
    '\t\tfprintf(stderr, "--%s needs a value, or there is no such option\\n", name);',
    '\t\treturn -EINVAL;',
    '\t}',
    ...simple.flatMap(([name, code]) => [
      `\tif (!strcmp(name, "${name}")) {`,
      `\t\t${code}`,
      '\t\treturn 0;',
      '\t}',
    ]),
    ...checked.flatMap(([name, code]) => [`\tif (!strcmp(name, "${name}"))`, `\t\treturn ${code};`]),
    ...(program.params.length > 0
      ? [
          '\tfor (i = 0; i < sizeof(params) / sizeof(params[0]); i++)',
          '\t\tif (!strcmp(name, params[i].name))',
          '\t\t\treturn set_param(&params[i], place_of(skel, i), value);',
        ]
      : []),
    '\tfprintf(stderr, "there is no option --%s\\n", name);',
    '\treturn -EINVAL;',
    '}',
    '',
    ...String.raw`static int read_options(struct ${skeleton(unit)} *skel, int argc, char **argv)
{
	int i, used;

	for (i = 1; i < argc; i++) {
		char *name = argv[i], *equals = strchr(name, '=');
		char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strncmp(name, "--", 2)) {
			fprintf(stderr, "'%s' is no option\n", name);
			return -EINVAL;
		}
		/* --name=value, where the value may hold a '=' of its own. */
		if (equals) {
			*equals = 0;
			value = equals + 1;
		}
		used = read_option(skel, name + 2, value);
		if (used < 0)
			return used;
		if (!used && !equals)
			i++;
	}
	return 0;
}
`.split('\n'),
  ];
}

function reportLines(unit: Unit): string[] {
  const groups = groupLines(unit);
  const health = '&skel->bss->pv_health';
  return [
    `static void report(struct ${skeleton(unit)} *skel)`,
    '{',
    ...(groups.length > 0
      ? ['\tconst struct group groups[] = {', ...groups.map((line) => `\t\t${line}`), '\t};', '']
      : []),
    ...(hasStats(unit)
      ? [
          '\tif (as_json)',
          `\t\tprintf("{\\"policy\\":\\"${unit.program.name}\\",\\"stats\\":[");`,
          '\tprint_groups(groups, sizeof(groups) / sizeof(groups[0]));',
          '\tif (as_json)',
          '\t\tprintf("],");',
          `\tprint_health(${health});`,
          '\tif (as_json)',
          '\t\tprintf("}\\n");',
        ]
      : [
          '\tif (as_json)',
          `\t\tprintf("{\\"policy\\":\\"${unit.program.name}\\",\\"stats\\":[]}\\n");`,
          '\telse if (skel->bss->pv_health.states_lost)',
          '\t\tprintf("%llu times there was no room for state\\n",',
          '\t\t       (unsigned long long)skel->bss->pv_health.states_lost);',
        ]),
    '\tfflush(stdout);',
    '}',
    '',
  ];
}

/** Waits for requests until the next boost ends, a report is due, or it is time to stop. */
function loopLines(unit: Unit): string[] {
  const asks = asksAgent(unit);
  const pages = usesPages(unit);
  const fill = fillLines(unit);
  const map = (name: string, used: boolean): string => (used ? `bpf_map__fd(skel->maps.${name})` : '-1');
  return [
    `static void wait_for_end(struct ${skeleton(unit)} *skel${asks ? ', struct ring_buffer *ring' : ''})`,
    '{',
    '\t__u64 start = now_ns(), end = seconds ? start + seconds * 1000000000ULL : 0;',
    '\t__u64 tick = start, due = interval ? start + interval * 1000000000ULL : 0;',
    ...(asks ? ['\tstruct pollfd ready = { .fd = ring_buffer__epoll_fd(ring), .events = POLLIN };'] : []),
    '\tstruct timespec timeout;',
    '\t__u64 now, wake;',
    '',
    '\twhile (!stopped) {',
    '\t\tnow = now_ns();',
    '\t\tif (end && now >= end)',
    '\t\t\tbreak;',
    ...(unit.program.target === 'sched_ext' ? ['\t\tif (skel->data->pv_exit.kind)', '\t\t\tbreak;'] : []),
    '\t\tif (now >= tick) {',
    ...fill.map((line) => `\t\t\t${line}`),
    '\t\t\ttick += 1000000000ULL;',
    '\t\t}',
    '\t\tif (due && now >= due) {',
    '\t\t\treport(skel);',
    '\t\t\tdue += interval * 1000000000ULL;',
    '\t\t}',
    '\t\twake = tick;',
    '\t\tif (end && end < wake)',
    '\t\t\twake = end;',
    ...(boosts(unit)
      ? ['\t\tnow = end_boosts();', '\t\tif (now && now < wake)', '\t\t\twake = now;', '\t\tnow = now_ns();']
      : []),
    ...(pages
      ? [
          `\t\tcarry_pages(${map('hints', unit.features.has('hint'))}, ${map('feedbacks', unit.features.has('feedback'))});`,
          '\t\tif (nr_shared && now + 1000000 < wake)',
          '\t\t\twake = now + 1000000;',
        ]
      : []),
    '\t\twake = wake > now ? wake - now : 0;',
    '\t\ttimeout.tv_sec = wake / 1000000000;',
    '\t\ttimeout.tv_nsec = wake % 1000000000;',
    ...(asks
      ? ['\t\tif (ppoll(&ready, 1, &timeout, NULL) > 0)', '\t\t\tring_buffer__consume(ring);']
      : ['\t\tppoll(NULL, 0, &timeout, NULL);']),
    '\t}',
    '}',
    '',
  ];
}

/** Programs that are run rather than attached. */
const hasStart = (unit: Unit): boolean =>
  unit.program.target !== 'sched_ext' && handlersOf(unit, 'init').length + timersOf(unit).length > 0;
const hasStop = (unit: Unit): boolean =>
  unit.program.target !== 'sched_ext' && handlersOf(unit, 'exit').length > 0;

function runLines(unit: Unit): string[] {
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
    ...(unit.features.has('vcpus') && target !== 'pvsched'
      ? target === 'sched_ext'
        ? OPTIONAL_KVM
        : REQUIRED_KVM
      : []),
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

const KVM_KNOWN = [
  '\tif (libbpf_find_vmlinux_btf_id("kvm_entry", BPF_TRACE_RAW_TP) < 0 && access("/sys/kernel/btf/kvm", F_OK)) {',
];

const REQUIRED_KVM = [
  ...KVM_KNOWN,
  '\t\tfprintf(stderr, "KVM is not loaded: load the module kvm first (modprobe kvm_intel or kvm_amd)\\n");',
  '\t\treturn -ENOENT;',
  '\t}',
];

const OPTIONAL_KVM = [
  ...KVM_KNOWN,
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

const MAIN = String.raw`static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG && !verbose ? 0 : vfprintf(stderr, format, args);
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
