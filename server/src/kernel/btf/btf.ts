/**
 * BTF, the kernel's own description of its types (Documentation/bpf/btf.rst). A `Btf` keeps the raw bytes and an
 * index of where each type starts; nothing is decoded before it is asked for, so that 5 MB of vmlinux BTF opens in
 * tens of milliseconds.
 */
export interface Btf {
  readonly view: DataView;
  /** Byte offset in `view` of each type of this BTF, by id − `firstId`. */
  readonly offsets: Uint32Array;
  /** 1 for a kernel; for a module, the number of types of its base. */
  readonly firstId: number;
  readonly strings: Uint8Array;
  /** Offset of the first string; larger than 0 for a module, whose strings go on where the base's end. */
  readonly firstString: number;
  readonly base: Btf | undefined;
  /** Strings that were asked for, by their place in `strings`: a type is named by many others. */
  readonly decoded: Map<number, string>;
}

/** Why bytes are no usable BTF, and at which byte it shows. */
export interface BtfError {
  readonly message: string;
  readonly offset: number;
}

export type BtfResult =
  { readonly ok: true; readonly btf: Btf } | { readonly ok: false; readonly error: BtfError };

/** BTF_KIND_* of include/uapi/linux/btf.h. */
export const KIND = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  funcProto: 13,
  var: 14,
  datasec: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const TYPE_BYTES = 12;

/**
 * Reads the header and finds the start of each type. `base` is the kernel's BTF where `bytes` is that of a module.
 * Every type is checked to lie inside the section, so later reads cannot leave it.
 */
export function readBtf(bytes: Uint8Array, base?: Btf): BtfResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (offset: number, message: string): BtfResult => ({ ok: false, error: { message, offset } });
  if (bytes.byteLength < HEADER_BYTES) return fail(bytes.byteLength, 'the BTF header is cut short');
  const magic = view.getUint16(0, true);
  if (magic === 0x9feb) return fail(0, 'this is BTF of a big-endian machine; only little-endian is read');
  if (magic !== MAGIC) return fail(0, 'this is not BTF (the magic number 0xeb9f is missing)');
  const version = view.getUint8(2);
  if (version !== 1) return fail(2, `BTF version ${version} is not known (1 is)`);
  const headerBytes = view.getUint32(4, true);
  const typesAt = headerBytes + view.getUint32(8, true);
  const typesEnd = typesAt + view.getUint32(12, true);
  const stringsAt = headerBytes + view.getUint32(16, true);
  const stringsEnd = stringsAt + view.getUint32(20, true);
  if (headerBytes < HEADER_BYTES) return fail(4, `the BTF header says that it has ${headerBytes} bytes`);
  if (typesEnd > bytes.byteLength)
    return fail(8, `the types end at byte ${typesEnd}, past the end of the data`);
  if (stringsEnd > bytes.byteLength)
    return fail(16, `the strings end at byte ${stringsEnd}, past the end of the data`);
  if (stringsEnd > stringsAt && bytes[stringsEnd - 1] !== 0)
    return fail(stringsEnd - 1, 'the last string has no end');

  const found = new Uint32Array(Math.floor((typesEnd - typesAt) / TYPE_BYTES));
  let count = 0;
  for (let at = typesAt; at < typesEnd; count++) {
    if (at + TYPE_BYTES > typesEnd) return fail(at, 'the last type is cut short');
    const size = TYPE_BYTES + trailerBytes(view.getUint32(at + 4, true));
    if (size < TYPE_BYTES)
      return fail(at, `unknown kind of type ${(view.getUint32(at + 4, true) >>> 24) & 0x1f}`);
    if (at + size > typesEnd) return fail(at, 'the members of a type reach past the types');
    found[count] = at;
    at += size;
  }
  return {
    ok: true,
    btf: {
      view,
      offsets: found.slice(0, count),
      firstId: base ? base.firstId + base.offsets.length : 1,
      strings: bytes.subarray(stringsAt, stringsEnd),
      firstString: base ? base.firstString + base.strings.length : 0,
      base,
      decoded: new Map(),
    },
  };
}

/** Bytes that follow the 12 of a type, from its `info` word; a large negative number for an unknown kind. */
function trailerBytes(info: number): number {
  const entries = info & 0xffff;
  switch ((info >>> 24) & 0x1f) {
    case KIND.int:
    case KIND.var:
    case KIND.declTag:
      return 4;
    case KIND.array:
      return 12;
    case KIND.struct:
    case KIND.union:
    case KIND.datasec:
    case KIND.enum64:
      return entries * 12;
    case KIND.enum:
    case KIND.funcProto:
      return entries * 8;
    case KIND.ptr:
    case KIND.fwd:
    case KIND.typedef:
    case KIND.volatile:
    case KIND.const:
    case KIND.restrict:
    case KIND.func:
    case KIND.float:
    case KIND.typeTag:
      return 0;
    default:
      return -(2 ** 31);
  }
}

/** Number of types, with those of the base; ids run from 1 up to, not including, the result. */
export const endId = (btf: Btf): number => btf.firstId + btf.offsets.length;

/** One type as it stands in the file. */
export interface RawType {
  readonly id: number;
  readonly kind: number;
  readonly name: string;
  /** Byte size (int, struct, union, enum, float, datasec) or the id of the type referred to. */
  readonly sizeOrType: number;
  /** Number of members, parameters or enumerators; linkage for a function. */
  readonly entries: number;
  readonly kindFlag: boolean;
}

const VOID_TYPE: RawType = { id: 0, kind: 0, name: 'void', sizeOrType: 0, entries: 0, kindFlag: false };

function owner(btf: Btf, id: number): { readonly of: Btf; readonly at: number } | undefined {
  let of: Btf | undefined = btf;
  while (of && id < of.firstId) of = of.base;
  const at = of?.offsets[id - of.firstId];
  return of && at !== undefined ? { of, at } : undefined;
}

/** The type with this id; `void` for 0, undefined for an id that no type has. */
export function typeById(btf: Btf, id: number): RawType | undefined {
  if (id === 0) return VOID_TYPE;
  const place = owner(btf, id);
  if (!place) return undefined;
  const { view } = place.of;
  const info = view.getUint32(place.at + 4, true);
  return {
    id,
    kind: (info >>> 24) & 0x1f,
    name: stringAt(place.of, view.getUint32(place.at, true)),
    sizeOrType: view.getUint32(place.at + 8, true),
    entries: info & 0xffff,
    kindFlag: info >>> 31 === 1,
  };
}

/** The kind of a type (of `KIND`) without decoding the rest of it; 0 for an id that no type has. */
export function kindOf(btf: Btf, id: number): number {
  const place = owner(btf, id);
  return place ? (place.of.view.getUint32(place.at + 4, true) >>> 24) & 0x1f : 0;
}

/** Does the type's name begin with `prefix` (bytes of ASCII)? Decodes nothing. */
export function nameBegins(btf: Btf, id: number, prefix: Uint8Array): boolean {
  const place = owner(btf, id);
  if (!place) return false;
  const offset = place.of.view.getUint32(place.at, true);
  let of: Btf | undefined = place.of;
  while (of && offset < of.firstString) of = of.base;
  if (!of) return false;
  const start = offset - of.firstString;
  for (let i = 0; i < prefix.length; i++) if (of.strings[start + i] !== prefix[i]) return false;
  return true;
}

/** An integer type's size and kind. */
export function intOf(
  btf: Btf,
  type: RawType,
): { readonly bits: number; readonly signed: boolean; readonly bool: boolean } {
  const place = owner(btf, type.id);
  const word = place ? place.of.view.getUint32(place.at + TYPE_BYTES, true) : 0;
  return { bits: word & 0xff, signed: (word & 0x1000000) !== 0, bool: (word & 0x4000000) !== 0 };
}

const decoder = new TextDecoder();

/** KSYM_NAME_LEN of include/linux/kallsyms.h: what is longer is no name, and is cut so that damaged BTF costs no more than good. */
const LONGEST_NAME = 512;

/** The string at an offset of the string section ('' where the offset is wild). */
export function stringAt(btf: Btf, offset: number): string {
  // Most types, pointers first of all, have no name.
  if (offset === 0) return '';
  if (offset < btf.firstString) return btf.base ? stringAt(btf.base, offset) : '';
  const start = offset - btf.firstString;
  if (start >= btf.strings.length) return '';
  const known = btf.decoded.get(start);
  if (known !== undefined) return known;
  const bytes = btf.strings.subarray(start, start + LONGEST_NAME);
  const end = bytes.indexOf(0);
  const text = decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
  btf.decoded.set(start, text);
  return text;
}

/** A member of a struct or union, a parameter of a function, or a value of an enum. */
export interface Entry {
  readonly name: string;
  /** Id of its type; 0 for an enumerator. */
  readonly type: number;
  /** Bits from the start of the struct. */
  readonly bitOffset: number;
  /** Size of a bit field; 0 for other members. */
  readonly bits: number;
  /** Value of an enumerator. */
  readonly value: bigint;
}

const HAS_ENTRIES: ReadonlySet<number> = new Set([
  KIND.struct,
  KIND.union,
  KIND.enum,
  KIND.enum64,
  KIND.funcProto,
]);

/** Members, parameters or enumerators of a type, in order. */
export function entriesOf(btf: Btf, type: RawType): readonly Entry[] {
  const place = owner(btf, type.id);
  if (!place || !HAS_ENTRIES.has(type.kind)) return [];
  const { view } = place.of;
  const word = (at: number): number => view.getUint32(at, true);
  const first = place.at + TYPE_BYTES;
  const step = type.kind === KIND.enum || type.kind === KIND.funcProto ? 8 : 12;
  return Array.from({ length: type.entries }, (_, index) => {
    const at = first + index * step;
    const name = stringAt(place.of, word(at));
    switch (type.kind) {
      case KIND.struct:
      case KIND.union:
        // With the kind flag the upper 8 bits are the size of a bit field.
        return {
          name,
          type: word(at + 4),
          bitOffset: type.kindFlag ? word(at + 8) & 0xffffff : word(at + 8),
          bits: type.kindFlag ? word(at + 8) >>> 24 : 0,
          value: 0n,
        };
      case KIND.funcProto:
        return { name, type: word(at + 4), bitOffset: 0, bits: 0, value: 0n };
      case KIND.enum:
        return {
          name,
          type: 0,
          bitOffset: 0,
          bits: 0,
          value: BigInt(type.kindFlag ? view.getInt32(at + 4, true) : word(at + 4)),
        };
      case KIND.enum64: {
        const bits = BigInt(word(at + 4)) | (BigInt(word(at + 8)) << 32n);
        return {
          name,
          type: 0,
          bitOffset: 0,
          bits: 0,
          value: type.kindFlag ? BigInt.asIntN(64, bits) : bits,
        };
      }
      default:
        return { name, type: 0, bitOffset: 0, bits: 0, value: 0n };
    }
  });
}

/** Element type id and length of an array type. */
export function arrayOf(btf: Btf, type: RawType): { readonly element: number; readonly length: number } {
  const place = owner(btf, type.id);
  if (!place) return { element: 0, length: 0 };
  return {
    element: place.of.view.getUint32(place.at + TYPE_BYTES, true),
    length: place.of.view.getUint32(place.at + TYPE_BYTES + 8, true),
  };
}
