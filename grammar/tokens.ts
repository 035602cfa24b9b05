import { createToken, EOF, Lexer } from 'chevrotain';
import type { TokenType } from 'chevrotain';

/**
 * The words and signs of the language. Words are lexed as `Ident` and given their own type by `keywordType`: one
 * regular expression for all words is faster than one for each, and a word in a new place costs nothing.
 */

const sign = (name: string, text: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern: text, label: `'${text}'`, categories });

const category = (name: string, label: string): TokenType => createToken({ name, pattern: Lexer.NA, label });

/** Any word, reserved or not: what may follow a '.' or stand before a ':' in a call. */
export const Word = category('Word', 'a name');
export const BinaryOp = category('BinaryOp', 'an operator');
export const UnaryOp = category('UnaryOp', "'-', '!' or '~'");
/** A value written out, texts excepted. */
export const Literal = category('Literal', 'a number');
export const AssignOp = category('AssignOp', "'='");
/** What ends a statement, a field or a declaration. */
export const Sep = category('Sep', 'the end of the line');

export const Ident = createToken({
  name: 'Ident',
  pattern: /[A-Za-z_]\w*/,
  label: 'a name',
  categories: [Word],
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

export const WhiteSpace = createToken({ name: 'WhiteSpace', pattern: /[ \t\f\v]+/, group: Lexer.SKIPPED });
/** The byte order mark that some editors put first. */
export const ByteOrderMark = createToken({
  name: 'ByteOrderMark',
  pattern: /\uFEFF/,
  group: Lexer.SKIPPED,
});
/** One line end and all white space after it. */
export const Newline = createToken({
  name: 'Newline',
  pattern: /[\r\n][ \t\f\v\r\n]*/,
  label: 'the end of the line',
  categories: [Sep],
});
export const Semi = sign('Semi', ';', [Sep]);
/** `///`; four slashes are an ordinary comment, as a line of slashes is no documentation. */
export const DocComment = createToken({ name: 'DocComment', pattern: /\/\/\/(?!\/)[^\r\n]*/ });
export const LineComment = createToken({ name: 'LineComment', pattern: /\/\/[^\r\n]*/ });
export const BlockComment = createToken({ name: 'BlockComment', pattern: /\/\*[\s\S]*?\*\// });
export const UnterminatedComment = createToken({ name: 'UnterminatedComment', pattern: /\/\*[\s\S]*/ });

export const StringLiteral = createToken({
  name: 'String',
  pattern: /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"/,
  label: 'a text in double quotes',
});
export const UnterminatedString = createToken({
  name: 'UnterminatedString',
  pattern: /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*\\?/,
});
/** The text of `log` up to and with a '{', or from a '}' to the next '{'. The layout pass cuts it out of a string. */
export const LogText = createToken({ name: 'LogText', pattern: Lexer.NA, label: 'a text in double quotes' });
/** The rest of the text of `log`. */
export const LogEnd = createToken({ name: 'LogEnd', pattern: Lexer.NA, label: 'a text in double quotes' });

// After the '%' of a ratio no operand can follow at once: `a%b` and `25%(n)` are remainders.
export const Percent = createToken({
  name: 'Percent',
  pattern: /\d[\d_]*(?:\.\d+)?%(?![\w(])/,
  label: 'a ratio',
  categories: [Literal],
});
export const Duration = createToken({
  name: 'Duration',
  pattern: /\d[\d_]*(?:\.\d+)?(?:ns|us|ms|s|m)(?!\w)/,
  label: 'a duration',
  categories: [Literal],
});
/** `6.12.5`, in `requires kernel`. */
export const Version = createToken({
  name: 'Version',
  pattern: /\d+\.\d+\.\d+(?![\w.])/,
  label: 'a kernel version',
});
export const Decimal = createToken({
  name: 'Decimal',
  pattern: /\d[\d_]*\.\d+(?!\w)/,
  label: 'a ratio',
  categories: [Literal],
});
export const Int = createToken({
  name: 'Int',
  pattern: /0[xX][\da-fA-F_]*[\da-fA-F](?!\w)|\d[\d_]*(?!\w)/,
  label: 'a number',
  categories: [Literal],
});
/** Digits that make no number, such as `12abc` and `5h`. */
export const BadNumber = createToken({
  name: 'BadNumber',
  pattern: /\d[\d_]*(?:\.\d+)*\w*/,
  label: 'a number',
  categories: [Literal],
});

/** A text in quotes of another kind. */
export const WrongQuotes = createToken({
  name: 'WrongQuotes',
  pattern: /['\u2018\u2019\u201c-\u201e][^'"\u2018\u2019\u201c-\u201e\r\n]*['\u2018\u2019\u201c\u201d]/,
  start_chars_hint: ["'", '\u2018', '\u2019', '\u201c', '\u201d', '\u201e'],
});
/** An operator of other languages. */
export const ForeignOp = createToken({ name: 'ForeignOp', pattern: /\+\+|[=!]==|:=|::|\*\*|<>|\?\?/ });
/** A run of characters that start nothing; control characters are left to the lexer's own error. */
export const Unknown = createToken({ name: 'Unknown', pattern: /[#$@'`\\\x7F-\uFEFE\uFF00-\uFFFF]+/ });

export const LBrace = sign('LBrace', '{');
export const RBrace = sign('RBrace', '}');
export const LParen = sign('LParen', '(');
export const RParen = sign('RParen', ')');
export const LBracket = sign('LBracket', '[');
export const RBracket = sign('RBracket', ']');
export const Comma = sign('Comma', ',');
export const Colon = sign('Colon', ':');
export const DotDot = sign('DotDot', '..');
export const Dot = sign('Dot', '.');
export const Question = sign('Question', '?');
export const Arrow = sign('Arrow', '->');
export const FatArrow = sign('FatArrow', '=>');

export const Assign = sign('Assign', '=', [AssignOp]);
export const PlusAssign = sign('PlusAssign', '+=', [AssignOp]);
export const MinusAssign = sign('MinusAssign', '-=', [AssignOp]);
export const StarAssign = sign('StarAssign', '*=', [AssignOp]);
export const SlashAssign = sign('SlashAssign', '/=', [AssignOp]);
export const ModuloAssign = sign('ModuloAssign', '%=', [AssignOp]);
export const PipeAssign = sign('PipeAssign', '|=', [AssignOp]);
export const AmpAssign = sign('AmpAssign', '&=', [AssignOp]);
export const CaretAssign = sign('CaretAssign', '^=', [AssignOp]);
export const ShlAssign = sign('ShlAssign', '<<=', [AssignOp]);
export const ShrAssign = sign('ShrAssign', '>>=', [AssignOp]);

export const Star = sign('Star', '*', [BinaryOp]);
export const Slash = sign('Slash', '/', [BinaryOp]);
export const Modulo = sign('Modulo', '%', [BinaryOp]);
export const Plus = sign('Plus', '+', [BinaryOp]);
export const Minus = sign('Minus', '-', [BinaryOp, UnaryOp]);
export const Shl = sign('Shl', '<<', [BinaryOp]);
export const Shr = sign('Shr', '>>', [BinaryOp]);
export const Amp = sign('Amp', '&', [BinaryOp]);
export const Caret = sign('Caret', '^', [BinaryOp]);
export const Pipe = sign('Pipe', '|', [BinaryOp]);
export const Eq = sign('Eq', '==', [BinaryOp]);
export const Ne = sign('Ne', '!=', [BinaryOp]);
export const Lt = sign('Lt', '<', [BinaryOp]);
export const Le = sign('Le', '<=', [BinaryOp]);
export const Gt = sign('Gt', '>', [BinaryOp]);
export const Ge = sign('Ge', '>=', [BinaryOp]);
export const AndAnd = sign('AndAnd', '&&', [BinaryOp]);
export const OrOr = sign('OrOr', '||', [BinaryOp]);
export const Bang = sign('Bang', '!', [UnaryOp]);
export const Tilde = sign('Tilde', '~', [UnaryOp]);

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

const RESERVED: readonly TokenType[] = [
  Policy, Requires, ...DECLARATION_TOKENS, ...STATEMENT_TOKENS, Else, In, As, True, False, None,
]; // prettier-ignore

const CONTEXTUAL: readonly TokenType[] = [
  Kernel, Per, ...HOOK_TOKENS, Max, Of, Has, Ewma, List, Ring, Always, ...SCENARIO_TOKENS, After, Comm, Pid, Cgroup,
]; // prettier-ignore

/** Signs, longest first where one begins another. */
const SIGNS: readonly TokenType[] = [
  ShlAssign, ShrAssign,
  PlusAssign, MinusAssign, StarAssign, SlashAssign, ModuloAssign, PipeAssign, AmpAssign, CaretAssign,
  Arrow, FatArrow, Eq, Ne, Le, Ge, AndAnd, OrOr, Shl, Shr, DotDot,
  LBrace, RBrace, LParen, RParen, LBracket, RBracket, Comma, Colon, Dot, Question, Assign,
  Star, Slash, Modulo, Plus, Minus, Amp, Caret, Pipe, Lt, Gt, Bang, Tilde, Semi,
]; // prettier-ignore

/** What the lexer knows, in the order in which it tries. */
export const LEXED: readonly TokenType[] = [
  WhiteSpace, Newline, Ident,
  DocComment, LineComment, BlockComment, UnterminatedComment,
  StringLiteral, UnterminatedString,
  Percent, Duration, Version, Decimal, Int, BadNumber,
  ForeignOp, ...SIGNS, WrongQuotes, Unknown, ByteOrderMark,
]; // prettier-ignore

/** What the parser knows. */
export const VOCABULARY: TokenType[] = [
  Word, BinaryOp, UnaryOp, AssignOp, Literal, Sep,
  ...LEXED, ...RESERVED, ...CONTEXTUAL, Wildcard, LogText, LogEnd, EOF,
]; // prettier-ignore

/** The text of a keyword or a sign, as its token type names it. */
export const textOf = (type: TokenType): string => (type.LABEL ?? type.name).replace(/^'|'$/g, '');

/** Words that are never the name of something the user declares. */
export const RESERVED_WORDS: readonly string[] = RESERVED.map(textOf);
/** Words with a meaning in some places only. */
export const CONTEXTUAL_WORDS: readonly string[] = CONTEXTUAL.map(textOf);
/** Operators and punctuation. */
export const SIGN_TEXTS: readonly string[] = SIGNS.map(textOf);

const KEYWORD_TYPES: ReadonlyMap<string, TokenType> = new Map(
  [...RESERVED, ...CONTEXTUAL, Wildcard].map((type) => [textOf(type), type]),
);

/** The token type of a word, undefined for a plain name. */
export const keywordType = (text: string): TokenType | undefined => KEYWORD_TYPES.get(text);

const RESERVED_TYPES: ReadonlySet<TokenType> = new Set(RESERVED);

/** Whether a token type is that of a reserved word. */
export const isReserved = (type: TokenType): boolean => RESERVED_TYPES.has(type);

const COMMENTS: ReadonlySet<TokenType> = new Set([
  DocComment,
  LineComment,
  BlockComment,
  UnterminatedComment,
]);

/** Whether a token type is that of a comment. */
export const isComment = (type: TokenType): boolean => COMMENTS.has(type);
