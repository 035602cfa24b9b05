import { LineIndex } from '../../grammar/text.ts';
import type { Diagnostic } from '../../server/src/diagnostics/diagnostic.ts';

/** One diagnostic of a text: `12: PV3004`, with lines counted from 1. */
type Mark = string;

/** What the comments `//~ PV3004 PV2017` of a text say about their own lines. */
export function expectedMarks(text: string): Mark[] {
  return text.split('\n').flatMap((line, i) => {
    const codes = /\/\/~ ([A-Z0-9 ]+)/.exec(line)?.[1] ?? '';
    return codes
      .trim()
      .split(' ')
      .filter((code) => code !== '')
      .map((code) => `${i + 1}: ${code}`)
      .toSorted();
  });
}

/** The lines on which diagnostics start, and their codes, in the same form. */
export function foundMarks(text: string, diagnostics: readonly Diagnostic[]): Mark[] {
  const lines = new LineIndex(text);
  return diagnostics
    .map(({ span, code }) => ({ line: lines.lineAt(span.start) + 1, code }))
    .toSorted((a, b) => a.line - b.line || (a.code < b.code ? -1 : 1))
    .map(({ line, code }) => `${line}: ${code}`);
}

/** The text with the edits of a fix made. */
export function applyEdits(
  text: string,
  edits: readonly {
    readonly span: { readonly start: number; readonly end: number };
    readonly newText: string;
  }[],
): string {
  return edits
    .toSorted((a, b) => b.span.start - a.span.start || b.span.end - a.span.end)
    .reduce((t, { span, newText }) => t.slice(0, span.start) + newText + t.slice(span.end), text);
}
