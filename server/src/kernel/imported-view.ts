import type {
  CallInfo,
  ConstantInfo,
  FieldInfo,
  HookInfo,
  HookParam,
  KernelView,
} from '../semantics/kernel-view.ts';
import { S32, S64, TASK, U32, U64, VOID, optional, same, type Type } from '../semantics/types.ts';
import { callInfoOfRow } from './calls.ts';
import { callRow, type CallRow } from './catalogue.ts';
import type { Argument, ImportedKernel } from './imported.ts';
import { renamedCall } from './renames.ts';
import { typeOfC } from './types-of.ts';

/**
 * An imported kernel as the checker sees it: `base`, which is what the catalogue knows, with that kernel's own
 * arguments, fields and values. What the catalogue alone has is still found, so that it can be said to be missing.
 */
export function importedView(base: KernelView, kernel: ImportedKernel): KernelView {
  const fieldsOf = (struct: string): readonly FieldInfo[] =>
    cached(fieldCache, kernel, struct, () => ownFields(base, kernel, struct));
  const ownConstants = (): ReadonlyMap<string, ConstantInfo> =>
    cached(constantCache, kernel, '', () => constantsOf(base, kernel));
  return {
    label: base.label,
    hook: (family, name) => {
      const known = base.hook(family, name);
      const args = family === 'tracepoint' ? own(kernel.tracepoints, name) : undefined;
      return args === undefined ? known : hookWith(name, known, args);
    },
    hooks: base.hooks,
    call: (name) => callOf(base, kernel, name),
    calls: () => base.calls().map((call) => callOf(base, kernel, call.name) ?? call),
    field: (struct, name) =>
      fieldsOf(struct).find((field) => field.name === name) ?? base.field(struct, name),
    fields: fieldsOf,
    constant: (name) => ownConstants().get(name) ?? base.constant(name),
    constants: () => [...ownConstants().values()],
  };
}

/** A kernel is looked at again with each version of a text; fields and constants are the same each time. */
type Cache<T> = WeakMap<ImportedKernel, Map<string, T>>;
const fieldCache: Cache<readonly FieldInfo[]> = new WeakMap();
const constantCache: Cache<ReadonlyMap<string, ConstantInfo>> = new WeakMap();

function cached<T>(cache: Cache<T>, kernel: ImportedKernel, key: string, compute: () => T): T {
  const known = cache.get(kernel) ?? new Map<string, T>();
  cache.set(kernel, known);
  const found = known.get(key) ?? compute();
  known.set(key, found);
  return found;
}

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

const UNREAD =
  "The kernel has it, and nothing is known of where it runs: pvpolicy.json can say so, in 'hooks'.";

/** The kernel's arguments win; where the catalogue's fit, its names and what it knows of them are kept. */
function hookWith(name: string, known: HookInfo | undefined, args: readonly Argument[]): HookInfo {
  const params = args.map((arg, i): HookParam => {
    const documented = known?.params[i];
    const type = argumentType(arg, name);
    if (documented !== undefined && fits(documented.type, type)) return documented;
    return { name: arg[0] || `arg${i}`, type };
  });
  if (known !== undefined) return { ...known, params };
  return { family: 'tracepoint', name, system: '', params, result: VOID, sleepable: false, doc: UNREAD };
}

/** An address of something that the language has no type for is a number. */
const argumentType = ([name, c]: Argument, owner: string): Type => typeOfC(c, name, owner) ?? U64;

/** A type of the catalogue says more than C does; it fits where C has the same bits. */
function fits(known: Type, found: Type): boolean {
  const bare = known.kind === 'optional' ? known.inner : known;
  if (same(bare, found)) return true;
  const wide = (type: Type): boolean =>
    ['int', 'duration', 'instant', 'vtime', 'flags', 'dsq', 'weight', 'cpu', 'nice', 'enum'].includes(
      type.kind,
    );
  if (bare.kind === 'vcpu') return found.kind === 'struct';
  return (
    wide(bare) && wide(found) && (bare.kind !== 'int' || found.kind !== 'int' || bare.bits === found.bits)
  );
}

const UNKNOWN_CALL =
  "The kernel has it, and nothing is known of what it locks: pvpolicy.json can say so, in 'kfuncs'.";

function callOf(base: KernelView, kernel: ImportedKernel, name: string): CallInfo | undefined {
  const known = base.call(name);
  const signature = own(kernel.kfuncs, name);
  if (signature === undefined) return known;
  if (known === undefined) return callInfoOfRow(foreignRow(name, signature));
  // The compiler hides the spellings of renamed calls behind the prototype of today.
  const row = renamedCall(name) === undefined ? callRow(name) : undefined;
  if (row === undefined || known.signature !== row.signature) return known;
  const found = callInfoOfRow({ ...row, signature });
  const fit =
    found.params.length === known.params.length &&
    found.params.every(({ type }, i) => fits(known.params[i]?.type ?? VOID, type));
  return fit ? known : found;
}

/** A call of which only the prototype is known. */
export const foreignRow = (name: string, signature: string): CallRow => ({
  name,
  class: 'kfunc',
  signature,
  unknown: true,
  doc: UNKNOWN_CALL,
  confidence: 'unknown',
  source: 'BTF of the kernel',
});

function ownFields(base: KernelView, kernel: ImportedKernel, struct: string): readonly FieldInfo[] {
  const found = own(kernel.structs, struct);
  if (found === undefined) return base.fields(struct);
  return Object.entries(found)
    .filter(([name]) => name !== '')
    .map(([name, c]) => {
      const known = base.field(struct, name);
      return known ?? fieldOfC(name, c, struct, kernel);
    });
}

/** A field by its C type alone. */
function fieldOfC(name: string, c: string, struct: string, kernel: ImportedKernel): FieldInfo {
  const reason = unreadable(c);
  const type = reason === undefined ? fieldType(c, name, struct, kernel) : VOID;
  return {
    name,
    type,
    writable: false,
    doc: `\`${c}\` in this kernel.`,
    c,
    ...(reason !== undefined && { unreadable: reason }),
  };
}

function fieldType(c: string, name: string, struct: string, kernel: ImportedKernel): Type {
  // Whether a pointer of the kernel can be NULL is not in its type, so it has to be tested.
  if (c === 'struct task_struct *') return optional(TASK);
  const pointed = /^struct (\w+) \*$/.exec(c)?.[1];
  if (pointed !== undefined) return optional({ kind: 'struct', name: pointed });
  const values = c.startsWith('enum ') ? Object.values(own(kernel.enums, c.slice(5)) ?? {}) : undefined;
  if (values !== undefined) return values.some((value) => value.startsWith('-')) ? S32 : U32;
  const embedded = /^struct (\w+)$/.exec(c)?.[1];
  if (embedded !== undefined) return { kind: 'struct', name: embedded };
  return typeOfC(c, '', `${struct}.${name}`) ?? U64;
}

/** Why a policy cannot read a field of that C type; undefined where it can. */
function unreadable(c: string): string | undefined {
  if (c.endsWith(']')) return `it is an array (${c})`;
  if (/:\d+$/.test(c)) return `it is a bit field (${c})`;
  if (c === 'function *') return 'it is a pointer to a function';
  if (/^struct (?!cpumask$)\w+( \*)?$/.test(c) || c === 'struct cpumask *') return undefined;
  if (c.endsWith('*')) return `it is a pointer to what is no struct (${c})`;
  if (/^enum \w+$/.test(c)) return undefined;
  if (typeOfC(c, '', '') !== undefined && c !== 'void') return undefined;
  return `a policy has no type for ${c || 'it'}`;
}

function constantsOf(base: KernelView, kernel: ImportedKernel): ReadonlyMap<string, ConstantInfo> {
  const found = new Map<string, ConstantInfo>();
  for (const known of base.constants()) if (known.enumName === undefined) found.set(known.name, known);
  for (const [enumName, members] of Object.entries(kernel.enums)) {
    for (const [name, text] of Object.entries(members)) {
      const value = BigInt(text);
      const type = value < 0n ? S64 : U64;
      const known = base.constant(name);
      const doc = `Of enum ${enumName}.`;
      found.set(name, known === undefined ? { name, type, value, enumName, doc } : { ...known, value });
    }
  }
  return found;
}
