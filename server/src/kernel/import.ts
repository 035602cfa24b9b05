import { readBtf, type Btf } from './btf/btf.ts';
import { elfSection, isElf } from './btf/elf.ts';
import { enumeratorsOf, kernelFacts, membersOf, type KernelFacts, type Prototype } from './btf/facts.ts';
import { CONSTANTS, STRUCTS } from './catalogue.ts';
import { spell } from './btf/spell.ts';
import type { Argument, ImportResult } from './imported.ts';
import { inferVersion } from './infer-version.ts';

/** What to import: raw BTF or an ELF file that has it, and the modules on top of it. */
export interface ImportSource {
  readonly bytes: Uint8Array;
  readonly modules?: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** How the kernel is called: its release where that is known. */
  readonly name: string;
  /** The version whose lock facts hold; absent: found out. */
  readonly version?: string;
}

/** Reads a kernel's own description of itself. Anything else than BTF is answered with the byte where it shows. */
export function importKernel(source: ImportSource): ImportResult {
  const base = open(source.bytes);
  if (!base.ok) return base;
  const all = [base.btf];
  for (const module of source.modules ?? []) {
    const opened = open(module.bytes, base.btf);
    if (!opened.ok) return { ...opened, message: `module ${module.name}: ${opened.message}` };
    all.push(opened.btf);
  }
  const parts = all.map((btf) => factsOf(btf));
  const fields = structs(parts);
  const found = {
    version: 1 as const,
    kind: 'pvpolicy-profile' as const,
    name: source.name,
    modules: (source.modules ?? []).map(({ name }) => name),
    tracepoints: sorted(parts.flatMap(({ facts }) => tracepoints(facts))),
    kfuncs: sorted(parts.flatMap(({ facts }) => kfuncs(facts))),
    helpers: helpers(parts[0]),
    ops: sorted(parts.flatMap(({ facts }) => operations(facts))),
    structs: sorted(fields),
    enums: enums(parts, fields),
  };
  return { ok: true, kernel: { ...found, ...inferVersion(found, source.version) } };
}

type Opened = { readonly ok: true; readonly btf: Btf } | (ImportResult & { readonly ok: false });

function open(bytes: Uint8Array, base?: Btf): Opened {
  let data = bytes;
  if (isElf(bytes)) {
    const section = elfSection(bytes, '.BTF');
    if (!section.ok) return { ok: false, ...section.error };
    data = section.bytes;
  }
  const result = readBtf(data, base);
  return result.ok ? result : { ok: false, ...result.error };
}

interface Part {
  readonly btf: Btf;
  readonly facts: KernelFacts;
}

const factsOf = (btf: Btf): Part => ({ btf, facts: kernelFacts(btf, btf.firstId) });

const sorted = <T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

const tracepoints = ({ tracepoints }: KernelFacts) =>
  [...tracepoints].map(([name, { params }]): [string, readonly Argument[]] => [
    name,
    params.map((param): Argument => [param.name, param.type]),
  ]);

/** `s32 f(struct task_struct *p, u64)`; parameters without a name get one. */
function prototypeText(name: string, { params, result }: Prototype): string {
  const list = params.map(({ name: own, type }, i) => declare(type, own || `arg${i}`)).join(', ');
  return `${declare(result, name)}(${list || 'void'})`;
}

const declare = (type: string, name: string): string =>
  type.endsWith('*') ? `${type}${name}` : `${type} ${name}`;

const kfuncs = ({ kfuncs }: KernelFacts) =>
  [...kfuncs].map(([name, prototype]): [string, string] => [name, prototypeText(name, prototype)]);

/** Struct_ops types that have hooks for policies. */
const OPS = ['sched_ext_ops', 'sched_ext_ops_cid', 'pvsched_vcpu_ops'];

const operations = ({ structOps }: KernelFacts) =>
  OPS.flatMap((type): [string, Readonly<Record<string, string>>][] => {
    const callbacks = structOps.get(type);
    if (callbacks === undefined) return [];
    const texts = [...callbacks].map(([name, prototype]): [string, string] => [
      name,
      prototypeText(name, prototype),
    ]);
    return [[type, Object.fromEntries(texts)]];
  });

const HELPER = 'BPF_FUNC_';

/** Each helper has an enumerator. */
const helpers = (part: Part | undefined): readonly string[] =>
  (part === undefined ? [] : enumeratorsOf(part.btf, part.facts, 'bpf_func_id'))
    .flatMap(({ name }) => (name.startsWith(HELPER) ? [`bpf_${name.slice(HELPER.length)}`] : []))
    .toSorted();

/** How far from a root a policy's member accesses can lead; what lies deeper is left out. */
const MOST_STEPS = 4;

/** Bounds what damaged or strange BTF can make of a profile. */
const MOST_FIELDS = 40_000;

type Fields = Readonly<Record<string, string>>;

/** Fields of the structs that policies can reach from the arguments of hooks and calls, nearest first. */
function structs(parts: readonly Part[]): readonly (readonly [string, Fields])[] {
  const found = new Map<string, Fields>();
  let room = MOST_FIELDS;
  let reached = new Set(Object.keys(STRUCTS));
  for (const { facts } of parts) for (const name of inArguments(facts)) reached.add(name);
  for (let step = 0; step < MOST_STEPS; step++) {
    const next = new Set<string>();
    for (const name of reached) {
      const part = parts.find(({ facts }) => facts.structs.has(name));
      if (part === undefined || found.has(name) || room <= 0) continue;
      const fields = fieldsOf(part.btf, part.facts.structs.get(name) ?? 0);
      found.set(name, fields);
      for (const type of Object.values(fields)) {
        room--;
        const inner = structIn(type);
        if (inner !== undefined) next.add(inner);
      }
    }
    reached = next;
  }
  return [...found];
}

/** The struct that a type is or points to. */
const structIn = (type: string): string | undefined => /^(?:const )?struct (\w+)(?: \*)?$/.exec(type)?.[1];

function inArguments({ tracepoints, kfuncs, structOps }: KernelFacts): readonly string[] {
  const ops = OPS.flatMap((type) => [...(structOps.get(type)?.values() ?? [])]);
  return [...tracepoints.values(), ...kfuncs.values(), ...ops].flatMap(({ params, result }) =>
    [...params.map(({ type }) => type), result].flatMap((type) => structIn(type) ?? []),
  );
}

function fieldsOf(btf: Btf, struct: number): Fields {
  const fields: Record<string, string> = {};
  for (const member of membersOf(btf, struct)) {
    const bits = member.bits > 0 ? `:${member.bits}` : '';
    fields[member.name] ??= spell(btf, member.type) + bits;
  }
  return fields;
}

/** The enums whose constants policies name, and those that fields and arguments are of. */
function enums(
  parts: readonly Part[],
  structs: readonly (readonly [string, Fields])[],
): Readonly<Record<string, Fields>> {
  const inFields = structs.flatMap(([, fields]) =>
    Object.values(fields).flatMap((type) => /^enum (\w+)$/.exec(type)?.[1] ?? []),
  );
  const wanted = new Set([...CONSTANTS.flatMap((row) => row.enum ?? []), ...inFields]);
  const found: Record<string, Record<string, string>> = {};
  for (const { btf, facts } of parts) {
    for (const enumName of wanted) {
      const members = enumeratorsOf(btf, facts, enumName);
      if (members.length === 0) continue;
      const own = (found[enumName] ??= {});
      for (const { name, value } of members) own[name] = String(value);
    }
  }
  return found;
}
