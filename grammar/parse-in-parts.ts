import type { Decl } from './ast.ts';
import type { InParts } from './in-parts.ts';
import { LONGEST_TEXT, parse, parseFirst, parseDeclarations, type Tree } from './parser.ts';

/** Characters that one part has at least: a few hundred lines, which take a few milliseconds. */
const PART = 8000;

/**
 * What `parse` gives, read in parts that are cut where a declaration ends: behind a `}` at the start of a line. A cut
 * can be wrong, in a comment or where braces do not match; then a part has mistakes, and the text is read as a whole.
 */
export function* parseInParts(text: string): InParts<Tree> {
  if (text.length < 2 * PART || text.length > LONGEST_TEXT) return parse(text);
  const cuts = cutsOf(text);
  const first = parseFirst(text, cuts[0] ?? text.length);
  const { header } = first.file;
  if (header === undefined || first.diagnostics.length > 0) return parse(text);
  const decls: Decl[] = [...first.file.decls];
  for (const [index, from] of cuts.entries()) {
    yield;
    const { file, diagnostics } = parseDeclarations(text, from, cuts[index + 1] ?? text.length);
    if (file.header !== undefined || diagnostics.length > 0) return parse(text);
    for (const decl of file.decls) decls.push(decl);
  }
  const file = { kind: 'file', span: { start: 0, end: text.length }, header, decls } as const;
  return { file, diagnostics: [], balance: 0 };
}

/** Ends of lines that begin with a `}`, at least PART apart. */
function cutsOf(text: string): readonly number[] {
  const cuts: number[] = [];
  for (let at = text.indexOf('\n}', PART); at >= 0; at = text.indexOf('\n}', at + PART)) {
    const end = text.indexOf('\n', at + 1);
    if (end < 0) break;
    cuts.push(end + 1);
    at = end;
  }
  return cuts;
}
