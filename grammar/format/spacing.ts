import type { TokenType } from 'chevrotain';
import type { Token } from '../parser-layout.ts';
import * as T from '../tokens.ts';
import type { Roles } from './roles.ts';

/** Nothing stands between these and what follows on the line. */
const TIGHT_AFTER: ReadonlySet<TokenType> = new Set([T.LParen, T.LBracket, T.Dot, T.DotDot]);
/** Nothing stands between these and what is before them on the line. */
const TIGHT_BEFORE: ReadonlySet<TokenType> = new Set([
  T.RParen,
  T.RBracket,
  T.LBracket,
  T.Dot,
  T.DotDot,
  T.Comma,
  T.Semi,
]);

/** Whether a blank stands between two tokens of one line. */
export function spaced(last: Token, next: Token, roles: Roles): boolean {
  const before = last.tokenType;
  const after = next.tokenType;
  // Tight, a '/' and a comment behind it would be another comment.
  if (T.isComment(after)) return !TIGHT_AFTER.has(before);
  if (T.isComment(before)) return !TIGHT_BEFORE.has(after);
  if (TIGHT_AFTER.has(before) || roles.unary.has(last.startOffset)) return false;
  if (TIGHT_BEFORE.has(after)) return false;
  if (roles.joining.has(last.startOffset) || roles.joining.has(next.startOffset)) return false;
  if (before === T.LBrace && after === T.RBrace) return false;
  if (after === T.Question || after === T.Colon) return roles.ternary.has(next.startOffset);
  if (after === T.LParen) return !opensList(last, next, roles);
  return true;
}

/** Whether a '(' belongs to the word or bracket before it: the arguments of a call, the parameters of a function. */
function opensList(last: Token, paren: Token, roles: Roles): boolean {
  if (roles.grouping.has(paren.startOffset)) return false;
  const type = last.tokenType;
  if (type === T.RParen || type === T.RBracket || type === T.Ident) return true;
  if (type === T.Let || type === T.Var) return false;
  return type.CATEGORIES?.some((category) => category === T.Word || category === T.Ident) ?? false;
}
