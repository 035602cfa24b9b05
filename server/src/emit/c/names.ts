import { HELPER_NAMES } from './helpers.ts';
import { ACCESSORS, isReserved } from './reserved.ts';

/** Names of the generated code itself, all with the prefix `pv_`. */
const GENERATED_NAMES: ReadonlySet<string> = new Set([...HELPER_NAMES, ...ACCESSORS]);

/** Longest name that C standards and the kernel's tools agree to keep apart. */
const LONGEST = 63;

/**
 * The C name for a name of the policy: the name itself unless C, libbpf or the kernel have it already, in which case
 * it gets the prefix `pv_`. `taken` says which other names are in use where it will stand.
 */
export function mangle(name: string, taken: (name: string) => boolean = () => false): string {
  const used = (candidate: string): boolean => taken(candidate) || GENERATED_NAMES.has(candidate);
  const plain = isReserved(name) || used(name) ? shorten(`pv_${name}`) : shorten(name);
  let unique = plain;
  for (let n = 2; used(unique); n++) unique = shorten(`${plain}_${n}`);
  return unique;
}

/** Names past the limit keep their start and get a hash of the whole, so that they stay apart. */
function shorten(name: string): string {
  if (name.length <= LONGEST) return name;
  return `${name.slice(0, LONGEST - 9)}_${hash(name)}`;
}

/** FNV-1a, 32 bits, 8 hexadecimal digits. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return value.toString(16).padStart(8, '0');
}

/** Names given out in one C scope; equal policy names get the same C name. */
export interface Namespace {
  /** The C name for `name`; the first call decides it. */
  name(name: string): string;
  has(name: string): boolean;
}

export function namespace(taken: (name: string) => boolean = () => false): Namespace {
  const given = new Map<string, string>();
  const used = new Set<string>();
  return {
    name(name) {
      const known = given.get(name);
      if (known !== undefined) return known;
      const fresh = mangle(name, (candidate) => used.has(candidate) || taken(candidate));
      given.set(name, fresh);
      used.add(fresh);
      return fresh;
    },
    has: (name) => used.has(name),
  };
}

/** A string as a C literal, without trigraphs: `??/` is a backslash in older C. */
export const literal = (text: string): string =>
  `"${text
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replace(/\?(?=\?)/g, '?\\')}"`;

/**
 * The C names of things that become constants: upper case behind the prefix, or as they are where two of them differ
 * in case only.
 */
export function constantName(prefix: string, name: string, all: readonly string[]): string {
  const same = all.filter((other) => upper(other) === upper(name)).length > 1;
  return `${prefix}_${same ? name : upper(name)}`;
}

/** `shared_queue` as SHARED_QUEUE: for enumerators. */
export const upper = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
