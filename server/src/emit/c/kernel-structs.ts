import { CONSTANTS, STRUCTS } from '../../kernel/catalogue.ts';
import type { KernelView } from '../../semantics/kernel-view.ts';

/** The parts of kernel structs that a program touches, collected while its code is printed. */
export interface KernelStructs {
  /** Needs the field at the end of `path`; gives its C type. */
  use(struct: string, path: readonly string[]): string;
  /** The C type of a field. */
  typeOf(struct: string, field: string): string;
  /** Needs the name of the struct, for pointers. */
  mention(struct: string): void;
  /** Needs an enumerator, for `bpf_core_enum_value()`. */
  enumerator(name: string, member: string): void;
  /** Declarations, embedded structs first. */
  declarations(): string[];
}

/** Fields that generated code reads and no policy can name (BTF of 6.12, 6.18 and 7.0). */
const OWN_FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  task_struct: { signal: 'struct signal_struct *', thread_info: 'struct thread_info' },
  thread_info: { cpu: 'u32' },
  signal_struct: { live: 'struct { int counter; }' },
  pid: { numbers: 'struct upid[]' },
  upid: { nr: 'int' },
  scx_exit_info: { reason: 'const char *', msg: 'char *' },
  cpumask: { bits: 'unsigned long[1]' },
};

/** Older spellings that C code of today avoids. */
const SPELLINGS: Readonly<Record<string, string>> = {
  pid_t: 'int',
  ktime_t: 's64',
  'const cpumask_t *': 'const struct cpumask *',
  'long unsigned int': 'unsigned long',
  'short unsigned int': 'unsigned short',
};

/** The C type of a field of a kernel struct; of one that the catalogue lacks, as `kernel` tells it. */
function fieldType(struct: string, field: string, kernel: KernelView | undefined): string {
  const known =
    STRUCTS[struct]?.find((row) => row.name === field)?.c ??
    OWN_FIELDS[struct]?.[field] ??
    kernel?.field(struct, field)?.c;
  if (known === undefined) throw new Error(`no C type for struct ${struct}.${field}`);
  return SPELLINGS[known] ?? known;
}

/** An enumerator for an enum of which no value is named: C has no empty ones. */
const anyEnumerator = (name: string): string =>
  CONSTANTS.find((row) => row.enum === name)?.name ?? `__${name}`;

/** The struct that a field is or points to. */
export const structOf = (type: string): string | undefined => /^(?:const )?struct (\w+)/.exec(type)?.[1];

/** Collects for one file; `kernel` knows the fields of an imported kernel. */
export function kernelStructs(kernel?: KernelView): KernelStructs {
  const typeOf = (struct: string, field: string): string => fieldType(struct, field, kernel);
  const fields = new Map<string, Set<string>>();
  const enums = new Map<string, Set<string>>();
  const mentioned = new Set<string>();
  const add = (map: Map<string, Set<string>>, key: string, value: string): void => {
    map.set(key, (map.get(key) ?? new Set()).add(value));
  };
  const use = (struct: string, [field, ...rest]: readonly string[]): string => {
    if (field === undefined) throw new Error(`no field of struct ${struct} is named`);
    const type = typeOf(struct, field);
    add(fields, struct, field);
    const inner = structOf(type);
    if (inner !== undefined) mentioned.add(inner);
    const stub = /^enum (\w+)$/.exec(type)?.[1];
    if (stub !== undefined && !enums.has(stub)) add(enums, stub, anyEnumerator(stub));
    if (rest.length === 0) return type;
    if (inner === undefined) throw new Error(`struct ${struct}.${field} has no fields`);
    return use(inner, rest);
  };
  return {
    use,
    typeOf,
    mention: (struct) => void mentioned.add(struct),
    enumerator: (name, member) => add(enums, name, member),
    declarations: () => [...enumStubs(enums), ...forward(mentioned, fields), ...definitions(fields, typeOf)],
  };
}

function enumStubs(enums: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  return [...enums]
    .toSorted(byKey)
    .flatMap(([name, members]) => [
      `enum ${name} {`,
      ...[...members].toSorted().map((member) => `\t${member},`),
      '};',
      '',
    ]);
}

/** Structs that the generated file defines elsewhere, because it has values of them. */
const DEFINED = new Set(['bpf_iter_num', 'bpf_iter_scx_dsq', 'bpf_timer']);

/**
 * Structs that are only pointed to. A mere declaration would not do: libbpf compares the prototypes of kernel
 * functions, and there a struct that is declared differs from one that is defined.
 */
function forward(mentioned: ReadonlySet<string>, fields: ReadonlyMap<string, unknown>): string[] {
  const names = [...mentioned].filter((name) => !fields.has(name) && !DEFINED.has(name)).toSorted();
  return names.length === 0 ? [] : [...names.map((name) => `struct ${name} {};`), ''];
}

function definitions(
  fields: ReadonlyMap<string, ReadonlySet<string>>,
  typeOf: KernelStructs['typeOf'],
): string[] {
  const done = new Set<string>();
  const lines: string[] = [];
  const define = (name: string): void => {
    const members = fields.get(name);
    if (members === undefined || done.has(name)) return;
    done.add(name);
    const types = [...members].map((field) => [field, typeOf(name, field)] as const);
    for (const [, type] of types) {
      const inner = type.endsWith('*') ? undefined : structOf(type);
      if (inner !== undefined) define(inner);
    }
    lines.push(`struct ${name} {`, ...types.map(([field, type]) => `\t${member(type, field)};`));
    lines.push('} __attribute__((preserve_access_index));', '');
  };
  for (const name of [...fields.keys()].toSorted()) define(name);
  return lines;
}

/**
 * `char[16]` and `comm` as `char comm[16]`. Numbers are volatile: of two loads of which one is needed, clang makes a single one
 * with two addresses otherwise, and the verifier takes none that is now the kernel's and now the policy's.
 */
function member(type: string, field: string): string {
  const array = /^(.*?)(\[\d*\])$/.exec(type);
  if (array !== null) return `${array[1]} ${field}${array[2]}`;
  if (type.endsWith('*')) return `${type}${field}`;
  return `${structOf(type) === undefined ? 'volatile ' : ''}${type} ${field}`;
}

const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
  a[0] < b[0] ? -1 : 1;
