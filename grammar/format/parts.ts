import type { Diagnostic } from '../../server/src/diagnostics/diagnostic.ts';
import type { Decl, Header, PolicyFile } from '../ast.ts';

/** Whole lines of a text that can be formatted without looking at the others. */
export interface Part {
  /** Where it starts: at the line end before its first line, but for the first part. */
  readonly start: number;
  readonly end: number;
  /** What stands in it; nothing in the last part, which is what follows the last declaration. */
  readonly items: readonly (Header | Decl)[];
  readonly first: boolean;
  readonly last: boolean;
}

/**
 * Cuts a text behind the line on which each declaration ends: the comments above one belong to it. Declarations that
 * share a line, or a comment or ';' between them, stay together. There is always a last part.
 */
export function partsOf(text: string, { header, decls }: PolicyFile): readonly Part[] {
  const items = [...(header === undefined ? [] : [header]), ...decls].sort(
    (a, b) => a.span.start - b.span.start,
  );
  const parts: Part[] = [];
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  let held: (Header | Decl)[] = [];
  for (const [index, item] of items.entries()) {
    held.push(item);
    const end = cutBehind(text, item.span.end, items[index + 1]?.span.start);
    if (end === undefined) continue;
    parts.push({ start, end, items: held, first: parts.length === 0, last: false });
    start = end;
    held = [];
  }
  parts.push({ start, end: text.length, items: held, first: parts.length === 0, last: true });
  return parts;
}

/**
 * The end of the line on which a declaration ends, with what could not be read behind it; `next` is where the next one
 * starts. Undefined where the text cannot be cut between the two.
 */
function cutBehind(text: string, end: number, next = text.length): number | undefined {
  let cut: number | undefined;
  for (let at = end; at < next; at++) {
    const c = text[at];
    if (c === '\n' || c === '\r') cut ??= at;
    else if (c === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) at = commentEnd(text, at) - 1;
    else if (c !== ' ' && c !== '\t') cut = undefined;
  }
  return cut;
}

function commentEnd(text: string, start: number): number {
  if (text[start + 1] === '*') {
    const close = text.indexOf('*/', start + 2);
    return close < 0 ? text.length : close + 2;
  }
  let at = start;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

/** They are about the file as a whole and leave its parts readable. */
const HARMLESS: ReadonlySet<string> = new Set(['PV1009', 'PV1010', 'PV1020']);

/** The parts with a mistake in them. One in empty lines between two belongs to the first. */
export function wrongParts(
  text: string,
  parts: readonly Part[],
  file: PolicyFile,
  diagnostics: readonly Diagnostic[],
): ReadonlySet<Part> {
  const reported = diagnostics.filter((d) => d.severity === 'error' && !HARMLESS.has(d.code));
  // Junk behind junk is not reported again.
  const junk = file.decls.filter((decl) => decl.kind === 'error-decl');
  const found = new Set<Part>();
  for (const { span } of [...reported, ...junk]) {
    const part = parts.findLast((one) => one.first || solidStart(text, one) <= span.start);
    if (part !== undefined) found.add(part);
  }
  return found;
}

/** Where the first line of a part that is not empty starts. */
export function solidStart(text: string, { start, end }: Part): number {
  return start + (/^(?:[ \t\f\v]*(?:\r\n|\r|\n))*/.exec(text.slice(start, end))?.[0].length ?? 0);
}
