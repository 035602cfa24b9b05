import { literal } from '../names.ts';
import type { Unit } from '../unit.ts';
import { asksAgent } from './index.ts';
import { usesPages } from './pages.ts';
import { skeleton } from './skeleton.ts';
import { hasCpuSets, optionName, usedTables } from './tables-of.ts';
import { hasTunables } from './tunables.ts';
import { meetsVcpus } from './vcpu-names.ts';

/** Where the programs read each param. */
export function placeLines(unit: Unit): string[] {
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
    '\tabort();',
    '}',
    '',
  ];
}

export function usageLines(unit: Unit): string[] {
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
    ...(meetsVcpus(unit)
      ? [option('--vcpu-names', 'trust the names of vCPU threads, also where no KVM is seen')]
      : []),
    ...(usesPages(unit) ? [option('--pages PID=FILE', 'memory that the guest of the process shares')] : []),
    ...(hasTunables(unit) ? [option('--running', 'change tunables of the policy that runs, and end')] : []),
    '\t       );',
    ...(program.params.length > 0
      ? [
          '\tfor (i = 0; i < ARRAY_SIZE(params); i++)',
          '\t\tfprintf(out, "  --%-20s %s\\n", params[i].name, params[i].doc);',
        ]
      : []),
    ...(tables.length > 0
      ? [
          '\tfor (i = 0; i < ARRAY_SIZE(tables); i++)',
          '\t\tfprintf(out, "  --%s KEY=VALUE\\n                         %s\\n", tables[i].name, tables[i].doc);',
        ]
      : []),
    '}',
    '',
  ];
}

const READ_COUNT = String.raw`static int read_count(const char *name, const char *text, int most, int *value)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < 0 || number > most) {
		fprintf(stderr, "--%s: '%s' is no whole number from 0 to %d\n", name, text, most);
		return -EINVAL;
	}
	*value = number;
	return 0;
}
`.split('\n');

const ONLY_TUNABLES = String.raw`	for (i = 0; running && i < (int)ARRAY_SIZE(params); i++) {
		if (given[i] && !tunable[i]) {
			fprintf(stderr, "--%s cannot change while the policy runs\n", params[i].name);
			return -EINVAL;
		}
	}
`;

/** Options are read once the object is open: params are stored where the programs will read them. */
export function optionLines(unit: Unit): string[] {
  const { program } = unit;
  const simple = program.target === 'pvsched' ? [['assign', 'assign = value;']] : [];
  const checked = [
    ['seconds', 'read_count(name, value, 1000000000, &seconds)'],
    ['interval', 'read_count(name, value, 1000000000, &interval)'],
    ...(asksAgent(unit) ? [['agent-prio', 'read_count(name, value, 99, &agent_prio)']] : []),
    ...(usesPages(unit) ? [['pages', 'add_pages(value)']] : []),
    ...usedTables(unit).map((table, i) => [optionName(table.name), `add_entry(&tables[${i}], value)`]),
  ];
  const flags = [
    ['json', 'as_json'],
    ['verbose', 'verbose'],
    ...(program.target === 'sched_ext' ? [['partial', 'partial']] : []),
    ...(meetsVcpus(unit) ? [['vcpu-names', 'names_suffice']] : []),
    ...(hasTunables(unit) ? [['running', 'running']] : []),
  ];
  return [
    'static int seconds, interval;',
    '',
    ...READ_COUNT,
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
          '\tfor (i = 0; i < ARRAY_SIZE(params); i++) {',
          '\t\tif (strcmp(name, params[i].name))',
          '\t\t\tcontinue;',
          ...(hasTunables(unit) ? ['\t\tgiven[i] = true;'] : []),
          hasCpuSets(unit)
            ? '\t\treturn (params[i].kind == CPUS ? set_cpus : set_param)(&params[i], place_of(skel, i), value);'
            : '\t\treturn set_param(&params[i], place_of(skel, i), value);',
          '\t}',
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
${hasTunables(unit) ? ONLY_TUNABLES : ''}	return 0;
}
`.split('\n'),
  ];
}
