import type { IrType, ParamDef, TableDef } from '../../../ir/ir.ts';
import { SCHED_CLASSES } from '../ctypes.ts';
import { enumeratorName } from '../constants.ts';
import { inUnit, paramTypeBytes } from '../prelude.ts';
import { literal } from '../names.ts';
import { SCOPES, statsKind, statsOf, statsTag } from '../stats.ts';
import { tableMap } from '../tables.ts';
import type { Unit } from '../unit.ts';

const OWN_OPTIONS: ReadonlySet<string> = new Set(
  'help seconds interval json verbose agent-prio partial assign vcpu-names pages running'.split(' '),
);

/** A name as it is written on a command line; one that the agent has an option of its own for gets a prefix. */
export function optionName(name: string): string {
  const option = name.replaceAll('_', '-');
  return OWN_OPTIONS.has(option) ? `policy-${option}` : option;
}

/** Is one of the params a set of CPUs? */
export const hasCpuSets = (unit: Unit): boolean =>
  unit.program.params.some(({ type }) => type.kind === 'cpumask');

function kindOf(type: IrType): string {
  if (type.kind === 'bool') return 'TRUTH';
  if (type.kind === 'cpumask') return 'CPUS';
  if (type.kind !== 'int') return 'NUMBER';
  if (type.unit === 'duration') return 'DURATION';
  return type.unit === 'ratio' ? 'RATIO' : 'NUMBER';
}

/** Bounds of a param as C: its range, else those of its type. */
function bounds({ range, type }: Pick<ParamDef, 'range' | 'type'>): string {
  const text = (value: bigint): string => (value === -(1n << 63n) ? 'LLONG_MIN' : `${value}LL`);
  if (range !== undefined) return `${text(range.lo)}, ${text(range.hi)}`;
  if (type.kind === 'bool') return '0, 1';
  if (type.kind !== 'int' || type.bits === 64)
    return type.kind === 'int' && type.signed ? 'LLONG_MIN, LLONG_MAX' : '0, LLONG_MAX';
  const bits = BigInt(type.bits);
  return type.signed ? `-${1n << (bits - 1n)}, ${(1n << (bits - 1n)) - 1n}` : `0, ${(1n << bits) - 1n}`;
}

/** The params, tunables and tables of the policy as options. */
export function paramTable(unit: Unit): string[] {
  const { params } = unit.program;
  const tables = usedTables(unit);
  const rows = (name: string, list: readonly string[]): string[] =>
    list.length === 0
      ? []
      : ['', `static const struct param ${name}[] = {`, ...list.map((row) => `\t${row},`), '};'];
  return [
    ...choiceLists(unit, [...params.map((param) => param.type), ...tables.map((table) => table.value)]),
    ...rows(
      'params',
      params.map((param) => {
        const doc = `${param.doc?.replace(/\s+/g, ' ') ?? ''}${rangeText(param)}`.trim();
        return row(param.name, doc, param.type, bounds(param));
      }),
    ),
    ...rows(
      'tables',
      tables.map((table) => {
        const doc = table.doc?.replace(/\s+/g, ' ') ?? 'an entry of the table';
        return row(table.name, doc, table.value, bounds({ range: undefined, type: table.value }));
      }),
    ),
  ];
}

function row(name: string, doc: string, type: IrType, range: string): string {
  const choices = choicesOf(type) ?? 'NULL';
  return `{ ${literal(optionName(name))}, ${literal(doc)}, ${kindOf(type)}, ${paramTypeBytes(type)}, ${range}, ${choices} }`;
}

/** The list of names that the numbers of the type have. */
function choicesOf(type: IrType): string | undefined {
  if (type.kind !== 'int') return undefined;
  if (type.unit === 'sched_class') return 'sched_classes';
  return typeof type.unit === 'object' && 'enum' in type.unit ? `${type.unit.enum}_names` : undefined;
}

function choiceLists(unit: Unit, types: readonly IrType[]): string[] {
  const wanted = new Set(types.map(choicesOf));
  const list = (name: string, members: readonly (readonly [string, string])[]): string[] =>
    wanted.has(name)
      ? [
          '',
          `static const struct choice ${name}[] = {`,
          ...members.map(([text, value]) => `\t{ ${literal(text)}, ${value} },`),
          '\t{}',
          '};',
        ]
      : [];
  return [
    ...list(
      'sched_classes',
      [...SCHED_CLASSES].map(([value, name]) => [name.replace('SCHED_', ''), `${value}`]),
    ),
    ...unit.program.enums.flatMap((def) =>
      list(
        `${def.name}_names`,
        def.members.map((member) => [member.name, enumeratorName(def, member.name)]),
      ),
    ),
  ];
}

function rangeText({ range, type, value }: ParamDef): string {
  const text = (number: bigint): string =>
    type.kind === 'cpumask' ? cpuList(number) : inUnit(number, type.kind === 'int' ? type.unit : 'plain');
  const initial = typeof value === 'boolean' ? `${value}` : text(value);
  const limits = range === undefined ? '' : `${text(range.lo)} to ${text(range.hi)}; `;
  return ` (${limits}${initial} unless set)`;
}

/** CPUs as the kernel writes them: `0,4-7`. */
function cpuList(mask: bigint): string {
  const runs = [...mask.toString(2)].toReversed().join('').matchAll(/1+/g);
  const spans = [...runs].map(({ index, 0: { length } }) =>
    length === 1 ? `${index}` : `${index}-${index + length - 1}`,
  );
  return spans.join(',') || 'no CPUs';
}

/** The numbers that the policy keeps, for the report. */
export function statTables(unit: Unit): string[] {
  return SCOPES.filter((scope) => unit.features.has(`stats ${scope}`)).flatMap((scope) => {
    const stats = statsOf(unit, scope);
    return [
      '',
      `static const struct figure ${statsTag(scope)}[] = {`,
      ...stats.map((stat) => {
        const field = unit.fields.counter.name(stat.name);
        const duration = unit.program.histograms.some(
          (histogram) =>
            histogram.name === stat.name &&
            histogram.type.kind === 'int' &&
            histogram.type.unit === 'duration',
        );
        return `\t{ ${literal(stat.name)}, offsetof(struct ${statsTag(scope)}, ${field}), ${stat.kind === 'histogram'}, ${duration} },`;
      }),
      '};',
    ];
  });
}

/** The groups of the report, whose maps are known once the programs are loaded. */
export function groupLines(unit: Unit): string[] {
  return SCOPES.filter((scope) => unit.features.has(`stats ${scope}`)).flatMap((scope, i) => {
    const tag = statsTag(scope);
    const kind = statsKind(scope);
    const keyed = kind === 'percpu-hash';
    const entries = keyed ? `bpf_map__max_entries(skel->maps.${tag})` : kind === 'array' ? 'nr_cpus' : '1';
    return [
      `groups[${i}] = (struct group){`,
      `\t.per = "${scope}",`,
      `\t.map = bpf_map__fd(skel->maps.${tag}),`,
      `\t.size = sizeof(struct ${tag}),`,
      `\t.keyed = ${keyed},`,
      `\t.percpu = ${kind !== 'array'},`,
      `\t.entries = ${entries},`,
      `\t.stats = ${tag},`,
      `\t.nr_stats = sizeof(${tag}) / sizeof(${tag}[0]),`,
      '};',
    ];
  });
}

/** How many groups there are. */
export const groupCount = (unit: Unit): number =>
  SCOPES.filter((scope) => unit.features.has(`stats ${scope}`)).length;

/** Tables that the code asks, which are the ones that have a map. */
export const usedTables = (unit: Unit): readonly TableDef[] =>
  unit.program.tables.filter((table) => unit.features.has(`table ${table.name}`));

/** Statements that fill the tables from the command line. */
export function fillLines(unit: Unit): string[] {
  return usedTables(unit).map((table, i) => {
    const fill = table.key === 'string' ? 'fill_by_name' : 'fill_table';
    return `${fill}(&tables[${i}], bpf_map__fd(skel->maps.${tableMap(unit, table)}));`;
  });
}
