import type { Scope } from '../../semantics/model.ts';
import { mapLines, ROOM } from './maps.ts';
import { comment } from './printer.ts';
import { OWN_CACHE_LINE } from './state-maps.ts';
import type { Unit } from './unit.ts';

/** What is counted and recorded per entity of a scope, in one struct. */
export const SCOPES: readonly Scope[] = ['global', 'cpu', 'task', 'vcpu', 'vm'];

export const statsTag = (scope: Scope): string => `${scope}_stats`;

export interface Stat {
  readonly kind: 'counter' | 'histogram';
  readonly name: string;
  readonly doc: string | undefined;
}

export function statsOf(unit: Pick<Unit, 'program'>, scope: Scope): readonly Stat[] {
  const { counters, histograms } = unit.program;
  return [
    ...counters.filter((counter) => counter.per === scope).map((c) => ({ ...c, kind: 'counter' as const })),
    ...histograms
      .filter((histogram) => histogram.per === scope)
      .map((h) => ({ ...h, kind: 'histogram' as const })),
  ];
}

/** The struct of a scope for the header that the agent shares; nothing where nothing is counted. */
export function statsStruct(unit: Unit, scope: Scope): string[] {
  const stats = statsOf(unit, scope);
  if (stats.length === 0) return [];
  return [
    `/* Counted ${scope === 'global' ? 'for all' : `per ${scope}`}. */`,
    `struct ${statsTag(scope)} {`,
    ...stats.flatMap((stat) =>
      [
        ...comment(stat.doc),
        `${stat.kind === 'counter' ? '__u64' : 'struct pv_histogram'} ${unit.fields.counter.name(stat.name)};`,
      ].map((line) => `\t${line}`),
    ),
    scope === 'cpu' ? OWN_CACHE_LINE : '};',
    '',
  ];
}

/** How user space finds the numbers of a scope. */
export function statsKind(scope: Scope): 'percpu-one' | 'array' | 'percpu-hash' {
  if (scope === 'global') return 'percpu-one';
  return scope === 'cpu' ? 'array' : 'percpu-hash';
}

const ENTRIES: Readonly<Record<Scope, string>> = {
  global: '1',
  cpu: `${ROOM.cpus}`,
  task: `${ROOM.tasks}`,
  vcpu: `${ROOM.vcpus}`,
  vm: 'PV_VMS',
};

const KEYS: Readonly<Record<Scope, string>> = {
  global: '',
  cpu: 'CPU',
  task: 'thread id',
  vcpu: 'thread id',
  vm: 'thread group id',
};

/** Maps of counters and histograms with their accessors, and sums for policies that read their own counters. */
export function statsLines(unit: Unit): string[] {
  const used = SCOPES.filter((scope) => unit.features.has(`stats ${scope}`));
  return [
    ...used.flatMap((scope) => [
      ...statsMap(scope),
      ...(unit.features.has(`counts ${scope}`) ? accessor(scope) : []),
    ]),
    ...[...unit.counterReads].flatMap((name) => readLines(unit, name)),
  ];
}

const isHash = (scope: Scope): boolean => statsKind(scope) === 'percpu-hash';

function statsMap(scope: Scope): string[] {
  const tag = statsTag(scope);
  const type = { 'percpu-one': 'PERCPU_ARRAY', array: 'ARRAY', 'percpu-hash': 'PERCPU_HASH' }[
    statsKind(scope)
  ];
  const doc = scope === 'global' ? 'Counters and histograms' : `Counters and histograms, by ${KEYS[scope]}`;
  return mapLines({
    name: tag,
    doc: `${doc}; ${scope === 'cpu' ? 'any CPU may count for another' : 'each CPU has its own'}.`,
    type,
    entries: ENTRIES[scope],
    key: 'u32',
    value: `struct ${tag}`,
    ...(isHash(scope) && { flags: 'BPF_F_NO_PREALLOC' }),
  });
}

/** The function that finds the numbers to count in; NULL where there is no room for them. */
function accessor(scope: Scope): string[] {
  const tag = statsTag(scope);
  if (scope === 'global') return oneForAll(tag);
  return isHash(scope) ? oneForEach(tag) : ofCpu(tag);
}

const ofCpu = (tag: string): string[] => [
  `static __noinline struct ${tag} *pv_${tag}(s32 cpu)`,
  '{',
  `\tstruct ${tag} *s = bpf_map_lookup_elem(&${tag}, &cpu);`,
  '',
  '\tif (!s)',
  '\t\t__sync_fetch_and_add(&pv_health.stats_lost, 1);',
  '\treturn s;',
  '}',
  '',
];

/** What is rare is a function that is not static, which the verifier walks once a program and not for each that counts. */
const oneForEach = (tag: string): string[] => [
  `static const struct ${tag} pv_zero_${tag};`,
  '',
  '/* Makes room for them. */',
  `__noinline int pv_make_${tag}(u32 id)`,
  '{',
  `\tbpf_map_update_elem(&${tag}, &id, &pv_zero_${tag}, BPF_NOEXIST);`,
  `\tif (bpf_map_lookup_elem(&${tag}, &id))`,
  '\t\treturn 0;',
  '\t__sync_fetch_and_add(&pv_health.stats_lost, 1);',
  '\treturn -1;',
  '}',
  '',
  `static __always_inline struct ${tag} *pv_${tag}(u32 id)`,
  '{',
  `\tstruct ${tag} *s = bpf_map_lookup_elem(&${tag}, &id);`,
  '',
  '\tif (s)',
  '\t\treturn s;',
  `\tpv_make_${tag}(id);`,
  `\treturn bpf_map_lookup_elem(&${tag}, &id);`,
  '}',
  '',
];

const oneForAll = (tag: string): string[] => [
  `static __always_inline struct ${tag} *pv_${tag}(void)`,
  '{',
  '\tu32 id = 0;',
  '',
  `\treturn bpf_map_lookup_elem(&${tag}, &id);`,
  '}',
  '',
];

function readLines(unit: Unit, counter: string): string[] {
  const per = unit.program.counters.find((candidate) => candidate.name === counter)?.per ?? 'global';
  const tag = statsTag(per);
  const field = unit.fields.counter.name(counter);
  if (per === 'cpu') {
    return [
      `static __noinline u64 pv_read_${field}(s32 cpu)`,
      '{',
      `\tstruct ${tag} *s = bpf_map_lookup_elem(&${tag}, &cpu);`,
      '',
      `\treturn s ? s->${field} : 0;`,
      '}',
      '',
    ];
  }
  return [
    `/* ${counter}, of all CPUs together. */`,
    `static __noinline u64 pv_read_${field}(${per === 'global' ? 'void' : 'u32 id'})`,
    '{',
    ...(per === 'global' ? ['\tu32 id = 0;'] : []),
    `\tstruct ${tag} *s;`,
    '\tu64 total = 0;',
    '\ts32 cpu;',
    '',
    '\tpv_for(cpu, 0, (s32)pv_nr_cpus, 8192) {',
    `\t\ts = bpf_map_lookup_percpu_elem(&${tag}, &id, cpu);`,
    '\t\tif (s)',
    `\t\t\ttotal += s->${field};`,
    '\t}',
    '\treturn total;',
    '}',
    '',
  ];
}
