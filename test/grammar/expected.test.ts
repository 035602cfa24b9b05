// What the parser says that can follow the start of an item.
import { describe, expect, test } from 'vitest';
import { expectedAfter } from '../../grammar/expected.ts';
import { DECLARATION_TOKENS, RESERVED_WORDS, textOf } from '../../grammar/tokens.ts';

const shown = (text: string): string[] =>
  expectedAfter(text)
    .filter(({ type }) => type.name !== 'Sep')
    .map(({ type, rule, isName }) => `${rule} ${type.name}${isName ? ' (new)' : ''}`);

describe('what can follow', () => {
  test('at the top is the header and every declaration', () => {
    const words = expectedAfter('').map(({ type }) => textOf(type));
    expect(words).toEqual(['policy', ...DECLARATION_TOKENS.map(textOf)]);
  });

  test.each([
    ['policy', ['header Ident (new)']],
    ['policy p', ['header For']],
    ['policy p for tracing', ['header Requires']],
    ['param', ['paramDecl Ident (new)']],
    ['param x: u8', ['type Question', 'paramDecl Assign']],
    ['param x: u8 = 5', ['operand LParen', 'operand LBracket', 'operand Dot', 'paramDecl In']],
    ['histogram h: u8', ['type Question', 'histogramDecl Per']],
    ['counter c per', ['per Ident']],
    ['state {', ['stateDecl Word']],
    ['state { x: list of u8', ['type Question', 'baseType Max']],
    ['dsq q', ['dsqDecl Ident']],
    ['fn f()', ['fnDecl Arrow']],
    ['fn f(a: u8,', ['fnDecl Word', 'fnDecl Comma']],
    ['fn f() { for i', ['forStmt In']],
    ['on', ['Tracepoint', 'Pvsched', 'Op', 'Init', 'Exit'].map((family) => `hookRef ${family}`)],
  ] as const)('%s', (text, wanted) => {
    expect(shown(text)).toEqual(wanted);
  });

  test('is up to what has to be there, whatever is wrong in front of it', () => {
    expect(shown('param x: = 3 counter c per')).not.toContain('paramDecl In');
    for (const word of RESERVED_WORDS) expect(() => expectedAfter(`${word} ${word} (`)).not.toThrow();
  });
});
