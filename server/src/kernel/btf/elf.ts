import type { BtfError } from './btf.ts';

export type SectionResult =
  { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly error: BtfError };

const ELF_HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;

/** Is this an ELF file (vmlinux, a module, a BPF object)? */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** The contents of the section called `name` of a 64-bit little-endian ELF file (elf(5)). */
export function elfSection(bytes: Uint8Array, name: string): SectionResult {
  const fail = (offset: number, message: string): SectionResult => ({
    ok: false,
    error: { message, offset },
  });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < ELF_HEADER_BYTES) return fail(bytes.byteLength, 'the ELF header is cut short');
  if (bytes[4] !== 2 || bytes[5] !== 1) return fail(4, 'only 64-bit little-endian ELF files are read');
  const tableAt = Number(view.getBigUint64(0x28, true));
  const count = view.getUint16(0x3c, true);
  const namesIndex = view.getUint16(0x3e, true);
  if (tableAt + count * SECTION_HEADER_BYTES > bytes.byteLength) {
    return fail(0x28, `the section table at byte ${tableAt} reaches past the end of the file`);
  }
  const section = (index: number): { name: number; offset: number; size: number } => {
    const at = tableAt + index * SECTION_HEADER_BYTES;
    return {
      name: view.getUint32(at, true),
      offset: Number(view.getBigUint64(at + 0x18, true)),
      size: Number(view.getBigUint64(at + 0x20, true)),
    };
  };
  if (namesIndex >= count) return fail(0x3e, 'the section of section names is missing');
  const names = section(namesIndex);
  const wanted = new TextEncoder().encode(`${name}\0`);
  for (let index = 0; index < count; index++) {
    const header = section(index);
    const at = names.offset + header.name;
    if (!wanted.every((byte, i) => bytes[at + i] === byte)) continue;
    if (header.offset + header.size > bytes.byteLength) {
      return fail(header.offset, `section ${name} reaches past the end of the file`);
    }
    return { ok: true, bytes: bytes.subarray(header.offset, header.offset + header.size) };
  }
  return fail(tableAt, `the file has no section ${name}: the kernel was built without CONFIG_DEBUG_INFO_BTF`);
}
