import type { ParamDef } from '../../ir/ir.ts';
import { isEverywhere, percent, ratio } from './constants.ts';
import { integer, nanoseconds, sharedType } from './ctypes.ts';
import { closure, helperFor, HELPERS, type HelperName } from './helpers.ts';
import { kfuncDeclarations } from './kfuncs.ts';
import { UAPI, wordsOf } from './maps.ts';
import { MASK_WORDS, maskWordsOf } from './mask-words.ts';
import { comment } from './printer.ts';
import type { Unit } from './unit.ts';

/** Notes what the helpers that the code calls need in turn. */
export function settleHelpers(unit: Unit): readonly HelperName[] {
  const needed = closure(unit.helpers);
  for (const name of needed) {
    unit.helpers.add(name);
    const { kfuncs = [], fields = [], features = [] } = helperFor(unit, name);
    for (const kfunc of kfuncs) unit.kfuncs.add(kfunc);
    for (const field of fields) {
      const [struct = '', member = ''] = field.split('.');
      unit.structs.use(struct, [member]);
    }
    for (const feature of features) unit.features.add(feature);
  }
  return (Object.keys(HELPERS) as HelperName[]).filter((name) => needed.has(name)).reduce(withNeeds, []);
}

/** Helpers print in the order of their table, except that one comes after those that it calls. */
function withNeeds(printed: readonly HelperName[], name: HelperName): readonly HelperName[] {
  if (printed.includes(name)) return printed;
  const needs = (HELPERS[name].helpers ?? []) as readonly HelperName[];
  return [...needs.reduce(withNeeds, printed), name];
}

const FIXED_TYPES = `typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

typedef __u8 u8;
typedef __s8 s8;
typedef __u16 u16;
typedef __s16 s16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;`;

const BUSY = 'busy: some CPU is changing it.';

const MACROS: Readonly<Record<string, string>> = {
  NSEC_PER_USEC: '#define NSEC_PER_USEC 1000ULL',
  NSEC_PER_MSEC: '#define NSEC_PER_MSEC 1000000ULL',
  NSEC_PER_SEC: '#define NSEC_PER_SEC 1000000000ULL',
  ARRAY_SIZE: '#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))',
  __maybe_unused: '#define __maybe_unused __attribute__((unused))',
  pv_auto:
    '\n/* Puts a reference back at the end of the block. */\n#define pv_auto(kind) __attribute__((cleanup(pv_put_##kind)))',
  PV_LIST: `
/* ${BUSY} */
#define PV_LIST(max) struct { u32 len; u32 busy; u64 item[max]; }`,
  PV_RING: `
/* From the first on, which is the oldest. ${BUSY} */
#define PV_RING(max) struct { u32 len; u32 first; u32 busy; u64 item[max]; }`,
  pv_average: `
/* A moving average; primed: it has a value. ${BUSY} */
struct pv_average {
	u64 value;
	u32 primed;
	u32 busy;
};`,
};

/** Includes and types up to the shared header. `text` is the rest of the file. */
export function includes(unit: Unit, text: string, more: readonly string[]): string[] {
  const words = wordsOf(text);
  const abi = Object.entries(UAPI).filter(([name]) => words.has(name));
  return [
    '#include <stdbool.h>',
    '',
    '/* What libbpf takes from <linux/types.h> and <linux/bpf.h>; no kernel header is needed. */',
    ...FIXED_TYPES.split('\n'),
    '',
    ...(abi.length > 0 ? ['enum {', ...abi.map(([name, value]) => `\t${name} = ${value},`), '};', ''] : []),
    '#include <bpf/bpf_helpers.h>',
    '#include <bpf/bpf_tracing.h>',
    '#include <bpf/bpf_core_read.h>',
    ...more,
    `#include "${unit.program.name}.h"`,
    '',
    'char _license[] SEC("license") = "GPL";',
    '',
    ...block(
      Object.entries(MACROS)
        .filter(([name]) => words.has(name))
        .flatMap(([, macro]) => macro.split('\n')),
    ),
    ...(words.has('bpf_ksym_exists') ? KSYM_EXISTS : []),
  ];
}

const block = (lines: readonly string[]): string[] => (lines.length > 0 ? [...lines, ''] : []);

const KSYM_EXISTS = ['#ifndef bpf_ksym_exists', '#define bpf_ksym_exists(sym) (!!(sym))', '#endif', ''];

/** What the code uses of the kernel: constants, parts of structs, functions. */
export function kernelLines(unit: Unit): string[] {
  const kfuncs = kfuncDeclarations(unit);
  const iterators = [...unit.kfuncs].some((name) => name.startsWith('bpf_iter_num')) ? NUM_ITERATOR : [];
  const queues = [...unit.kfuncs].some((name) => name.startsWith('bpf_iter_scx_dsq')) ? DSQ_ITERATOR : [];
  const constants = constantLines(unit);
  return [
    '/* Parts of the kernel that the policy uses. libbpf finds where the running kernel has them. */',
    ...unit.structs.declarations(),
    ...constants,
    ...iterators,
    ...queues,
    ...block(kfuncs),
  ];
}

const NUM_ITERATOR = ['struct bpf_iter_num {', '\t__u64 opaque[1];', '} __attribute__((aligned(8)));', ''];
const DSQ_ITERATOR = [
  'struct bpf_iter_scx_dsq {',
  '\t__u64 opaque[6];',
  '} __attribute__((aligned(8)));',
  '',
];

/** Enumerators as macros of their own name; one that not every supported kernel has reads as 0 where it is missing. */
function constantLines(unit: Unit): string[] {
  const lines = [...unit.constants]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { enumName, value }]) => {
      if (enumName === undefined) {
        if (value === undefined) throw new Error(`${name} has no value`);
        return `#define ${name} ${value > 9n ? `0x${value.toString(16)}` : integer(value)}`;
      }
      unit.structs.enumerator(enumName, name);
      const read = `bpf_core_enum_value(enum ${enumName}, ${name})`;
      return isEverywhere(name)
        ? `#define ${name} ${read}`
        : `#define ${name} (bpf_core_enum_value_exists(enum ${enumName}, ${name}) ? ${read} : 0)`;
    });
  return block(lines);
}

/** Params, fixed at load, and tunables, which may change while the policy runs: all, or those among `words`. */
export function paramLines(unit: Unit, words: ReadonlySet<string> | undefined): string[] {
  const used = unit.program.params.filter((param) => words?.has(unit.globals.name(param.name)) !== false);
  return used.flatMap((param) => [
    ...comment(paramDoc(param)),
    param.tunable
      ? `${paramDeclaration(unit, param)} SEC(".data") = ${valueText(param)};`
      : `const volatile ${paramDeclaration(unit, param)} = ${valueText(param)};`,
    '',
  ]);
}

function paramDeclaration(unit: Unit, { name, type }: ParamDef): string {
  const variable = unit.globals.name(name);
  return type.kind === 'cpumask' ? `__u64 ${variable}[${MASK_WORDS}]` : `${sharedType(type)} ${variable}`;
}

function paramDoc({ doc, range, type }: ParamDef): string {
  const text = (value: bigint): string => inUnit(value, type.kind === 'int' ? type.unit : 'plain');
  const bounds = range === undefined ? undefined : `From ${text(range.lo)} to ${text(range.hi)}.`;
  return [doc, bounds].filter((part) => part !== undefined).join(' ') || 'Set by the loader.';
}

/** A number as people read it in its unit. */
export function inUnit(value: bigint, unit: unknown): string {
  if (unit === 'ratio') return percent(value);
  if (unit !== 'duration') return `${value}`;
  for (const [size, name] of [
    [1_000_000_000n, 's'],
    [1_000_000n, 'ms'],
    [1_000n, 'us'],
  ] as const) {
    if (value >= size && value % size === 0n) return `${value / size}${name}`;
  }
  return `${value}ns`;
}

function valueText({ value, type }: ParamDef): string {
  if (typeof value === 'boolean') return `${value}`;
  if (type.kind === 'cpumask') return `{ ${maskWordsOf(value).join(', ')} }`;
  if (type.kind !== 'int') return integer(value);
  if (type.unit === 'duration') return nanoseconds(value).text;
  return type.unit === 'ratio' ? ratio(value) : integer(value);
}

/** Bytes of a param where the programs read it. */
export function paramTypeBytes(type: ParamDef['type']): number {
  if (type.kind === 'bool') return 1;
  if (type.kind === 'cpumask') return 8 * MASK_WORDS;
  return type.kind === 'int' ? type.bits / 8 : 4;
}
