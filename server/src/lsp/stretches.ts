import type { Span } from '../diagnostics/diagnostic.ts';

/** A stretch of a text without the white space at its ends. */
export function trimmed(text: string, { start, end }: Span): Span {
  const part = text.slice(start, Math.max(start, end));
  const from = start + part.length - part.trimStart().length;
  return { start: from, end: Math.max(from, start + part.trimEnd().length) };
}

/** Where the line of an offset starts, with the lines of comments right above it. */
export function startWithComments(text: string, offset: number): number {
  let at = text.lastIndexOf('\n', offset - 1) + 1;
  for (;;) {
    const before = text.lastIndexOf('\n', at - 2) + 1;
    if (at === 0 || !/^\s*\/\//u.test(text.slice(before, at))) return at;
    at = before;
  }
}
