import { readdirSync, readFileSync } from 'node:fs';
import { Lexer } from 'chevrotain';
import { expect, test } from 'vitest';
import { choicesOf, lookaheadOf } from '../../grammar/lookahead.ts';
import { createLexer, layout } from '../../grammar/parser-layout.ts';
import { PolicyParser } from '../../grammar/parser.ts';
import { LEXED, VOCABULARY } from '../../grammar/tokens.ts';

// The product skips these checks of its own grammar, which take longer than the rest of the start.
test('Chevrotain finds no fault with the tokens', () => {
  expect(createLexer(true).lexerDefinitionErrors).toEqual([]);
});

test('Chevrotain finds no fault with the grammar', () => {
  expect(() => new PolicyParser(true)).not.toThrow();
});

// What is built cannot find them out (.ci/build.mjs).
test('tokens begin with the characters that are said of them', () => {
  const unsaid = LEXED.filter(
    ({ PATTERN, START_CHARS_HINT }) => typeof PATTERN !== 'string' && !START_CHARS_HINT,
  );
  expect(unsaid).toEqual([]);
  const unhinted = LEXED.map((token) => {
    const copy = { ...token };
    delete copy.START_CHARS_HINT;
    return copy;
  });
  const found = new Lexer(unhinted, { positionTracking: 'onlyOffset', skipValidations: true });
  expect(tokensByCharacter(createLexer(false))).toEqual(tokensByCharacter(found));
});

/** Of each character, or 255 of them, the names of the tokens that the lexer tries there. */
function tokensByCharacter(lexer: Lexer): readonly (readonly string[])[] {
  const tables = (lexer as unknown as { charCodeToPatternIdxToConfig: Tables }).charCodeToPatternIdxToConfig;
  return tables.defaultMode.map((tried) => tried.map(({ tokenType }) => tokenType.name));
}

interface Tables {
  readonly defaultMode: readonly (readonly { readonly tokenType: { readonly name: string } }[])[];
}

const analysed = new PolicyParser(false);
const choices = choicesOf(analysed.lookAheadFuncsCache, VOCABULARY);

test('the choices that the build packs are the ones that Chevrotain makes, about every token', () => {
  expect(choices.map(({ key }) => key)).toEqual([...analysed.lookAheadFuncsCache.keys()]);
  expect(new Set(choices.map(({ kind }) => kind))).toEqual(new Set(['optional', 'one-of', 'gated']));
  const gates = [[], [true], [false, true], [true, false, true], [false, false, false, true, true]];
  for (const choice of choices) {
    const packed = lookaheadOf(choice);
    for (const { tokenTypeIdx = 0 } of VOCABULARY) {
      const parser = { LA_FAST: () => ({ tokenTypeIdx }) };
      for (const open of gates) {
        const alternatives = choice.begin.map((_, index) => ({
          GATE: () => open[index] !== false,
          ALT: () => undefined,
        }));
        const expected = analysed.lookAheadFuncsCache.get(choice.key)?.call(parser, alternatives);
        expect(packed.call(parser, alternatives)).toBe(expected);
      }
    }
  }
});

test('a parser with packed choices reads every example as one that analyses its grammar does', () => {
  const quick = new PolicyParser(false, choices);
  const folders = ['examples', 'examples/gallery', 'examples/risky'];
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
  const policies = files.filter((file) => file.endsWith('.pvpolicy'));
  expect(policies.length).toBeGreaterThan(30);
  for (const file of policies) {
    const text = readFileSync(file, 'utf8');
    // A half of a policy is a broken one.
    for (const part of [text, text.slice(0, text.length / 2)])
      expect(quick.read(part, layout(part)), file).toEqual(analysed.read(part, layout(part)));
  }
});
