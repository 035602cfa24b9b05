import type { Position, Range, TextEdit as LspEdit } from 'vscode-languageserver';
import type { Span, TextEdit } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';

export const toRange = (snapshot: Snapshot, span: Span): Range => ({
  start: snapshot.lines.positionAt(span.start),
  end: snapshot.lines.positionAt(span.end),
});

export const toOffset = (snapshot: Snapshot, position: Position): number => snapshot.lines.offsetAt(position);

export const toEdit = (snapshot: Snapshot, edit: TextEdit): LspEdit => ({
  range: toRange(snapshot, edit.span),
  newText: edit.newText,
});
