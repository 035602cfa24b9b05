import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SYNTAX } from '../../server/src/diagnostics/codes/syntax.ts';
import { describe as described } from '../../server/src/diagnostics/table.ts';
import type { Code } from '../../server/src/diagnostics/table.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';

/** They need a file too large for a page. */
const IN_WORDS: readonly string[] = ['PV1020', 'PV1027'];

const codesOf = (text: string): readonly string[] =>
  snapshot(text, DEFAULTS).diagnostics.map((diagnostic) => diagnostic.code);

describe.each(Object.keys(SYNTAX) as Code[])('the page of %s', (code) => {
  const file = new URL(`../../docs/diagnostics/${code}.md`, import.meta.url);
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';

  test('has the title of the table', () => {
    expect(page.split('\n')[0]).toBe(`# ${code}: ${described(code).title}`);
  });

  if (IN_WORDS.includes(code)) return;
  test('shows the mistake, and the same without it', () => {
    const [wrong = '', right = ''] = [...page.matchAll(/```pvpolicy\n(.*?)```/gs)].map((match) => match[1]);
    expect([...new Set(codesOf(wrong))]).toEqual([code]);
    expect(codesOf(right)).toEqual([]);
  });
});
