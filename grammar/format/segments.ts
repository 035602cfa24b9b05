import type { Diagnostic, Span } from '../../server/src/diagnostics/diagnostic.ts';
import type { PolicyFile } from '../ast.ts';
import type { Token } from '../parser-layout.ts';
import * as T from '../tokens.ts';

/** They are about the file as a whole and leave its parts readable. */
const HARMLESS: ReadonlySet<string> = new Set(['PV1009', 'PV1010', 'PV1020']);

/**
 * The stretches of a file that are not formatted, in order: the declarations with a mistake in them, with their
 * comments, from the start of their first line to the end of their last one.
 */
export function frozen(
  text: string,
  file: PolicyFile,
  tokens: readonly Token[],
  diagnostics: readonly Diagnostic[],
): readonly Span[] {
  const wrong = diagnostics.filter((d) => d.severity === 'error' && !HARMLESS.has(d.code));
  if (wrong.length === 0) return [];
  const bounds = boundaries(text, file, tokens);
  const spans: Span[] = [];
  for (let i = 0; i + 1 < bounds.length; i++) {
    const [start, end] = [bounds[i] ?? 0, bounds[i + 1] ?? 0];
    const last = i + 2 === bounds.length;
    if (wrong.some((d) => d.span.start >= start && (d.span.start < end || last))) {
      const span = whole(text, start, end);
      if (span.end > span.start) spans.push(span);
    }
  }
  return spans;
}

/** Where each top-level item starts, its comments included; first 0, last the end of the text. */
function boundaries(text: string, file: PolicyFile, tokens: readonly Token[]): number[] {
  const header = file.header === undefined ? [] : [file.header];
  const items = [...header, ...file.decls].map((item) => item.span).sort((a, b) => a.start - b.start);
  const starts = items.slice(1).map((item) => item.start);
  // The comments on the lines before an item are its own.
  for (let k = 0, i = 0; i < tokens.length && k < starts.length; i++) {
    const token = tokens[i] as Token;
    if (token.startOffset !== starts[k]) continue;
    let first = i;
    while (first > 0 && isOwn(text, tokens[first - 1] as Token)) first--;
    starts[k] = tokens[first]?.startOffset ?? token.startOffset;
    k++;
  }
  return [0, ...starts.map((start) => lineStart(text, start)), text.length];
}

/** Whether a token is a line end, or a comment on lines of its own. */
function isOwn(text: string, token: Token): boolean {
  if (token.tokenType === T.Newline) return true;
  return (
    T.isComment(token.tokenType) &&
    text.slice(lineStart(text, token.startOffset), token.startOffset).trim() === ''
  );
}

function lineStart(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && text[at - 1] !== '\n' && text[at - 1] !== '\r') at--;
  return at;
}

/** The lines of a stretch without the empty ones around it. */
function whole(text: string, start: number, end: number): Span {
  const inner = text.slice(start, end);
  const leading = /^(?:[ \t\f\v\uFEFF]*(?:\r\n|\r|\n))*/.exec(inner)?.[0].length ?? 0;
  return { start: start + leading, end: start + Math.max(leading, inner.trimEnd().length) };
}
