/*
 * What tokens begin with: said to Chevrotain, which else finds it out of each pattern at every start. Characters are
 * given by themselves or by their codes.
 */

const upTo = (first: number, last: number, step = 1): number[] =>
  Array.from({ length: Math.ceil((last + 1 - first) / step) }, (_, index) => first + index * step);

export const DIGITS = [...'0123456789'];
export const LETTERS = ['_', ...upTo(0x41, 0x5a), ...upTo(0x61, 0x7a)];
/** From U+0100 on Chevrotain keeps 255 characters together, of which one is enough. */
export const STRANGE = [...upTo(0x7f, 0xff), ...upTo(0x100, 0xffff, 0xff), 0xffff];
