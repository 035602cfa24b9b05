import type { Token } from './parser-layout.ts';
import * as T from './tokens.ts';

/** A block that was closed too late: its own '}' is missing, and `closer` belongs to a block around it. */
export interface Misaligned {
  readonly opener: Token;
  readonly closer: Token;
}

/**
 * Finds, by indentation, the block whose '}' is missing. The parser notices a missing '}' only where a declaration or
 * the end of the file follows, often far below; a '}' that stands further left than the line of the '{' that it
 * closes shows the place. Looks at the tokens before `end`, from the '{' `outermost` on; undefined if all are aligned.
 */
export function misaligned(
  text: string,
  tokens: readonly Token[],
  outermost: Token,
  end: number,
): Misaligned | undefined {
  const open: Token[] = [];
  for (const token of tokens) {
    if (token.startOffset >= end) break;
    if (token.startOffset < outermost.startOffset) continue;
    if (token.tokenType === T.LBrace) open.push(token);
    if (token.tokenType !== T.RBrace) continue;
    const opener = open.pop();
    if (opener === undefined) return undefined;
    const own = leading(text, token.startOffset);
    if (own !== undefined && own < indentation(text, opener)) return { opener, closer: token };
  }
  return undefined;
}

/** How much white space stands in front of what begins its line at `offset`; undefined where something else does. */
function leading(text: string, offset: number): number | undefined {
  let at = offset;
  while (text[at - 1] === ' ' || text[at - 1] === '\t') at--;
  return at === 0 || isLineEnd(text[at - 1]) ? offset - at : undefined;
}

const isLineEnd = (character: string | undefined): boolean => character === '\n' || character === '\r';

/** How far the line of a token is indented, in characters; a policy mixes tabs and blanks at its own risk. */
function indentation(text: string, token: Token): number {
  let start = token.startOffset;
  while (start > 0 && !isLineEnd(text[start - 1])) start--;
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at - start;
}
