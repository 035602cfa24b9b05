import { EOF, Lexer } from 'chevrotain';
import type { IToken, TokenType } from 'chevrotain';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type { Diagnostic } from '../server/src/diagnostics/diagnostic.ts';
import { splitLogText } from './parser-log.ts';
import { lexicalDiagnostics } from './parser-lexical.ts';
import * as T from './tokens.ts';

/** A token: its text `image` from `startOffset` on, and its `tokenType`. The lexer keeps no other position. */
export type Token = IToken;

/** What the parser reads, and what it says about it. */
export interface Layout {
  /** Every token of the text, comments and line ends included. */
  readonly raw: readonly Token[];
  /** The tokens of the grammar: no comments, and of the line ends only those that end something; EOF last. */
  readonly tokens: Token[];
  /** Doc comments by the start of the token that they stand before. */
  readonly docs: ReadonlyMap<number, string>;
  /** How many more '{' than '}' the text has. */
  readonly balance: number;
  readonly diagnostics: Diagnostic[];
}

let lexer: Lexer | undefined;

/** The lexer, built at first use. `validate` has Chevrotain check the token definitions (a test does). */
export const createLexer = (validate: boolean): Lexer =>
  new Lexer([...T.LEXED], {
    positionTracking: 'onlyOffset',
    ensureOptimizations: true,
    skipValidations: !validate,
  });

/**
 * Cuts a text, or the part of it between two offsets, into tokens, gives words their types, and keeps the line ends
 * that mean something.
 */
export function layout(text: string, from = 0, to = text.length): Layout {
  lexer ??= createLexer(false);
  const { tokens: raw, errors } = lexer.tokenize(to - from < text.length ? text.slice(from, to) : text);
  if (from > 0) {
    for (const token of raw) token.startOffset += from;
    for (const error of errors) error.offset += from;
  }
  const diagnostics: Diagnostic[] = [];
  lexicalDiagnostics(text, raw, errors, diagnostics);
  nameWords(raw);
  const matched = matchBrackets(raw);
  return { raw, diagnostics, ...significant(to, raw, matched, diagnostics) };
}

function nameWords(raw: readonly Token[]): void {
  for (const token of raw) {
    if (token.tokenType === T.Ident) retype(token, T.keywordType(token.image));
  }
}

function retype(token: Token, type: TokenType | undefined): void {
  if (type?.tokenTypeIdx === undefined) return;
  token.tokenType = type;
  token.tokenTypeIdx = type.tokenTypeIdx;
}

/** A copy of a token with another type. */
export function retyped(token: Token, type: TokenType): Token {
  const copy = { ...token };
  retype(copy, type);
  return copy;
}

const STARTERS: ReadonlySet<TokenType> = new Set([T.Policy, ...T.DECLARATION_TOKENS, ...T.STATEMENT_TOKENS]);

/** Whether `raw[i]` is a keyword that starts a declaration or a statement (and not the label or field `for:`). */
const isStarter = (raw: readonly Token[], i: number): boolean => {
  const token = raw[i];
  return token !== undefined && STARTERS.has(token.tokenType) && raw[i + 1]?.tokenType !== T.Colon;
};

/**
 * For each '(' and '[' whether it is closed, before the next brace and before a line that starts a statement. In
 * a bracket that is not, line ends keep their meaning, so that a forgotten ')' costs one line and not the file.
 */
function matchBrackets(raw: readonly Token[]): Uint8Array {
  const matched = new Uint8Array(raw.length);
  let open: number[] = [];
  let afterNewline = false;
  for (let i = 0; i < raw.length; i++) {
    const type = raw[i]?.tokenType;
    if (type === T.LParen || type === T.LBracket) open.push(i);
    else if (type === T.RParen || type === T.RBracket) {
      const opener = type === T.RParen ? T.LParen : T.LBracket;
      const at = open.at(-1);
      if (at !== undefined && raw[at]?.tokenType === opener) {
        open.pop();
        matched[at] = 1;
        matched[i] = 1;
      }
    } else if (type === T.LBrace || type === T.RBrace || (afterNewline && isStarter(raw, i))) {
      if (open.length > 0) open = [];
    }
    afterNewline = type === T.Newline;
  }
  return matched;
}

/** A token after which a line never ends what it is in. */
const CONTINUES: ReadonlySet<TokenType> = new Set([
  ...T.VOCABULARY.filter((type) => isIn(type, T.BinaryOp, T.AssignOp, T.UnaryOp) && type !== T.Has),
  T.Comma, T.Colon, T.DotDot, T.Arrow, T.FatArrow, T.As, T.In, T.Else, T.LParen, T.LBracket,
]); // prettier-ignore

/** A token that starts nothing, so that a line which it starts goes on with the line before. */
const CONTINUED: ReadonlySet<TokenType> = new Set([
  ...T.VOCABULARY.filter((type) => isIn(type, T.BinaryOp, T.AssignOp) && type !== T.Has && type !== T.Minus),
  T.Comma, T.Colon, T.Dot, T.DotDot, T.Question, T.Arrow, T.FatArrow, T.As, T.In, T.Else, T.Requires,
  T.RParen, T.RBracket, T.LBrace,
]); // prettier-ignore

function isIn(type: TokenType, ...categories: TokenType[]): boolean {
  return categories.some((category) => type.CATEGORIES?.includes(category) === true);
}

type Significant = Pick<Layout, 'tokens' | 'docs' | 'balance'>;

function significant(
  end: number,
  raw: readonly Token[],
  matched: Uint8Array,
  diagnostics: Diagnostic[],
): Significant {
  const tokens: Token[] = [];
  const docs = new Map<number, string>();
  /** For each open '{' whether it is that of a `match`. */
  const braces: boolean[] = [];
  let depth = 0;
  let balance = 0;
  let matchAhead = false;
  let sep: Token | undefined;
  let doc: string[] | undefined;

  for (let i = 0; i < raw.length; i++) {
    const token = raw[i] as Token;
    const type = token.tokenType;
    if (type === T.Newline || type === T.Semi) {
      if (sep === undefined || type === T.Semi) sep = token;
      continue;
    }
    if (type === T.DocComment) {
      (doc ??= []).push(token.image.slice(3).replace(/^ /, '').trimEnd());
      continue;
    }
    if (T.isComment(type) || type === T.Unknown || type === T.ForeignOp) continue;

    if (sep !== undefined) {
      if (sep.tokenType === T.Semi || (depth === 0 && endsLine(tokens, raw, i, braces.at(-1) === true))) {
        const last = tokens.at(-1)?.tokenType;
        if (last !== undefined && last !== T.LBrace && type !== T.RBrace) {
          tokens.push(sep);
          matchAhead = false;
        }
      }
      sep = undefined;
    }
    if (doc !== undefined) {
      docs.set(token.startOffset, doc.join('\n'));
      doc = undefined;
    }
    if (type === T.Match) matchAhead = true;
    else if (type === T.LBrace) {
      braces.push(matchAhead);
      matchAhead = false;
      balance++;
    } else if (type === T.RBrace) {
      braces.pop();
      balance--;
    } else if (matched[i] === 1) depth += type === T.LParen || type === T.LBracket ? 1 : -1;

    if (isText(type) && tokens.at(-1)?.tokenType === T.Log) {
      splitLogText(token, lexInside, tokens, diagnostics);
    } else tokens.push(isText(type) ? retyped(token, T.StringLiteral) : token);
  }
  tokens.push(endOfFile(end));
  return { tokens, docs, balance };
}

const isText = (type: TokenType): boolean =>
  type === T.StringLiteral || type === T.UnterminatedString || type === T.WrongQuotes;

/** Whether the line end before `raw[i]` ends what stands before it. */
function endsLine(before: readonly Token[], raw: readonly Token[], i: number, inMatch: boolean): boolean {
  const last = before.at(-1)?.tokenType;
  const next = (raw[i] as Token).tokenType;
  if (last === undefined) return false;
  if (last === T.Else) return false;
  if (isStarter(raw, i)) return true;
  // A chain may be broken after its dot, but a dot that is just being typed must not swallow the next line's keyword.
  if (last === T.Dot) return T.isReserved(next) || next === T.RBrace;
  if (CONTINUES.has(last) || CONTINUED.has(next)) return false;
  if (last === T.Has) return before.at(-2)?.tokenType === T.Dot;
  // In a `match` a line may start with a negative pattern; elsewhere no statement starts with a minus.
  if (next === T.Minus) return inMatch;
  if (next === T.Has) return AFTER_NAME.has(raw[i + 1]?.tokenType ?? EOF);
  return true;
}

/** What shows that the word before it is a name and no operator. */
const AFTER_NAME: ReadonlySet<TokenType> = new Set([
  T.Colon, T.Dot, T.LParen, T.LBracket, T.Newline, T.Semi, EOF,
  ...T.VOCABULARY.filter((type) => isIn(type, T.AssignOp)),
]); // prettier-ignore

function endOfFile(offset: number): Token {
  return {
    image: '',
    startOffset: offset,
    tokenType: EOF,
    tokenTypeIdx: EOF.tokenTypeIdx as number,
  } as Token;
}

/** The tokens of an expression inside a text; `offset` is where it starts in the file. */
function lexInside(part: string, offset: number, diagnostics: Diagnostic[]): Token[] {
  lexer ??= createLexer(false);
  const { tokens, errors } = lexer.tokenize(part);
  const found: Diagnostic[] = [];
  lexicalDiagnostics(part, tokens, errors, found);
  for (const d of found) {
    diagnostics.push({ ...d, span: { start: d.span.start + offset, end: d.span.end + offset } });
  }
  nameWords(tokens);
  for (const token of tokens) {
    token.startOffset += offset;
  }
  return tokens.filter(
    ({ tokenType: type }) => !T.isComment(type) && type !== T.Unknown && type !== T.ForeignOp,
  );
}

/** The one diagnostic of a file that is no text, undefined for text. */
export function notText(text: string): Diagnostic | undefined {
  const nul = text.indexOf('\0');
  if (nul >= 0) return diagnostic('PV1019', { start: nul, end: nul + 1 }, { why: 'it holds a NUL byte' });
  // What decoders put for bytes that are no UTF-8.
  const bad = text.indexOf('\uFFFD');
  if (bad < 0) return undefined;
  return diagnostic('PV1019', { start: bad, end: bad + 1 }, { why: 'it holds bytes that are no characters' });
}
