import type { TokenType } from 'chevrotain';
import type { Token } from '../parser-layout.ts';
import * as T from '../tokens.ts';
import type { Piece } from './pieces.ts';
import type { Roles } from './roles.ts';
import { spaced } from './spacing.ts';

const INDENT = '    ';

/** An open bracket. */
interface Open {
  readonly type: TokenType;
  /** The level of the line of the bracket: that of a closing bracket which starts a line. */
  readonly outside: number;
  /** The level of lines inside. */
  readonly inside: number;
  /** Whether a comma in it separates items that may have lines of their own. */
  readonly items: boolean;
}

/** Prints pieces in the one style there is, from the first line on; `eol` ends the lines but the last. */
export function print(pieces: readonly Piece[], roles: Roles, eol: string): string {
  const multiline = multilineBraces(pieces);
  const stack: Open[] = [];
  let out = '';
  let level = 0;
  let inScenario = false;
  let afterComma = false;
  pieces.forEach((piece, i) => {
    const last = pieces[i - 1];
    const { token, type } = piece;
    const breaks = i === 0 || last === undefined ? 0 : lineBreaks(last, piece, multiline, stack.at(-1));
    if (i === 0 || breaks > 0) {
      out += eol.repeat(breaks);
      level = levelOf(pieces, i, stack, afterComma);
      out += INDENT.repeat(level);
    } else if (last !== undefined && spaced(last.token, token, roles)) out += ' ';
    out += piece.text;
    if (T.isComment(type)) return;
    if (type === T.Scenario) inScenario = true;
    afterComma = type === T.Comma && stack.at(-1)?.items === true;
    if (isOpening(type)) {
      // A block is indented from its statement, also where the statement is broken before the '{'.
      const outside = type === T.LBrace ? (stack.at(-1)?.inside ?? 0) : level;
      stack.push({ type, outside, inside: outside + 1, items: type === T.LBrace && !inScenario });
      if (type === T.LBrace) inScenario = false;
    } else if (isClosing(type)) stack.pop();
  });
  return out;
}

const isCommentPiece = (piece: Piece | undefined): boolean => piece !== undefined && T.isComment(piece.type);
const isOpening = (type: TokenType): boolean => type === T.LBrace || type === T.LParen || type === T.LBracket;
const isClosing = (type: TokenType): boolean => type === T.RBrace || type === T.RParen || type === T.RBracket;

/** The braces, opening and closing, whose content has lines of its own. */
function multilineBraces(pieces: readonly Piece[]): ReadonlySet<Token> {
  const found = new Set<Token>();
  const open: { token: Token; broken: boolean }[] = [];
  pieces.forEach((piece, i) => {
    const { type } = piece;
    // A comment that ends with its line makes lines wherever it stands.
    const breaks = piece.lines > 0 || type === T.LineComment || type === T.DocComment;
    const empty = type === T.RBrace && pieces[i - 1]?.type === T.LBrace;
    if (breaks && type !== T.LBrace && !empty) for (const brace of open) brace.broken = true;
    if (type === T.LBrace) open.push({ token: piece.token, broken: false });
    else if (type === T.RBrace) {
      const brace = open.pop();
      if (brace?.broken === true) {
        found.add(brace.token);
        found.add(piece.token);
      }
    }
  });
  return found;
}

/** How many line ends stand between two pieces. */
function lineBreaks(last: Piece, next: Piece, multiline: ReadonlySet<Token>, open: Open | undefined): number {
  const before = last.type;
  const after = next.type;
  const least = before === T.LineComment || before === T.DocComment ? 1 : 0;
  if (T.isComment(after) && next.lines === 0) return least;
  if (after === T.RBrace) return multiline.has(next.token) ? 1 : least;
  if (before === T.LBrace) return multiline.has(last.token) ? 1 : 0;
  if (after === T.LBrace || (after === T.Else && before === T.RBrace)) return least;
  // An empty line says something between items only.
  const most = next.startsItem || T.isComment(after) || open?.items === true ? 2 : 1;
  return Math.max(least, Math.min(next.lines, most));
}

/** The level of the line that starts with piece `i`. */
function levelOf(pieces: readonly Piece[], i: number, stack: readonly Open[], afterComma: boolean): number {
  const piece = pieces[i] as Piece;
  const open = stack.at(-1);
  const { type } = piece;
  if (isClosing(type)) return open?.outside ?? 0;
  const base = open?.inside ?? 0;
  if (open !== undefined && open.type !== T.LBrace) return base;
  if (T.isComment(type)) {
    let after = i + 1;
    while (isCommentPiece(pieces[after])) after++;
    const next = pieces[after];
    return next === undefined || !continues(next, pieces[i - 1], afterComma) ? base : base + 1;
  }
  return continues(piece, pieces[i - 1], afterComma) ? base + 1 : base;
}

/** Whether a line goes on with what the line before it started. */
function continues(piece: Piece, last: Piece | undefined, afterComma: boolean): boolean {
  const { type } = piece;
  if (last === undefined) return false;
  if (piece.startsItem || afterComma || isClosing(type)) return false;
  return last.type !== T.LBrace && type !== T.LBrace && type !== T.Else;
}
