import { EmbeddedActionsParser, EOF } from 'chevrotain';
import type { ConsumeMethodOpts, ParserMethod, TokenType } from 'chevrotain';
import type { Diagnostic, Fix, Span } from '../server/src/diagnostics/diagnostic.ts';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import { LineIndex } from './text.ts';
import type { Ident } from './ast.ts';
import { lookaheadOf } from './lookahead.ts';
import type { Choice, Lookahead } from './lookahead.ts';
import { retyped } from './parser-layout.ts';
import type { Layout, Token } from './parser-layout.ts';
import { spanOf } from './parser-lexical.ts';
import * as T from './tokens.ts';

/**
 * Blocks, parentheses and types in one another. A level of expression costs the parser some 25 JavaScript frames
 * and the stages that walk the tree a few each, so this is what a small stack (a worker's) still carries.
 */
export const DEEPEST = 100;
/** Operators, members and calls in one expression; each is one more level of the tree. */
export const LONGEST_EXPRESSION = 500;
/** Diagnostics of one file. After this many there is no use in more. */
export const MOST_DIAGNOSTICS = 500;

/**
 * How the parser meets mistakes. No rule ever throws: what is missing is reported and taken as written, with empty
 * text; after a report the parser is `quiet` until the next statement, field or declaration begins, so that one
 * mistake is one message. Junk is skipped at the end of an item, where a line end or a '}' is a sure footing.
 *
 * Chevrotain's own recovery is off: it drops the half of a rule that was read, which completion needs most, and
 * it resumes at any token that could follow, which yields cascades. `consumeInternal` and the two `raise…`
 * methods are where Chevrotain 11 throws; they are replaced here.
 */
export abstract class ParserBase extends EmbeddedActionsParser {
  diagnostics: Diagnostic[] = [];
  protected text = '';
  protected docs: ReadonlyMap<number, string> = new Map();
  /** How many more '{' than '}' the file has. */
  protected balance = 0;
  private quiet = false;
  /** Whether the next declaration starts with a misspelt keyword, which was reported. */
  protected corrected = false;
  private stopped = false;
  private depth = 0;
  /** The index of the last token before EOF. */
  private lastIdx = -1;
  private lines: LineIndex | undefined;

  declare protected currIdx: number;
  declare protected tokVector: Token[];
  declare RECORDING_PHASE: boolean;
  /** By Chevrotain's number for the place in the grammar. */
  declare readonly lookAheadFuncsCache: Map<number, Lookahead>;
  declare private selfAnalysisDone: boolean;
  declare private tokenMatcher: (token: Token, type: TokenType) => boolean;

  constructor(validate: boolean) {
    super(T.VOCABULARY, { recoveryEnabled: false, maxLookahead: 1, skipValidations: !validate });
  }

  /** Readies the parser, after all rules: with what Chevrotain found out before, or by having it do so now. */
  protected decideBy(choices: readonly Choice[] | undefined): void {
    if (choices === undefined) return this.performSelfAnalysis();
    this.selfAnalysisDone = true;
    for (const choice of choices) this.lookAheadFuncsCache.set(choice.key, lookaheadOf(choice));
  }

  /** `RULE`, typed by what the rule answers. */
  protected rule<R>(name: string, implementation: () => R): ParserMethod<[], R> {
    return this.RULE(name, implementation);
  }

  /** Makes the parser ready to read `text`. */
  protected start(text: string, layout: Layout): void {
    this.input = layout.tokens;
    this.lastIdx = layout.tokens.length - 2;
    this.text = text;
    this.docs = layout.docs;
    this.balance = layout.balance;
    this.diagnostics = [];
    this.quiet = false;
    this.stopped = false;
    this.depth = 0;
    this.corrected = false;
    this.lines = undefined;
  }

  /** Lets go of the text, which the next one may not keep alive. */
  protected finish(): void {
    this.input = [];
    this.text = '';
    this.docs = new Map();
    this.diagnostics = [];
    this.lines = undefined;
  }

  // --- reports

  /** Reports `d` unless the mistake before it is still being left. */
  protected report(d: Diagnostic): void {
    if (this.quiet || this.stopped || this.RECORDING_PHASE) return;
    this.quiet = true;
    this.note(d);
  }

  /** Reports `d` in any case: it is not about the order of tokens. */
  protected note(d: Diagnostic): void {
    if (this.stopped) return;
    this.diagnostics.push(d);
    if (this.diagnostics.length > MOST_DIAGNOSTICS) this.stop();
  }

  /** Reports that `expected` does not stand here. */
  protected fail(expected: string, fixes: readonly Fix[] = []): void {
    if (this.quiet || this.stopped) return;
    const args = { expected, found: this.found() };
    this.report(diagnostic('PV1001', this.here(), args, { fixes }));
  }

  /** The next token in the user's words. */
  protected found(): string {
    const token = this.LA(1);
    const type = token.tokenType;
    if (type === EOF) return 'the end of the file';
    if (type === T.Newline || this.isBelow(token)) return 'the end of the line';
    if (T.isReserved(type)) return `the keyword '${token.image}'`;
    const image = token.image.length > 30 ? `${token.image.slice(0, 30)}…` : token.image;
    const isText = type === T.StringLiteral || type === T.LogEnd || type === T.LogText;
    return isText ? `the text ${image}` : `'${image}'`;
  }

  /** Where the next token is; where the line or the file ends, the place after the last one. */
  protected here(): Span {
    const token = this.LA(1);
    if (token.tokenType !== EOF && token.tokenType !== T.Newline && !this.isBelow(token))
      return spanOf(token);
    const end = this.lastEnd();
    return { start: end, end };
  }

  /** Whether a '}' is on a later line: the line end before it, which the layout drops, is then what was found. */
  private isBelow(token: Token): boolean {
    const between = this.text.slice(this.lastEnd(), token.startOffset);
    return token.tokenType === T.RBrace && /[\r\n]/.test(between);
  }

  /** Leaves the mistake behind: what follows is a new item. */
  protected settle(): void {
    this.quiet = false;
  }

  protected get isQuiet(): boolean {
    return this.quiet;
  }

  /** Reads no further. */
  private stop(): void {
    this.stopped = true;
    this.currIdx = this.lastIdx;
  }

  protected lineOf(offset: number): number {
    this.lines ??= new LineIndex(this.text);
    return this.lines.lineAt(offset) + 1;
  }

  // --- tokens

  protected is(type: TokenType, ahead = 1): boolean {
    return this.tokenMatcher(this.LA(ahead), type);
  }

  /**
   * Whether a construct that starts with `type` may be here. Asked in front of an OPTION or MANY that is rarely
   * entered, since its closures cost more than this look; true while Chevrotain records the grammar.
   */
  protected maybe(type: TokenType, ahead = 1): boolean {
    return this.RECORDING_PHASE || this.tokenMatcher(this.LA(ahead), type);
  }

  /** Gives the next token another type; the parser's copy only. */
  protected retypeNext(type: TokenType): void {
    this.tokVector[this.currIdx + 1] = retyped(this.LA(1), type);
  }

  /** Called by Chevrotain for each CONSUME. Answers undefined, after a report, where the token is not there. */
  protected consumeInternal(type: TokenType, _idx: number, options?: ConsumeMethodOpts): Token | undefined {
    const next = this.LA(1);
    if (this.tokenMatcher(next, type)) {
      this.currIdx++;
      return next;
    }
    this.fail(options?.ERR_MSG ?? type.LABEL ?? type.name);
    return undefined;
  }

  /** Called by Chevrotain where no alternative of an OR fits. */
  protected raiseNoAltException(_occurrence: number, expected: string | undefined): void {
    this.fail(`${expected ?? 'something else'}${this.after()}`);
  }

  /** " after '='" where the line ends there, which helps to find the place. */
  private after(): string {
    const last = this.LA(0);
    const ends = this.endsItem(1) || this.is(T.RParen) || this.is(T.RBracket) || this.is(T.LBrace);
    return ends && AFTER_THESE.has(last.tokenType) ? ` after '${last.image}'` : '';
  }

  protected skip(): void {
    if (!this.is(EOF)) this.currIdx++;
  }

  /** Whether a token ends an item. */
  protected endsItem(ahead: number): boolean {
    return this.is(T.Sep, ahead) || this.is(T.RBrace, ahead) || this.is(EOF, ahead);
  }

  // --- spans and names

  protected offset(): number {
    return this.LA(1).startOffset;
  }

  /** The end of the last token that was read, on its own line: a line end behind it is not part of anything. */
  protected lastEnd(): number {
    let last = this.LA(0);
    if (last.tokenType === T.Newline && this.currIdx > 0) last = this.LA(-1);
    return last.tokenType === EOF ? 0 : last.startOffset + last.image.length;
  }

  /** From `start` to the end of the last token; empty if nothing was read since. */
  protected spanFrom(start: number): Span {
    const end = this.lastEnd();
    return end < start ? { start: end, end } : { start, end };
  }

  protected docHere(): string | undefined {
    return this.docs.get(this.offset());
  }

  /** The name in `token`, or the empty name at the end of what was read. */
  protected ident(token: Token | undefined): Ident {
    if (token === undefined) {
      const end = this.lastEnd();
      return { kind: 'ident', span: { start: end, end }, text: '' };
    }
    return { kind: 'ident', span: spanOf(token), text: token.image };
  }

  /** A declared name. A reserved word in its place is reported as such and taken for the name. */
  protected nameHere(expected: string): Ident {
    this.allowReserved();
    return this.ident(this.CONSUME(T.Ident, { ERR_MSG: expected }));
  }

  /** Makes a reserved word that stands where a name is declared a name, with a report. */
  protected allowReserved(): void {
    const next = this.LA(1);
    if (!T.isReserved(next.tokenType) || !AFTER_A_NAME.has(this.LA(2).tokenType)) return;
    this.report(diagnostic('PV1018', spanOf(next), { word: next.image }));
    this.retypeNext(T.Ident);
  }

  // --- nesting

  /** Goes one level deeper. False, with a report, where that is too deep. */
  protected enter(what: string): boolean {
    if (this.RECORDING_PHASE) return true;
    if (this.depth >= DEEPEST) {
      this.giveUp(what, DEEPEST);
      return false;
    }
    this.depth++;
    return true;
  }

  protected leave(): void {
    if (!this.RECORDING_PHASE) this.depth--;
  }

  /** Reports that there is too much of `what`, and reads no further. */
  protected giveUp(what: string, limit: number): void {
    if (!this.stopped) this.note(diagnostic('PV1013', this.here(), { what, limit }));
    this.stop();
  }
}

/** What follows a name where one is declared. */
const AFTER_A_NAME: ReadonlySet<TokenType> = new Set([
  T.Assign,
  T.Colon,
  T.Comma,
  T.RParen,
  T.LParen,
  T.LBrace,
  T.In,
  T.Per,
  T.For,
  T.Newline,
  EOF,
]);

/** Tokens that an expression or a type is missing after, when a line ends there. */
const AFTER_THESE: ReadonlySet<TokenType> = new Set([
  ...T.VOCABULARY.filter(
    (type) =>
      type.CATEGORIES?.some((c) => c === T.BinaryOp || c === T.AssignOp || c === T.UnaryOp) ?? false,
  ),
  T.Colon, T.Comma, T.LParen, T.LBracket, T.Arrow, T.FatArrow, T.In, T.As, T.Of, T.Question, T.DotDot,
  T.If, T.For, T.Match, T.Defer, T.Expect, T.Every, T.Max,
]); // prettier-ignore
