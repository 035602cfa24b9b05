import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { pvpolicy, repository } from '../cli/run.ts';

const PAGES = [
  'README.md',
  'examples/traces/README.md',
  ...readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Pages whose examples other tests hold against more than this one does. */
const ELSEWHERE = /^docs\/(diagnostics\/|language\.md)/;

const textOf = (page: string): string => readFileSync(join(repository, page), 'utf8');
const withoutCode = (text: string): string => text.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');

/** The anchor of a heading, as the places make it where such pages are read. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const anchorsOf = (text: string): readonly string[] =>
  [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    anchor(heading),
  );

/** Links of the page that lead nowhere. */
function broken(page: string): readonly string[] {
  const links = [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path = '', wanted] = target.split('#');
    const file = path === '' ? page : relative(repository, join(repository, dirname(page), path));
    if (!existsSync(join(repository, file))) return true;
    return wanted !== undefined && !anchorsOf(textOf(file)).includes(wanted);
  });
}

it.each(PAGES)('%s has links that lead somewhere', (page) => {
  expect(broken(page)).toEqual([]);
});

it('is reached from its first page', () => {
  const seen = new Set<string>(['docs/README.md']);
  for (const page of seen) {
    for (const [, target = ''] of textOf(page).matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g)) {
      const file = relative(repository, join(repository, dirname(page), target));
      if (existsSync(join(repository, file))) seen.add(file);
    }
  }
  const missed = PAGES.filter((page) => page.startsWith('docs/') && !page.startsWith('docs/diagnostics/'));
  expect(missed.filter((page) => !seen.has(page))).toEqual([]);
});

interface Block {
  readonly page: string;
  readonly line: number;
  readonly info: string;
  readonly code: string;
}

const blocksOf = (language: string): readonly Block[] =>
  PAGES.filter((page) => !ELSEWHERE.test(page)).flatMap((page) => {
    const text = textOf(page);
    const found = text.matchAll(new RegExp(`^\`\`\`${language}(.*)\\n([\\s\\S]*?)^\`\`\``, 'gm'));
    return [...found].map(({ index, 1: info = '', 2: code = '' }) => ({
      page,
      line: text.slice(0, index).split('\n').length,
      info: info.trim(),
      code,
    }));
  });

describe('a policy in a page', () => {
  it.each(blocksOf('pvpolicy'))('$page:$line', ({ info, code }) => {
    const wanted = /^fails (PV\d+)$/.exec(info)?.[1];
    const text = info === 'fragment' ? `policy fragment for tracing\n${code}` : code;
    const errors = snapshot(text, DEFAULTS).diagnostics.filter(({ severity }) => severity === 'error');
    const codes =
      info === 'fragment'
        ? errors.map((d) => d.code).filter((d) => /^PV1/.test(d))
        : errors.map((d) => d.code);
    expect([...new Set(codes)]).toEqual(wanted === undefined ? [] : [wanted]);
  });
});

describe('what a console shows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-book-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // The README shows commands over the whole checkout, and shortens what they print.
  const shown = blocksOf('console').filter(({ page }) => page.startsWith('docs/'));
  it.each(shown)('$page:$line', async ({ code }) => {
    for (const [, command = '', shown = ''] of code.matchAll(/^\$ npx pvpolicy (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      const { out, err } = await pvpolicy(command.split(' '), { cwd: folder });
      expect(out + err).toBe(shown);
    }
  });
});
