import type { LineIndex } from '../../../../grammar/text.ts';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import type { Paint } from '../terminal.ts';

/** A file that was checked, and what there is to say about it. */
export interface Checked {
  /** As the user named it. */
  readonly file: string;
  readonly lines: LineIndex;
  readonly diagnostics: readonly Diagnostic[];
}

/** Gives the whole report on all files, ready to be written. */
export type Format = (files: readonly Checked[], paint: Paint) => string;

/** Counted from one, as people and editors count; the column in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export function place(lines: LineIndex, offset: number): Place {
  const { line, character } = lines.positionAt(offset);
  return { line: line + 1, column: character + 1 };
}

/** Zero-based, as in LSP. */
export function range(lines: LineIndex, span: Span) {
  return { start: lines.positionAt(span.start), end: lines.positionAt(span.end) };
}
