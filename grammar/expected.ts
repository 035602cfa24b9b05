import { createToken, Lexer, type ConsumeMethodOpts, type TokenType } from 'chevrotain';
import { CHOICES } from './choices.ts';
import { choicesOf, type Choice, type Lookahead } from './lookahead.ts';
import { layout, retyped, type Token } from './parser-layout.ts';
import { PolicyParser } from './parser.ts';
import * as T from './tokens.ts';

/** A token that the grammar can go on with. */
export interface Expected {
  readonly type: TokenType;
  /** The rule that asks for it. */
  readonly rule: string;
  /** It is the name of what is declared. */
  readonly isName: boolean;
}

/** Stands where the text ends; no rule takes it. */
const Caret = createToken({ name: 'Caret', pattern: Lexer.NA });

/** The parser, which notes what it asks for at the caret: what may be there, up to the first thing that has to be. */
class AskingParser extends PolicyParser {
  private expected: Expected[] = [];
  private over = false;
  private naming = false;

  declare protected getHumanReadableRuleStack: () => readonly string[];

  constructor(choices: readonly Choice[]) {
    super(false, choices);
    const types = new Map(T.VOCABULARY.map((type) => [type.tokenTypeIdx, type]));
    for (const { key, begin } of choices) {
      const answer = this.lookAheadFuncsCache.get(key);
      if (answer === undefined) continue;
      const all = begin.flat().flatMap((index) => types.get(index) ?? []);
      // Where any name can stand, words with a meaning elsewhere are names.
      const tokens = new Set(
        all.filter(({ CATEGORIES = [] }) => !CATEGORIES.some((one) => all.includes(one))),
      );
      const ask = (): void => tokens.forEach((type) => this.ask(type));
      this.lookAheadFuncsCache.set(key, function (this: ThisParameterType<Lookahead>, alternatives) {
        ask();
        return answer.call(this, alternatives);
      });
    }
  }

  /** What can follow `text`, the start of a policy without its header. */
  follows(text: string): readonly Expected[] {
    this.expected = [];
    this.over = false;
    const read = layout(`${text} x`);
    const last = read.tokens.findLastIndex(({ startOffset }) => startOffset === text.length + 1);
    const caret = read.tokens[last];
    if (caret !== undefined) read.tokens[last] = retyped(caret, Caret);
    this.read(text, read, true);
    return this.expected;
  }

  private ask(type: TokenType): void {
    if (this.over || this.LA(1).tokenType !== Caret) return;
    const rule = this.getHumanReadableRuleStack().at(-1) ?? '';
    this.expected.push({ type, rule, isName: this.naming });
  }

  protected override nameHere(expected: string): ReturnType<PolicyParser['nameHere']> {
    this.naming = true;
    const name = super.nameHere(expected);
    this.naming = false;
    return name;
  }

  protected override consumeInternal(
    type: TokenType,
    index: number,
    options?: ConsumeMethodOpts,
  ): Token | undefined {
    this.ask(type);
    this.stay();
    return super.consumeInternal(type, index, options);
  }

  protected override closeBracket(...args: Parameters<PolicyParser['closeBracket']>): void {
    this.stay();
    super.closeBracket(...args);
  }

  protected override raiseNoAltException(occurrence: number, expected: string | undefined): void {
    this.stay();
    super.raiseNoAltException(occurrence, expected);
  }

  /** What has to be is not at the caret: what is asked for next is behind it. */
  private stay(): void {
    this.over ||= this.LA(1).tokenType === Caret;
  }
}

let parser: AskingParser | undefined;

/**
 * What the grammar can go on with behind `text`, the start of a policy without its header, in the order in which the rules
 * ask for it.
 */
export function expectedAfter(text: string): readonly Expected[] {
  parser ??= new AskingParser(
    CHOICES ?? choicesOf(new PolicyParser(false).lookAheadFuncsCache, T.VOCABULARY),
  );
  return parser.follows(text);
}
