import type { TokenType } from 'chevrotain';
import type { Token } from '../parser-layout.ts';
import * as T from '../tokens.ts';

/** A token as the formatter prints it. */
export interface Piece {
  readonly token: Token;
  readonly type: TokenType;
  readonly text: string;
  /** Line ends before it, at most two: two are an empty line. */
  readonly lines: 0 | 1 | 2;
  /** Whether a statement, field or declaration starts here, so that the line is no continuation. */
  readonly startsItem: boolean;
}

/** The pieces of some lines: `tokens` are all of them, `significant` those that the grammar sees. */
export function piecesOf(tokens: readonly Token[], significant: readonly Token[]): Piece[] {
  const starts = itemStarts(significant);
  const pieces: Piece[] = [];
  let lines: Piece['lines'] = 0;
  for (const token of tokens) {
    if (token.tokenType === T.Newline) {
      lines = lineEnds(token.image) > 1 ? 2 : 1;
      continue;
    }
    const startsItem = starts.has(token.startOffset);
    pieces.push({ token, type: token.tokenType, text: printed(token), lines, startsItem });
    lines = 0;
  }
  return withoutIdle(pieces);
}

/** Drops each ';' that separates nothing: a brace is beside it, or a line end or another ';' behind it. */
function withoutIdle(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = [];
  let lines: Piece['lines'] = 0;
  pieces.forEach((piece, i) => {
    const before = kept.at(-1)?.type;
    const next = pieces[i + 1];
    const opens = before === undefined || before === T.LBrace;
    const ends =
      next === undefined ||
      next.lines > 0 ||
      next.type === T.RBrace ||
      next.type === T.Semi ||
      next.type === T.LineComment;
    const most = lines > piece.lines ? lines : piece.lines;
    if (piece.type === T.Semi && (opens || ends)) lines = most;
    else {
      kept.push(most === piece.lines ? piece : { ...piece, lines: most });
      lines = 0;
    }
  });
  return kept;
}

const printed = (token: Token): string =>
  T.isComment(token.tokenType) ? token.image.trimEnd() : token.image;

/** How many line ends are in white space. */
export function lineEnds(white: string): number {
  let count = 0;
  for (let at = 0; at < white.length; at++) {
    const c = white[at];
    if (c === '\n' || (c === '\r' && white[at + 1] !== '\n')) count++;
  }
  return count;
}

/** Offsets of the tokens that stand after a '{', or after a line end or ';' which ended something. */
function itemStarts(tokens: readonly Token[]): ReadonlySet<number> {
  const starts = new Set<number>();
  let fresh = true;
  for (const token of tokens) {
    const isSep = token.tokenType === T.Newline || token.tokenType === T.Semi;
    if (fresh && !isSep) starts.add(token.startOffset);
    fresh = isSep || token.tokenType === T.LBrace;
  }
  return starts;
}
