import { createToken, Lexer } from 'chevrotain';
import type { TokenType } from 'chevrotain';

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
