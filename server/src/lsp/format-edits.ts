import type { Position, Range, TextEdit } from 'vscode-languageserver';
import { formatInParts, type FormattedPart } from '../../../grammar/format.ts';
import type { InParts } from '../../../grammar/in-parts.ts';
import type { Span, TextEdit as Edit } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { toEdit, toOffset } from './convert.ts';

/** With more edits than this, a declaration is written anew as a whole: the client would be longer at them than we are. */
const MOST_EDITS = 2000;

/**
 * What formatting changes: the white space between tokens, gap by gap, and nothing else of the text, so that cursors,
 * marks and folds stay. None where the text is formatted already or too broken to format. `within`: what changes there.
 */
export function* formatEdits(snapshot: Snapshot, within?: Span): InParts<readonly Edit[]> {
  const { text, file, syntaxErrors: diagnostics } = snapshot;
  const parts = (yield* formatInParts(text, { file, diagnostics })) ?? [];
  const edits: Edit[] = [];
  for (const part of parts) {
    if (within !== undefined && (part.end < within.start || part.start > within.end)) continue;
    for (const { span, newText } of editsOf(text, part))
      add(edits, { span: { start: span.start + part.start, end: span.end + part.start }, newText });
  }
  if (within !== undefined) return edits;
  return edits.length > MOST_EDITS ? parts.flatMap((part) => asAWhole(text, part)) : edits;
}

/** Adds an edit; where it begins at the end of the one before, the two are one. */
function add(edits: Edit[], edit: Edit): void {
  const last = edits.at(-1);
  if (last === undefined || last.span.end !== edit.span.start) edits.push(edit);
  else {
    const span = { start: last.span.start, end: edit.span.end };
    edits[edits.length - 1] = { span, newText: last.newText + edit.newText };
  }
}

function asAWhole(text: string, { start, end, text: newText }: FormattedPart): readonly Edit[] {
  return text.slice(start, end) === newText ? [] : [{ span: { start, end }, newText }];
}

/** The edits of parts that were formatted before; places count from the start of the part. */
const known = new WeakMap<object, readonly Edit[]>();

function editsOf(text: string, part: FormattedPart): readonly Edit[] {
  const edits = known.get(part.key) ?? gaps(text.slice(part.start, part.end), part.text);
  known.set(part.key, edits);
  return edits;
}

/** Formats what lies in `range`, in whole lines. */
export function rangeFormatting(snapshot: Snapshot, { start, end }: Range): InParts<readonly TextEdit[]> {
  const { lines } = snapshot;
  const last = end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
  return editsIn(snapshot, { start: lines.lineStart(start.line), end: lines.lineEnd(last) });
}

/** Characters after which what was just written is formatted. */
export const FORMAT_TRIGGERS = ['}', ';', '\n'] as const;

/** Formats what `typed` has finished: the block that a `}` closes, else the line. */
export function* onTypeFormatting(
  snapshot: Snapshot,
  position: Position,
  typed: string,
): InParts<readonly TextEdit[]> {
  const { lines } = snapshot;
  const offset = toOffset(snapshot, position);
  const line = typed === '\n' ? position.line - 1 : position.line;
  if (line < 0) return [];
  const end = lines.lineEnd(line);
  if (typed !== '}') return yield* editsIn(snapshot, { start: lines.lineStart(line), end });
  const opener = openerOf(snapshot.text, offset - 1);
  const from = opener === undefined ? line : lines.lineAt(opener);
  return yield* editsIn(snapshot, { start: lines.lineStart(from), end });
}

function* editsIn(snapshot: Snapshot, within: Span): InParts<readonly TextEdit[]> {
  const edits = yield* formatEdits(snapshot, within);
  // The white space in front of the first line begins on the line before; that between lines counts by where it ends.
  return edits
    .filter(({ span }) => span.end >= within.start && span.end <= within.end)
    .map((edit) => toEdit(snapshot, edit));
}

/** The `{` that the `}` at `closer` closes; braces in texts and comments are taken for what they look like. */
function openerOf(text: string, closer: number): number | undefined {
  let depth = 0;
  for (let at = closer; at >= 0; at--) {
    if (text[at] === '}') depth++;
    else if (text[at] === '{' && --depth === 0) return at;
  }
  return undefined;
}

const isWhite = (c: string | undefined): boolean => c === ' ' || c === '\t' || c === '\n' || c === '\r';

/** Edits that turn one text into another with the same tokens; where they differ in more, one edit for the rest. */
function gaps(from: string, to: string): readonly Edit[] {
  const edits: Edit[] = [];
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    const start = i;
    const other = j;
    while (i < from.length && (isWhite(from[i]) || (from[i] === ';' && to[j] !== ';'))) i++;
    while (j < to.length && isWhite(to[j])) j++;
    const newText = to.slice(other, j);
    if (from.slice(start, i) !== newText) edits.push({ span: { start, end: i }, newText });
    if (i < from.length && from[i] === to[j]) {
      i++;
      j++;
      while (i < from.length && from[i] === to[j] && !isWhite(from[i])) {
        i++;
        j++;
      }
    } else if (i < from.length || j < to.length) {
      edits.push({ span: { start: i, end: from.length }, newText: to.slice(j) });
      break;
    }
  }
  return edits;
}
