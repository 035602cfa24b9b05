import type { IOrAlt, TokenType } from 'chevrotain';

/**
 * What a choice in the grammar is decided by: the next token. Chevrotain finds it out by an analysis of the grammar that
 * takes as long as the rest of the start of the language server; the build does it once and packs the answer.
 */
export interface Choice {
  /** Chevrotain's number for the place in the grammar. */
  readonly key: number;
  /** 'optional': is it there? Else which of several; where they have gates, the first that is open counts. */
  readonly kind: 'optional' | 'one-of' | 'gated';
  /** Of each alternative the numbers (`tokenTypeIdx`) of the tokens that begin it. */
  readonly begin: readonly (readonly number[])[];
}

/** Chevrotain's form of a choice: called on the parser, answers "is it there?" or the index of an alternative. */
export type Lookahead = (this: NextToken, alternatives?: readonly IOrAlt<unknown>[]) => Answer;
type Answer = boolean | number | undefined;

/** The part of a parser that a choice with one token of lookahead looks at. */
interface NextToken {
  LA_FAST(ahead: 1): { readonly tokenTypeIdx: number };
}

/** More alternatives than any choice has. */
const MOST = 64;

/** The choices that `functions` make, found by asking them about every token. */
export function choicesOf(
  functions: ReadonlyMap<number, Lookahead>,
  tokens: readonly TokenType[],
): readonly Choice[] {
  const indexes = tokens.flatMap(({ tokenTypeIdx = [] }) => tokenTypeIdx);
  const each = Array.from({ length: MOST }, (_, index) => index);
  return [...functions].map(([key, ask]) => {
    /** The answer to a token where one alternative's gate is open, and no other. */
    const answer = (tokenTypeIdx: number, open: number): Answer =>
      ask.call(
        { LA_FAST: () => ({ tokenTypeIdx }) },
        each.map((index) => ({ GATE: () => index === open, ALT: () => undefined })),
      );
    const where = (fits: (token: number) => boolean): number[] => indexes.filter(fits);
    if (indexes.some((token) => typeof answer(token, 0) === 'boolean'))
      return { key, kind: 'optional', begin: [where((token) => answer(token, 0) === true)] };
    const gated = indexes.some((token) => new Set(each.map((open) => answer(token, open))).size > 1);
    const begin = each.map((index) => where((token) => answer(token, gated ? index : 0) === index));
    const last = begin.findLastIndex((some) => some.length > 0);
    return { key, kind: gated ? 'gated' : 'one-of', begin: begin.slice(0, last + 1) };
  });
}

/** The function that makes a choice. */
export function lookaheadOf({ kind, begin }: Choice): Lookahead {
  switch (kind) {
    case 'optional': {
      const there: boolean[] = [];
      for (const token of begin[0] ?? []) there[token] = true;
      return function () {
        return there[this.LA_FAST(1).tokenTypeIdx] === true;
      };
    }
    case 'one-of': {
      const taken: number[] = [];
      for (const [index, tokens] of begin.entries()) for (const token of tokens) taken[token] = index;
      return function () {
        return taken[this.LA_FAST(1).tokenTypeIdx];
      };
    }
    case 'gated':
      return function (alternatives = []) {
        const { tokenTypeIdx } = this.LA_FAST(1);
        for (const [index, tokens] of begin.entries())
          if (tokens.includes(tokenTypeIdx) && alternatives[index]?.GATE?.call(this) !== false) return index;
        return undefined;
      };
  }
}
