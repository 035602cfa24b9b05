import type { PolicyFile } from '../../../grammar/ast.ts';
import { layout, type Token } from '../../../grammar/parser-layout.ts';
import * as T from '../../../grammar/tokens.ts';

/** Where completion is asked for, by the tokens in front of it: they are there also while the rest is broken. */
export interface Spot {
  /** What the item (a declaration, field, statement, line of a scenario) has so far, with one blank between tokens. */
  readonly said: string;
  /** The same of what stands in front of each open '{', the outermost first. */
  readonly heads: readonly string[];
  /** What stands in front of the block that was closed right before the item. */
  readonly closed: string | undefined;
  /** Is it the body of a `match` arm? */
  readonly isArm: boolean;
  /** The part of a word that is written already. */
  readonly word: string;
  /** The offset behind the last token in front of the word. */
  readonly behind: number;
}

/** Undefined in comments, in texts, and in numbers: nothing is to be completed there. */
export function spotAt(text: string, file: PolicyFile, offset: number): Spot | undefined {
  const word = /\w*$/u.exec(text.slice(Math.max(0, offset - 100), offset))?.[0] ?? '';
  if (/^\d/u.test(word)) return undefined;
  const at = offset - word.length;
  const from = startBefore(file, at);
  // A name in the place of the word tells whether one could stand there.
  const { raw, tokens } = layout(`${text.slice(0, at)}x`, from, at + 1);
  const last = raw.at(-1);
  if (last?.tokenType === T.Ident && last.startOffset === at) return { ...read(tokens, at), word };
  if (last?.tokenType !== T.UnterminatedString || !isLogged(tokens, last)) return undefined;
  const logged = text.slice(last.startOffset, at);
  const brace = /(?<!\\)\{[^}"]*$/u.exec(logged);
  if (brace === null) return undefined;
  const inner = read(layout(`${text.slice(0, at)}x`, last.startOffset + brace.index + 1, at + 1).tokens, at);
  return { ...read(tokens, last.startOffset), said: `{ ${inner.said}`, behind: inner.behind, word };
}

const isLogged = (tokens: readonly Token[], text: Token): boolean =>
  tokens.findLast(({ startOffset }) => startOffset < text.startOffset)?.tokenType === T.Log;

/** The start of the declaration that the offset is in or behind, by what could be read of the text. */
export function startBefore({ header, decls }: PolicyFile, offset: number): number {
  const decl = decls.findLast(({ kind, span }) => kind !== 'error-decl' && span.start < offset);
  return decl?.span.start ?? (header && header.span.start < offset ? header.span.start : 0);
}

function read(tokens: readonly Token[], end: number): Omit<Spot, 'word'> {
  let behind = end;
  const heads: string[] = [];
  /** Open brackets of every kind. */
  const open: (typeof T.LBrace)[] = [];
  let item: string[] = [];
  let closed: string | undefined;
  let isArm = false;
  const begin = (behind: string | undefined, arm = false): void => {
    item = [];
    closed = behind;
    isArm = arm;
  };
  for (const { tokenType: type, image, startOffset } of tokens) {
    if (startOffset >= end) break;
    if (type !== T.Newline) behind = startOffset + image.length;
    if (type === T.LBrace) {
      heads.push(item.join(' '));
      open.push(type);
      begin(undefined);
    } else if (type === T.RBrace) {
      while (open.length > 0 && open.pop() !== T.LBrace);
      begin(heads.pop());
    } else if (type === T.FatArrow) begin(undefined, true);
    else if (type === T.Newline || type === T.Semi || (type === T.Comma && open.at(-1) === T.LBrace))
      begin(item.length === 0 ? closed : undefined);
    else {
      if (type === T.LParen || type === T.LBracket) open.push(type);
      if (type === T.RParen || type === T.RBracket) open.pop();
      item.push(image);
    }
  }
  return { said: item.join(' '), heads, closed, isArm, behind };
}
