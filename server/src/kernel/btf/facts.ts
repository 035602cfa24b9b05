import {
  arrayOf,
  endId,
  entriesOf,
  KIND,
  kindOf,
  nameBegins,
  typeById,
  type Btf,
  type Entry,
  type RawType,
} from './btf.ts';

/** One parameter or member with its type in C. */
export interface Typed {
  readonly name: string;
  readonly type: string;
}

export interface Prototype {
  readonly params: readonly Typed[];
  readonly result: string;
}

/** What a kernel says of itself: everything that a profile needs. */
export interface KernelFacts {
  /** Tracepoints that a tp_btf program can attach to, with the arguments that it gets. */
  readonly tracepoints: ReadonlyMap<string, Prototype>;
  readonly kfuncs: ReadonlyMap<string, Prototype>;
  /** Callbacks of each struct_ops type: `sched_ext_ops` → `enqueue` → prototype. */
  readonly structOps: ReadonlyMap<string, ReadonlyMap<string, Prototype>>;
  /** Id of each named struct, for `fieldOf`. */
  readonly structs: ReadonlyMap<string, number>;
  /** Ids of the enums of each name; those without one are under ''. Most are never asked for, so none is decoded. */
  readonly enums: ReadonlyMap<string, readonly number[]>;
}

// Deeper than any C type of the kernel; BTF with a loop of typedefs or pointers stops here.
const MAX_DEPTH = 32;

/**
 * Reads all facts of a kernel's BTF in one pass over its types, from the id `first` on: for a module the types of its
 * base come first, and `btf.firstId` leaves them out.
 */
export function kernelFacts(btf: Btf, first = 1): KernelFacts {
  const tracepoints = new Map<string, Prototype>();
  const kfuncs = new Map<string, Prototype>();
  const structs = new Map<string, number>();
  const structOps = new Map<string, ReadonlyMap<string, Prototype>>();
  const enums = new Map<string, number[]>();
  const argumentNames = new Map<string, readonly string[]>();
  for (let id = first; id < endId(btf); id++) {
    switch (kindOf(btf, id)) {
      case KIND.typedef:
        if (nameBegins(btf, id, TRACEPOINT)) addTracepoint(btf, id, tracepoints);
        break;
      case KIND.declTag:
        if (nameBegins(btf, id, KFUNC)) addKfunc(btf, id, kfuncs);
        break;
      case KIND.func:
        if (nameBegins(btf, id, ITERATOR)) addArgumentNames(btf, id, argumentNames);
        break;
      case KIND.struct: {
        const name = typeById(btf, id)?.name ?? '';
        if (name !== '' && !structs.has(name)) structs.set(name, id);
        break;
      }
      case KIND.enum:
      case KIND.enum64: {
        const name = typeById(btf, id)?.name ?? '';
        const same = enums.get(name);
        if (same === undefined) enums.set(name, [id]);
        else same.push(id);
        break;
      }
    }
  }
  for (const [name, prototype] of tracepoints)
    tracepoints.set(name, withNames(prototype, argumentNames.get(name)));
  for (const name of structs.keys()) {
    if (!name.startsWith('bpf_struct_ops_')) continue;
    const ops = name.slice('bpf_struct_ops_'.length);
    const id = structs.get(ops);
    if (id !== undefined) structOps.set(ops, callbacks(btf, id));
  }
  return { tracepoints, kfuncs, structOps, structs, enums };
}

/** Names and values of the enums of that name, in order. */
export const enumeratorsOf = (btf: Btf, { enums }: KernelFacts, name: string): readonly Entry[] =>
  (enums.get(name) ?? []).flatMap((id) => {
    const type = typeById(btf, id);
    return type === undefined ? [] : entriesOf(btf, type);
  });

const TRACEPOINT = new TextEncoder().encode('btf_trace_');
const KFUNC = new TextEncoder().encode('bpf_kfunc\0');
/** The function that calls the programs of a tracepoint; its parameters have the names that the pointer lacks. */
const ITERATOR = new TextEncoder().encode('__traceiter_');

function addTracepoint(btf: Btf, id: number, found: Map<string, Prototype>): void {
  const type = typeById(btf, id);
  const prototype = type && pointedPrototype(btf, type.sizeOrType);
  // The first argument is the void * of the tracepoint's own data, which programs never see.
  if (type && prototype)
    found.set(type.name.slice(TRACEPOINT.length), { ...prototype, params: prototype.params.slice(1) });
}

function addKfunc(btf: Btf, id: number, found: Map<string, Prototype>): void {
  const func = typeById(btf, typeById(btf, id)?.sizeOrType ?? 0);
  const prototype = func?.kind === KIND.func ? prototypeOf(btf, func.sizeOrType) : undefined;
  if (func && prototype) found.set(func.name, prototype);
}

function addArgumentNames(btf: Btf, id: number, found: Map<string, readonly string[]>): void {
  const func = typeById(btf, id);
  const prototype = func && typeById(btf, func.sizeOrType);
  if (func === undefined || prototype?.kind !== KIND.funcProto) return;
  const names = entriesOf(btf, prototype).map(({ name }) => name);
  found.set(func.name.slice(ITERATOR.length), names.slice(1));
}

const withNames = (prototype: Prototype, names: readonly string[] | undefined): Prototype =>
  names?.length === prototype.params.length
    ? { ...prototype, params: prototype.params.map(({ type }, i) => ({ name: names[i] ?? '', type })) }
    : prototype;

function callbacks(btf: Btf, struct: number): ReadonlyMap<string, Prototype> {
  const found = new Map<string, Prototype>();
  for (const member of membersOf(btf, struct)) {
    const prototype = pointedPrototype(btf, member.type);
    if (prototype) found.set(member.name, prototype);
  }
  return found;
}

/** The field `name` of a struct, also inside its anonymous members: its type id, or undefined. */
export function fieldOf(btf: Btf, struct: number, name: string): Entry | undefined {
  return membersOf(btf, struct).find((member) => member.name === name);
}

/** All fields of a struct; those of anonymous structs and unions count as its own. */
export function membersOf(btf: Btf, struct: number): readonly Entry[] {
  const found: Entry[] = [];
  addMembers(btf, struct, 0, { found, left: MOST_STRUCTS });
  return found;
}

/** No struct has so many anonymous ones inside; damaged BTF, where each has the next one twice, would never end. */
const MOST_STRUCTS = 2000;

function addMembers(btf: Btf, struct: number, depth: number, into: { found: Entry[]; left: number }): void {
  const type = resolve(btf, struct);
  if (!type || (type.kind !== KIND.struct && type.kind !== KIND.union) || depth > MAX_DEPTH) return;
  if (into.left-- <= 0) return;
  for (const entry of entriesOf(btf, type)) {
    if (entry.name) into.found.push(entry);
    else addMembers(btf, entry.type, depth + 1, into);
  }
}

/** The type behind typedefs and qualifiers; undefined for wild ids and loops. */
export function resolve(btf: Btf, id: number): RawType | undefined {
  let type = typeById(btf, id);
  for (let depth = 0; type && isWrapper(type.kind); depth++) {
    if (depth > MAX_DEPTH) return undefined;
    type = typeById(btf, type.sizeOrType);
  }
  return type;
}

function isWrapper(kind: number): boolean {
  return (
    kind === KIND.typedef ||
    kind === KIND.const ||
    kind === KIND.volatile ||
    kind === KIND.restrict ||
    kind === KIND.typeTag
  );
}

function pointedPrototype(btf: Btf, id: number): Prototype | undefined {
  const pointer = resolve(btf, id);
  return pointer?.kind === KIND.ptr ? prototypeOf(btf, pointer.sizeOrType) : undefined;
}

function prototypeOf(btf: Btf, id: number): Prototype | undefined {
  const type = resolve(btf, id);
  if (type?.kind !== KIND.funcProto) return undefined;
  return {
    params: entriesOf(btf, type).map((param) => ({ name: param.name, type: typeName(btf, param.type) })),
    result: typeName(btf, type.sizeOrType),
  };
}

/** A type as C writes it: `const struct cpumask *`. */
export function typeName(btf: Btf, id: number, depth = 0): string {
  const type = typeById(btf, id);
  if (!type || depth > MAX_DEPTH) return '?';
  const inner = (): string => typeName(btf, type.sizeOrType, depth + 1);
  switch (type.kind) {
    case 0:
      return 'void';
    case KIND.struct:
      return `struct ${type.name}`;
    case KIND.union:
      return `union ${type.name}`;
    case KIND.fwd:
      return `${type.kindFlag ? 'union' : 'struct'} ${type.name}`;
    case KIND.enum:
    case KIND.enum64:
      return `enum ${type.name}`;
    case KIND.ptr: {
      const target = inner();
      return target.endsWith('*') ? `${target}*` : `${target} *`;
    }
    case KIND.const: {
      const target = inner();
      return target.endsWith('*') ? `${target}const` : `const ${target}`;
    }
    case KIND.volatile:
      return `volatile ${inner()}`;
    case KIND.restrict:
    case KIND.typeTag:
      return inner();
    case KIND.array: {
      const { element, length } = arrayOf(btf, type);
      return `${typeName(btf, element, depth + 1)}[${length}]`;
    }
    case KIND.funcProto:
      return 'function';
    default:
      return type.name;
  }
}
