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
  const reported = diagnostics.filter((d) => d.severity === 'error' && !HARMLESS.has(d.code));
  // Junk behind junk is not reported again.
  const junk = file.decls.filter((decl) => decl.kind === 'error-decl');
  const wrong = [...reported, ...junk].map(({ span }) => span.start);
  if (wrong.length === 0) return [];
  const bounds = boundaries(text, file, tokens);
  const spans: Span[] = [];
  for (let i = 0; i + 1 < bounds.length; i++) {
    const [start, end] = [bounds[i] ?? 0, bounds[i + 1] ?? 0];
    const last = i + 2 === bounds.length;
    if (wrong.some((at) => at >= start && (at < end || last))) {
      const span = whole(text, start, end);
      if (span.end > span.start) spans.push(span);
    }
  }
  return spans;
}

/** Where the lines of each top-level item start, with its comments; first the start of the text, last its end. */
function boundaries(text: string, file: PolicyFile, tokens: readonly Token[]): number[] {
  const header = file.header === undefined ? [] : [file.header];
  const items = [...header, ...file.decls].map((item) => item.span.start).sort((a, b) => a - b);
  const starts = items.slice(1);
  const bounds = [text.startsWith('\uFEFF') ? 1 : 0];
  for (let k = 0, i = 0; i < tokens.length && k < starts.length; i++) {
    if (tokens[i]?.startOffset !== starts[k]) continue;
    const first = tokens[firstOf(tokens, i)] as Token;
    bounds.push(lineStart(text, first.startOffset));
    k++;
  }
  return [...bounds, text.length];
}

/** The index of the first token of the lines of an item: of its own line, or of a comment on the lines before. */
function firstOf(tokens: readonly Token[], at: number): number {
  let first = at;
  while (first > 0 && tokens[first - 1]?.tokenType !== T.Newline) first--;
  for (let i = first - 2; i >= 0; i--) {
    const type = tokens[i]?.tokenType;
    if (type === undefined || !(type === T.Newline || T.isComment(type))) break;
    const startsLine = i === 0 || tokens[i - 1]?.tokenType === T.Newline;
    if (startsLine && type !== T.Newline) first = i;
  }
  return first;
}

/** The start of the line of an offset that is not inside a token of several lines. */
function lineStart(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && text[at - 1] !== '\n' && text[at - 1] !== '\r') at--;
  return at;
}

/** The lines of a stretch without the empty ones around it. */
function whole(text: string, start: number, end: number): Span {
  const inner = text.slice(start, end);
  const solid = inner.trimEnd().length;
  const rest = inner.slice(solid).search(/[\r\n]/);
  const leading = /^(?:[ \t\f\v]*(?:\r\n|\r|\n))*/.exec(inner)?.[0].length ?? 0;
  return { start: start + leading, end: start + Math.max(leading, rest < 0 ? inner.length : solid + rest) };
}
