import type { Profile } from './profiles.ts';

/** A profile that was read from a kernel's own BTF: what exists there. `pvpolicy kernel import` writes it as JSON. */
export interface ImportedKernel {
  /** Of this format. */
  readonly version: 1;
  readonly kind: 'pvpolicy-profile';
  /** How messages name the kernel: its release, or its file. */
  readonly name: string;
  /** The supported version whose lock facts hold for it, and how that was decided. */
  readonly kernel: string;
  readonly decided: 'given' | 'release' | 'inferred';
  /** Modules whose BTF was read with it. */
  readonly modules: readonly string[];
  /** Tracepoint → its arguments. */
  readonly tracepoints: Readonly<Record<string, readonly Argument[]>>;
  /** kfunc → its C prototype. */
  readonly kfuncs: Readonly<Record<string, string>>;
  /** Names of helpers. */
  readonly helpers: readonly string[];
  /** struct_ops type → callback → its C prototype, without the name. */
  readonly ops: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Struct → field → C type; 'u32:3' is a bit field. */
  readonly structs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Enum → constant → value in decimals. */
  readonly enums: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Name ('' where the kernel does not say) and C type. */
export type Argument = readonly [string, string];

export type ImportResult =
  | { readonly ok: true; readonly kernel: ImportedKernel }
  /** `offset`: the byte where it shows. */
  | { readonly ok: false; readonly message: string; readonly offset: number };

/** The imported kernel as a profile. */
export const profileOf = (imported: ImportedKernel): Profile => ({
  id: imported.name,
  version: imported.kernel,
  mainline: imported.ops['pvsched_vcpu_ops'] === undefined,
  imported,
});

/** Reads what `pvpolicy kernel import` wrote. */
export function readImported(text: string): ImportResult {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    return { ok: false, message: 'it is no JSON', offset: Number(at ?? 0) };
  }
  const wrong = mistake(json);
  return wrong === undefined
    ? { ok: true, kernel: json as ImportedKernel }
    : { ok: false, message: wrong, offset: 0 };
}

/** What is wrong with the shape of a profile; undefined where nothing is. */
function mistake(json: unknown): string | undefined {
  if (!isRecord(json) || json['kind'] !== 'pvpolicy-profile')
    return "it is no kernel profile; 'pvpolicy kernel import' makes one";
  if (json['version'] !== 1)
    return `it is a profile of version ${String(json['version'])}; version 1 is read`;
  for (const [key, fits] of Object.entries(SHAPE))
    if (!fits(json[key])) return `'${key}' is missing or of the wrong kind; import the kernel again`;
  return undefined;
}

type Test = (value: unknown) => boolean;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText: Test = (value) => typeof value === 'string';
const listOf =
  (item: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(item);
const recordOf =
  (item: Test): Test =>
  (value) =>
    isRecord(value) && Object.values(value).every(item);
const isArgument: Test = (value) => Array.isArray(value) && value.length === 2 && value.every(isText);
const isPrototype: Test = (value) => typeof value === 'string' && /[\s*]\w+\(.*\)$/.test(value);
const isInteger: Test = (value) => typeof value === 'string' && /^-?\d{1,20}$/.test(value);

const SHAPE: Readonly<Record<string, Test>> = {
  name: isText,
  kernel: (value) => typeof value === 'string' && /^\d+\.\d+$/.test(value),
  decided: (value) => value === 'given' || value === 'release' || value === 'inferred',
  modules: listOf(isText),
  tracepoints: recordOf(listOf(isArgument)),
  kfuncs: recordOf(isPrototype),
  helpers: listOf(isText),
  ops: recordOf(recordOf(isText)),
  structs: recordOf(recordOf(isText)),
  enums: recordOf(recordOf(isInteger)),
};
