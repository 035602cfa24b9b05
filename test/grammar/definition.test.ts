import { expect, test } from 'vitest';
import { createLexer } from '../../grammar/parser-layout.ts';
import { PolicyParser } from '../../grammar/parser.ts';

// The product skips these checks of its own grammar, which take longer than the rest of the start.
test('Chevrotain finds no fault with the tokens', () => {
  expect(createLexer(true).lexerDefinitionErrors).toEqual([]);
});

test('Chevrotain finds no fault with the grammar', () => {
  expect(() => new PolicyParser(true)).not.toThrow();
});
