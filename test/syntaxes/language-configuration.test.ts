import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Rule {
  readonly beforeText: string;
  readonly afterText?: string;
  readonly action: { readonly indent: string; readonly appendText?: string };
}
interface Configuration {
  readonly wordPattern: string;
  readonly indentationRules: {
    readonly increaseIndentPattern: string;
    readonly decreaseIndentPattern: string;
  };
  readonly onEnterRules: readonly Rule[];
}

const file = new URL('../../syntaxes/language-configuration.json', import.meta.url);
const configuration = JSON.parse(readFileSync(file, 'utf8')) as Configuration;

/** What an editor does when Enter is pressed between two halves of a line: the first rule that fits. */
function onEnter(before: string, after = ''): Rule['action'] | undefined {
  return configuration.onEnterRules.find(
    ({ beforeText, afterText }) =>
      new RegExp(beforeText).test(before) && (afterText === undefined || new RegExp(afterText).test(after)),
  )?.action;
}

describe('Enter', () => {
  test.each<[string, string, Rule['action'] | undefined]>([
    ['/// doc', '', { indent: 'none', appendText: '/// ' }],
    ['    /// doc', '', { indent: 'none', appendText: '/// ' }],
    ['///', '', { indent: 'none' }],
    ['//// line', '', undefined],
    ['// a comment', 'that goes on', { indent: 'none', appendText: '// ' }],
    ['// a comment', '', undefined],
    ['on init {', '}', { indent: 'indentOutdent' }],
    ['    a = 1', '', undefined],
  ])('%j | %j', (before, after, action) => expect(onEnter(before, after)).toEqual(action));
});

describe('indentation', () => {
  const { increaseIndentPattern, decreaseIndentPattern } = configuration.indentationRules;
  test.each([
    ['on init {', true],
    ['    foo(a,', true],
    ['state vcpu { // why {', true],
    ['if a { return }', false],
    ['log "a {', false],
    ['log "a {b}"', false],
    ['// on init {', false],
    ['a = 1', false],
  ])('%j', (line, more) => expect(new RegExp(increaseIndentPattern).test(line)).toBe(more));
  test.each([
    ['    }', true],
    ['  ) {', true],
    ['a }', false],
  ])('%j', (line, less) => expect(new RegExp(decreaseIndentPattern).test(line)).toBe(less));
});

test('a double click takes a whole name or literal', () => {
  const words = 'v.boost_prio + 500us * 25% - 0xff'.match(new RegExp(configuration.wordPattern, 'g'));
  expect(words).toEqual(['v', 'boost_prio', '500us', '25%', '0xff']);
});
