import type { PolicyFile } from '../../../grammar/ast.ts';
import type { Fix, Span } from '../diagnostics/diagnostic.ts';

/** Leaves the kernels without it out: writes `requires kernel >= VERSION` into the header. */
export function requireKernel(file: PolicyFile, version: string | undefined): readonly Fix[] {
  const { header } = file;
  if (header === undefined || version === undefined || header.target.text === '') return [];
  const clause = `requires kernel >= ${version}`;
  const at = header.target.span.end;
  const edit =
    header.requires === undefined
      ? { span: { start: at, end: at }, newText: ` ${clause}` }
      : { span: header.requires.span, newText: clause };
  return [{ title: `Require kernel ${version}`, edits: [edit] }];
}

/** Writes `defer` before a call. */
export const deferCall = (span: Span): readonly Fix[] => [
  { title: "Add 'defer'", edits: [{ span: { start: span.start, end: span.start }, newText: 'defer ' }] },
];

/** Replaces a name by today's. */
export const renameTo = (span: Span, name: string): readonly Fix[] => [
  { title: `Change to '${name}'`, edits: [{ span, newText: name }] },
];
