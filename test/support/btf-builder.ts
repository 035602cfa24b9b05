import { KIND, type Btf } from '../../server/src/kernel/btf/btf.ts';

interface Member {
  readonly name: string;
  readonly type: number;
}

/** Makes small BTF for tests: each method adds a type and gives its id. */
export class BtfBuilder {
  readonly #words: number[] = [];
  readonly #strings: number[] = [];
  readonly #firstId: number;
  readonly #firstString: number;
  #count = 0;

  constructor(base?: Btf) {
    this.#firstId = base ? base.firstId + base.offsets.length : 1;
    this.#firstString = base ? base.firstString + base.strings.length : 0;
    if (!base) this.#strings.push(0);
  }

  nextId(): number {
    return this.#firstId + this.#count;
  }

  int(name: string, size: number): number {
    return this.#add(KIND.int, name, size, 0, [size * 8 + (name.startsWith('s') ? 0x1000000 : 0)]);
  }

  pointer(type: number): number {
    return this.#add(KIND.ptr, '', type);
  }

  constant(type: number): number {
    return this.#add(KIND.const, '', type);
  }

  typedef(name: string, type: number): number {
    return this.#add(KIND.typedef, name, type);
  }

  struct(name: string, members: readonly Member[]): number {
    const words = members.flatMap((member, index) => [this.#string(member.name), member.type, index * 64]);
    return this.#add(KIND.struct, name, members.length * 8, members.length, words);
  }

  /** A struct of one bit field. */
  bitField(name: string, member: string, type: number, bits: number): number {
    return this.#add(KIND.struct, name, 8, 0x80000001 | 0, [this.#string(member), type, (bits << 24) | 0]);
  }

  prototype(result: number, params: readonly number[]): number {
    return this.#add(
      KIND.funcProto,
      '',
      result,
      params.length,
      params.flatMap((type) => [0, type]),
    );
  }

  /** A prototype whose parameters have names. */
  named(result: number, params: readonly (readonly [string, number])[]): number {
    const words = params.flatMap(([name, type]) => [this.#string(name), type]);
    return this.#add(KIND.funcProto, '', result, params.length, words);
  }

  func(name: string, prototype: number): number {
    return this.#add(KIND.func, name, prototype);
  }

  declTag(name: string, type: number): number {
    return this.#add(KIND.declTag, name, type, 0, [0xffffffff]);
  }

  enumeration(name: string, values: readonly (readonly [string, number])[]): number {
    return this.#add(
      KIND.enum,
      name,
      4,
      values.length,
      values.flatMap(([key, value]) => [this.#string(key), value]),
    );
  }

  bytes(): Uint8Array {
    const header = [0x0001eb9f, 24, 0, this.#words.length * 4, this.#words.length * 4, this.#strings.length];
    const words = Uint32Array.from([...header, ...this.#words].map((word) => word >>> 0));
    return Uint8Array.from([...new Uint8Array(words.buffer), ...this.#strings]);
  }

  /** The same inside a minimal 64-bit ELF file: sections '', '.shstrtab' and '.BTF'. */
  elf(): Uint8Array {
    const btf = this.bytes();
    const names = new TextEncoder().encode('\0.shstrtab\0.BTF\0');
    const namesAt = 64;
    const btfAt = namesAt + names.length;
    const tableAt = Math.ceil((btfAt + btf.length) / 8) * 8;
    const file = new Uint8Array(tableAt + 3 * 64);
    const view = new DataView(file.buffer);
    file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    view.setBigUint64(0x28, BigInt(tableAt), true);
    view.setUint16(0x3c, 3, true);
    view.setUint16(0x3e, 1, true);
    file.set(names, namesAt);
    file.set(btf, btfAt);
    const section = (index: number, name: number, offset: number, size: number): void => {
      const at = tableAt + index * 64;
      view.setUint32(at, name, true);
      view.setBigUint64(at + 0x18, BigInt(offset), true);
      view.setBigUint64(at + 0x20, BigInt(size), true);
    };
    section(1, 1, namesAt, names.length);
    section(2, 11, btfAt, btf.length);
    return file;
  }

  #string(text: string): number {
    if (!text) return 0;
    const offset = this.#firstString + this.#strings.length;
    this.#strings.push(...new TextEncoder().encode(text), 0);
    return offset;
  }

  #add(kind: number, name: string, sizeOrType: number, entries = 0, words: readonly number[] = []): number {
    this.#words.push(
      this.#string(name),
      (kind << 24) | (entries & 0xffffff) | (entries & 0x80000000),
      sizeOrType,
      ...words,
    );
    return this.#firstId + this.#count++;
  }
}
