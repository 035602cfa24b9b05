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
    const at = lineStart(text, token.startOffset);
    const startsLine = text.slice(at, token.startOffset).trim() === '';
    if (startsLine && indentation(text, token) < indentation(text, opener)) return { opener, closer: token };
  }
  return undefined;
}

const lineStart = (text: string, offset: number): number => {
  let at = offset;
  while (at > 0 && text[at - 1] !== '\n' && text[at - 1] !== '\r') at--;
  return at;
};

/** How far the line of a token is indented, in characters; a policy mixes tabs and blanks at its own risk. */
function indentation(text: string, token: Token): number {
  const start = lineStart(text, token.startOffset);
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at - start;
}
