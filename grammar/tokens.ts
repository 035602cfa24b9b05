import { createToken, EOF, Lexer } from 'chevrotain';
import type { TokenType } from 'chevrotain';
import { DIGITS, STRANGE } from './first-characters.ts';
import { AssignOp, BinaryOp, Literal, Sep, UnaryOp, Word } from './token-categories.ts';
import { CONTEXTUAL, Ident, RESERVED, textOf, Wildcard } from './words.ts';

export * from './token-categories.ts';
export * from './words.ts';

const sign = (name: string, text: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern: text, label: `'${text}'`, categories });

export const WhiteSpace = createToken({
  name: 'WhiteSpace',
  pattern: /[ \t\f\v]+/,
  group: Lexer.SKIPPED,
  start_chars_hint: [...' \t\f\v'],
});
/** The byte order mark that some editors put first. */
export const ByteOrderMark = createToken({
  name: 'ByteOrderMark',
  pattern: /\uFEFF/,
  group: Lexer.SKIPPED,
  start_chars_hint: ['\uFEFF'],
});
/** One line end and all white space after it. */
export const Newline = createToken({
  name: 'Newline',
  pattern: /[\r\n][ \t\f\v\r\n]*/,
  label: 'the end of the line',
  categories: [Sep],
  start_chars_hint: ['\r', '\n'],
});
export const Semi = sign('Semi', ';', [Sep]);
/** `///`; four slashes are an ordinary comment, as a line of slashes is no documentation. */
export const DocComment = createToken({
  name: 'DocComment',
  pattern: /\/\/\/(?!\/)[^\r\n]*/,
  start_chars_hint: ['/'],
});
export const LineComment = createToken({
  name: 'LineComment',
  pattern: /\/\/[^\r\n]*/,
  start_chars_hint: ['/'],
});
export const BlockComment = createToken({
  name: 'BlockComment',
  pattern: /\/\*[\s\S]*?\*\//,
  start_chars_hint: ['/'],
});
export const UnterminatedComment = createToken({
  name: 'UnterminatedComment',
  pattern: /\/\*[\s\S]*/,
  start_chars_hint: ['/'],
});

export const StringLiteral = createToken({
  name: 'String',
  pattern: /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"/,
  label: 'a text in double quotes',
  start_chars_hint: ['"'],
});
export const UnterminatedString = createToken({
  name: 'UnterminatedString',
  pattern: /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*\\?/,
  start_chars_hint: ['"'],
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
  start_chars_hint: DIGITS,
});
export const Duration = createToken({
  name: 'Duration',
  pattern: /\d[\d_]*(?:\.\d+)?(?:ns|us|ms|s|m)(?!\w)/,
  label: 'a duration',
  categories: [Literal],
  start_chars_hint: DIGITS,
});
/** `6.12.5`, in `requires kernel`. */
export const Version = createToken({
  name: 'Version',
  pattern: /\d+\.\d+\.\d+(?![\w.])/,
  label: 'a kernel version',
  start_chars_hint: DIGITS,
});
export const Decimal = createToken({
  name: 'Decimal',
  pattern: /\d[\d_]*\.\d+(?!\w)/,
  label: 'a ratio',
  categories: [Literal],
  start_chars_hint: DIGITS,
});
export const Int = createToken({
  name: 'Int',
  pattern: /0[xX][\da-fA-F_]*[\da-fA-F](?!\w)|\d[\d_]*(?!\w)/,
  label: 'a number',
  categories: [Literal],
  start_chars_hint: DIGITS,
});
/** Digits that make no number, such as `12abc` and `5h`. */
export const BadNumber = createToken({
  name: 'BadNumber',
  pattern: /\d[\d_]*(?:\.\d+)*\w*/,
  label: 'a number',
  categories: [Literal],
  start_chars_hint: DIGITS,
});

/** A text in quotes of another kind. */
export const WrongQuotes = createToken({
  name: 'WrongQuotes',
  pattern: /['\u2018\u2019\u201c-\u201e][^'"\u2018\u2019\u201c-\u201e\r\n]*['\u2018\u2019\u201c\u201d]/,
  start_chars_hint: ["'", '\u2018', '\u2019', '\u201c', '\u201d', '\u201e'],
});
/** An operator of other languages. */
export const ForeignOp = createToken({
  name: 'ForeignOp',
  pattern: /\+\+|[=!]==|:=|::|\*\*|<>|\?\?/,
  start_chars_hint: [...'+=!:*<?'],
});
/** A run of characters that start nothing; control characters are left to the lexer's own error. */
export const Unknown = createToken({
  name: 'Unknown',
  pattern: /[#$@'`\\\x7F-\uFEFE\uFF00-\uFFFF]+/,
  start_chars_hint: [..."#$@'`\\", ...STRANGE],
});

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

/** Operators and punctuation. */
export const SIGN_TEXTS: readonly string[] = SIGNS.map(textOf);

const COMMENTS: ReadonlySet<TokenType> = new Set([
  DocComment,
  LineComment,
  BlockComment,
  UnterminatedComment,
]);

/** Whether a token type is that of a comment. */
export const isComment = (type: TokenType): boolean => COMMENTS.has(type);
