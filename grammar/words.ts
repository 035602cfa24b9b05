import { createToken, Lexer } from 'chevrotain';
import type { TokenType } from 'chevrotain';
import { BinaryOp, Literal, Word } from './token-categories.ts';
import { LETTERS } from './first-characters.ts';

/**
 * Words are lexed as `Ident` and given their own type by `keywordType`: one regular expression for all words is faster
 * than one for each, and a word in a new place costs nothing.
 */
export const Ident = createToken({
  name: 'Ident',
  pattern: /[A-Za-z_]\w*/,
  label: 'a name',
  categories: [Word],
  start_chars_hint: LETTERS,
});

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const word = (text: string, categories: TokenType[]): TokenType =>
  createToken({ name: capitalised(text), pattern: Lexer.NA, label: `'${text}'`, categories });

const reserved = (text: string, categories: TokenType[] = []): TokenType => word(text, [Word, ...categories]);
/** A word with a meaning in its place, and a plain name everywhere else. */
const contextual = (text: string, categories: TokenType[] = []): TokenType =>
  word(text, [Ident, ...categories]);

export const Policy = reserved('policy');
export const Requires = reserved('requires');
export const Const = reserved('const');
export const Param = reserved('param');
export const Tunable = reserved('tunable');
export const Enum = reserved('enum');
export const Table = reserved('table');
export const Shared = reserved('shared');
export const State = reserved('state');
export const Counter = reserved('counter');
export const Histogram = reserved('histogram');
export const Dsq = reserved('dsq');
export const Fn = reserved('fn');
export const On = reserved('on');
export const Every = reserved('every');
export const Guest = reserved('guest');
export const Invariant = reserved('invariant');
export const Scenario = reserved('scenario');

export const Let = reserved('let');
export const Var = reserved('var');
export const If = reserved('if');
export const Else = reserved('else');
export const Match = reserved('match');
export const For = reserved('for');
export const Break = reserved('break');
export const Continue = reserved('continue');
export const Return = reserved('return');
export const Defer = reserved('defer');
export const Log = reserved('log');

export const In = reserved('in');
export const As = reserved('as');
export const True = reserved('true', [Literal]);
export const False = reserved('false', [Literal]);
export const None = reserved('none', [Literal]);

export const Kernel = contextual('kernel');
export const Per = contextual('per');
export const Tracepoint = contextual('tracepoint');
export const Pvsched = contextual('pvsched');
export const Op = contextual('op');
export const Init = contextual('init');
export const Exit = contextual('exit');
export const Max = contextual('max');
export const Of = contextual('of');
export const Has = contextual('has', [BinaryOp]);
export const Ewma = contextual('ewma');
export const List = contextual('list');
export const Ring = contextual('ring');
export const Always = contextual('always');
export const Trace = contextual('trace');
export const Vm = contextual('vm');
export const Assume = contextual('assume');
export const After = contextual('after');
export const Compare = contextual('compare');
export const Set_ = contextual('set');
export const Expect = contextual('expect');
export const Comm = contextual('comm');
export const Pid = contextual('pid');
export const Cgroup = contextual('cgroup');
/** `_`, which matches everything. */
export const Wildcard = createToken({
  name: 'Wildcard',
  pattern: Lexer.NA,
  label: "'_'",
  categories: [Ident],
});

/** The keyword that starts each declaration. */
export const DECLARATION_TOKENS: readonly TokenType[] = [
  Const, Param, Tunable, Enum, Table, Shared, State, Counter, Histogram, Dsq, Fn, On, Every, Guest, Invariant,
  Scenario,
]; // prettier-ignore

/** The keyword that starts each statement which has one. */
export const STATEMENT_TOKENS: readonly TokenType[] = [
  Let, Var, If, Match, For, Break, Continue, Return, Defer, Log,
]; // prettier-ignore

/** The word that starts each line of a scenario. */
export const SCENARIO_TOKENS: readonly TokenType[] = [Trace, Vm, Assume, Compare, Set_, Expect];

/** The words after `on`. */
export const HOOK_TOKENS: readonly TokenType[] = [Tracepoint, Pvsched, Op, Init, Exit];

export const RESERVED: readonly TokenType[] = [
  Policy, Requires, ...DECLARATION_TOKENS, ...STATEMENT_TOKENS, Else, In, As, True, False, None,
]; // prettier-ignore

export const CONTEXTUAL: readonly TokenType[] = [
  Kernel, Per, ...HOOK_TOKENS, Max, Of, Has, Ewma, List, Ring, Always, ...SCENARIO_TOKENS, After, Comm, Pid, Cgroup,
]; // prettier-ignore

/** The text of a keyword or a sign, as its token type names it. */
export const textOf = (type: TokenType): string => (type.LABEL ?? type.name).replace(/^'|'$/g, '');

/** Words that are never the name of something the user declares. */
export const RESERVED_WORDS: readonly string[] = RESERVED.map(textOf);
/** Words with a meaning in some places only. */
export const CONTEXTUAL_WORDS: readonly string[] = CONTEXTUAL.map(textOf);

const KEYWORD_TYPES: ReadonlyMap<string, TokenType> = new Map(
  [...RESERVED, ...CONTEXTUAL, Wildcard].map((type) => [textOf(type), type]),
);

/** The token type of a word, undefined for a plain name. */
export const keywordType = (text: string): TokenType | undefined => KEYWORD_TYPES.get(text);

const RESERVED_TYPES: ReadonlySet<TokenType> = new Set(RESERVED);

/** Whether a token type is that of a reserved word. */
export const isReserved = (type: TokenType): boolean => RESERVED_TYPES.has(type);
