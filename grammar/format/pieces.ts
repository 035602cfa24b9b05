import type { TokenType } from 'chevrotain';
import type { Span } from '../../server/src/diagnostics/diagnostic.ts';
import type { Token } from '../parser-layout.ts';
import type { Tokens } from '../parser.ts';
import * as T from '../tokens.ts';

/** What the formatter prints in one go: a token, or a stretch that it leaves as it is. */
export interface Piece {
  readonly token: Token;
  /** That of the token; undefined for a stretch that is left as it is. */
  readonly type: TokenType | undefined;
  readonly text: string;
  /** Line ends before it, at most two: two are an empty line. */
  readonly lines: 0 | 1 | 2;
  /** Whether a statement, field or declaration starts here, so that the line is no continuation. */
  readonly startsItem: boolean;
}

/** Cuts a text into its pieces. */
export function piecesOf(text: string, parsed: Tokens, frozen: readonly Span[]): Piece[] {
  const starts = itemStarts(parsed.significant);
  const pieces: Piece[] = [];
  let lines: Piece['lines'] = 0;
  let nextFrozen = 0;
  let until = -1;
  for (const token of parsed.tokens) {
    if (token.startOffset < until) continue;
    if (token.tokenType === T.Newline) {
      lines = lineEnds(token.image) > 1 ? 2 : 1;
      const pastFrozen = frozen[nextFrozen];
      // A stretch may start in the white space of a line end.
      if (pastFrozen === undefined || pastFrozen.start >= token.startOffset + token.image.length) continue;
    }
    const stretch = frozen[nextFrozen];
    if (stretch !== undefined && token.startOffset + token.image.length > stretch.start) {
      pieces.push({
        token,
        type: undefined,
        text: text.slice(stretch.start, stretch.end),
        lines,
        startsItem: true,
      });
      until = stretch.end;
      nextFrozen++;
      lines = 0;
      continue;
    }
    const startsItem = starts.has(token.startOffset);
    pieces.push({ token, type: token.tokenType, text: printed(token), lines, startsItem });
    lines = 0;
  }
  return withoutIdle(pieces);
}

/** Drops each ';' that separates nothing: a line end, a brace or another ';' is beside it. */
function withoutIdle(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = [];
  let lines: Piece['lines'] = 0;
  pieces.forEach((piece, i) => {
    const before = kept.at(-1)?.type;
    const next = pieces[i + 1];
    const opens = kept.length === 0 || before === T.LBrace || before === T.Semi;
    const ends =
      next === undefined || next.lines > 0 || next.type === T.RBrace || next.type === T.LineComment;
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

function lineEnds(white: string): number {
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
