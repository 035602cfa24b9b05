import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NAMES } from '../../server/src/diagnostics/codes/names.ts';
import { TYPES } from '../../server/src/diagnostics/codes/types.ts';
import { describe as described, type Code } from '../../server/src/diagnostics/table.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';

const codesOf = (text: string): readonly string[] => snapshot(text, DEFAULTS).diagnostics.map((d) => d.code);

/** Pages whose mistake does not fit on one: it needs an imported kernel, or hundreds of functions. */
const IN_WORDS: ReadonlySet<string> = new Set(['PV2034', 'PV2035']);

describe.each(Object.keys({ ...NAMES, ...TYPES }) as Code[])('the page of %s', (code) => {
  const file = new URL(`../../docs/diagnostics/${code}.md`, import.meta.url);
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';

  it('has the title of the table', () => {
    expect(page.split('\n')[0]).toBe(`# ${code}: ${described(code).title}`);
  });

  it.skipIf(IN_WORDS.has(code))('shows the mistake, and the same without it', () => {
    const [wrong = '', right = ''] = [...page.matchAll(/```pvpolicy\n(.*?)```/gs)].map((match) => match[1]);
    expect([...new Set(codesOf(wrong))]).toEqual([code]);
    expect(codesOf(right)).toEqual([]);
  });
});
