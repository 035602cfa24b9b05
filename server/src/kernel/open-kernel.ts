import { isElf } from './btf/elf.ts';
import { importKernel } from './import.ts';
import { profileOf, readImported, type ImportResult } from './imported.ts';
import type { Profile } from './profiles.ts';

export type OpenedKernel =
  { readonly ok: true; readonly profile: Profile } | { readonly ok: false; readonly message: string };

/** A kernel from the bytes of a file: a profile that `kernel import` wrote, raw BTF, or ELF with BTF. */
export function openKernel(bytes: Uint8Array, fileName: string): OpenedKernel {
  const result = read(bytes, baseName(fileName));
  if (result.ok) return { ok: true, profile: profileOf(result.kernel) };
  return { ok: false, message: `${result.message} (at byte ${result.offset})` };
}

function read(bytes: Uint8Array, name: string): ImportResult {
  const isText = bytes[0] === 0x7b || bytes[0] === 0x20 || bytes[0] === 0x0a;
  if (isText && !isElf(bytes)) return readImported(new TextDecoder().decode(bytes));
  return importKernel({ bytes, name });
}

/** 'vmlinux-6.18.4' of a path. */
const baseName = (path: string): string => path.replace(/^.*[/\\]/, '').replace(/\.btf$/, '');
