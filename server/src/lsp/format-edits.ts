import type { Position, Range, TextEdit } from 'vscode-languageserver';
import { format } from '../../../grammar/format.ts';
import type { Span, TextEdit as Edit } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { toEdit, toOffset } from './convert.ts';

const known = new WeakMap<Snapshot, readonly Edit[]>();

/**
 * What formatting changes: the white space between tokens, gap by gap, and nothing else of the text, so that cursors,
 * marks and folds stay. None where the text is formatted already or too broken to format.
 */
export function formatEdits(snapshot: Snapshot): readonly Edit[] {
  const cached = known.get(snapshot);
  if (cached) return cached;
  const { file, syntaxErrors: diagnostics } = snapshot;
  const formatted = format(snapshot.text, { file, diagnostics });
  const edits = formatted === undefined ? [] : gaps(snapshot.text, formatted);
  known.set(snapshot, edits);
  return edits;
}

/** Formats what lies in `range`, in whole lines. */
export function rangeFormatting(snapshot: Snapshot, { start, end }: Range): readonly TextEdit[] {
  const { lines } = snapshot;
  const last = end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
  return editsIn(snapshot, { start: lines.lineStart(start.line), end: lines.lineEnd(last) });
}

/** Characters after which what was just written is formatted. */
export const FORMAT_TRIGGERS = ['}', ';', '\n'] as const;

/** Formats what `typed` has finished: the block that a `}` closes, else the line. */
export function onTypeFormatting(snapshot: Snapshot, position: Position, typed: string): readonly TextEdit[] {
  const { lines } = snapshot;
  const offset = toOffset(snapshot, position);
  const line = typed === '\n' ? position.line - 1 : position.line;
  if (line < 0) return [];
  const end = lines.lineEnd(line);
  if (typed !== '}') return editsIn(snapshot, { start: lines.lineStart(line), end });
  const opener = openerOf(snapshot.text, offset - 1);
  const from = opener === undefined ? line : lines.lineAt(opener);
  return editsIn(snapshot, { start: lines.lineStart(from), end });
}

const editsIn = (snapshot: Snapshot, { start, end }: Span): readonly TextEdit[] =>
  formatEdits(snapshot)
    // The white space in front of the first line begins on the line before; that between lines counts by where it ends.
    .filter(({ span }) => span.end >= start && span.end <= end)
    .map((edit) => toEdit(snapshot, edit));

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
