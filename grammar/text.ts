/** Zero-based line and UTF-16 character, as in LSP. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

const LF = 10;
const CR = 13;

/**
 * Offsets of a text to lines and back. Lines end with \n, \r\n or a lone \r, as in LSP. Built once a text; a lookup
 * is a binary search.
 */
export class LineIndex {
  private readonly starts: readonly number[];
  private readonly text: string;

  constructor(text: string) {
    this.starts = text.includes('\r') ? startsOf(text) : startsByLf(text);
    this.text = text;
  }

  get lineCount(): number {
    return this.starts.length;
  }

  /** The position of an offset; offsets outside the text are moved to its nearest end. */
  positionAt(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    const line = this.lineAt(at);
    return { line, character: at - (this.starts[line] ?? 0) };
  }

  /** The zero-based line of an offset. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The offset of a position; a character past the end of its line is that end, a line past the last the end of the text. */
  offsetAt(position: Position): number {
    if (position.line < 0) return 0;
    const start = this.starts[position.line];
    if (start === undefined) return this.text.length;
    return Math.min(start + Math.max(0, position.character), this.lineEnd(position.line));
  }

  /** The offset at which a line starts; past the last line: the end of the text. */
  lineStart(line: number): number {
    return this.starts[Math.max(0, line)] ?? this.text.length;
  }

  /** The offset at which a line ends, before its \n or \r\n. */
  lineEnd(line: number): number {
    const next = this.starts[line + 1];
    if (next === undefined) return this.text.length;
    return next - (this.text.charCodeAt(next - 1) === LF && this.text.charCodeAt(next - 2) === CR ? 2 : 1);
  }
}

/** Where the lines start; a \r without \n ends one, too. */
function startsOf(text: string): readonly number[] {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === LF || (c === CR && text.charCodeAt(i + 1) !== LF)) starts.push(i + 1);
  }
  return starts;
}

/** The same of a text without \r, as nearly all are: a search for one character takes a fraction of the time. */
function startsByLf(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The shortest stretch that differs between two texts: `start..end` of the older; the newer is longer by `delta`. */
export interface Change {
  readonly start: number;
  readonly end: number;
  readonly delta: number;
}

/** Characters that are compared in one go. */
const STRIDE = 1024;

/** What turns one text into the other. */
export function changeOf(older: string, newer: string): Change {
  const shorter = Math.min(older.length, newer.length);
  let head = 0;
  while (head + STRIDE <= shorter && older.startsWith(newer.slice(head, head + STRIDE), head)) head += STRIDE;
  while (head < shorter && older.charCodeAt(head) === newer.charCodeAt(head)) head++;
  const most = shorter - head;
  const [oldEnd, newEnd] = [older.length, newer.length];
  let tail = 0;
  const same = (from: number): boolean =>
    older.startsWith(newer.slice(newEnd - from, newEnd - from + STRIDE), oldEnd - from);
  while (tail + STRIDE <= most && same(tail + STRIDE)) tail += STRIDE;
  while (tail < most && older.charCodeAt(oldEnd - 1 - tail) === newer.charCodeAt(newEnd - 1 - tail)) tail++;
  return { start: head, end: oldEnd - tail, delta: newEnd - oldEnd };
}
