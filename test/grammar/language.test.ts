import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { format } from '../../grammar/format.ts';
import { CONTEXTUAL_WORDS, RESERVED_WORDS } from '../../grammar/tokens.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { ACTIONS } from '../../server/src/semantics/actions.ts';
import { FUNCTIONS, MEMBERS, METHODS, NAMES, TYPES } from '../../server/src/semantics/builtins.ts';
import { METRICS, STATISTICS } from '../../server/src/semantics/statistics.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { ebnf } from './ebnf.ts';
import { HEADER, messages } from './support.ts';

const file = new URL('../../docs/language.md', import.meta.url);
const page = readFileSync(file, 'utf8');

const blocks = [...page.matchAll(/```pvpolicy( fragment)?\n(.*?)```/gs)].map(([, fragment, text = '']) => ({
  text,
  fragment: fragment !== undefined,
  name: text.trim().split('\n')[0] ?? '',
}));

describe('every example', () => {
  test('is found', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(20);
    expect(page.match(/^```\w/gm)?.length).toBe(blocks.length + 1);
  });

  test.each(blocks)('reads without a mistake and in the one style: $name', ({ text, fragment }) => {
    const whole = fragment ? HEADER + text : text;
    expect(messages(whole)).toEqual([]);
    expect(format(whole)).toBe(whole);
  });

  test.each(blocks.filter(({ fragment }) => !fragment))('checks clean: $name', ({ text }) => {
    expect(snapshot(text, DEFAULTS).diagnostics.map(({ message }) => message)).toEqual([]);
  });
});

describe('nothing is left out', () => {
  test.each([
    ['words', [...RESERVED_WORDS, ...CONTEXTUAL_WORDS]],
    ['types', TYPES.map(({ name }) => name)],
    ['functions', FUNCTIONS.map(({ name }) => `${name}(`)],
    ['methods', METHODS.map(({ name }) => `.${name}(`)],
    ['members', MEMBERS.map(({ name }) => `.${name}`)],
    ['names', NAMES.map(({ name }) => name)],
    ['actions', ACTIONS.map(({ name }) => `${name}(`)],
    ['metrics', METRICS.map(({ name }) => name)],
    ['statistics', STATISTICS.map(({ name }) => name)],
  ])('%s', (_, names) => {
    const code = [...page.matchAll(/`([^`\n]+)`|```(.*?)```/gs)].map(([whole]) => whole).join('\n');
    const found = (name: string): boolean => {
      const escaped = name.replace(/[.(]/g, String.raw`\$&`);
      const [before, after] = [
        /^\w/.test(name) ? String.raw`\b` : '',
        /\w$/.test(name) ? String.raw`\b` : '',
      ];
      return new RegExp(before + escaped + after).test(code);
    };
    expect(names.filter((name) => !found(name))).toEqual([]);
  });
});

test('the grammar is that of the parser', () => {
  const block = /(```ebnf\n)(.*?)(```)/s;
  const expected = `${ebnf()}\n`;
  // UPDATE=1 writes it anew.
  if (process.env['UPDATE'] === '1') {
    writeFileSync(
      file,
      page.replace(block, (_, open: string, __, close: string) => open + expected + close),
    );
  } else expect(block.exec(page)?.[2]).toBe(expected);
});
