/** An edit as the editor tells it: lines from 0. */
export interface Edit {
  readonly range: {
    readonly start: { readonly line: number; readonly character: number };
    readonly end: { readonly line: number };
  };
  readonly text: string;
}

/** Where a line (from 1) stands after an edit; undefined where the edit took it away. */
export function shiftLine(line: number, { range: { start, end }, text }: Edit): number | undefined {
  const at = line - 1;
  const added = text.split('\n').length - 1;
  const delta = added - (end.line - start.line);
  if (at > end.line) return line + delta;
  if (at < start.line) return line;
  if (at === end.line && at > start.line) return line + delta;
  // What is inserted in front of a line's first character pushes it down.
  if (at === start.line && end.line === start.line)
    return start.character === 0 && text.endsWith('\n') ? line + delta : line;
  return at === start.line ? line : undefined;
}
