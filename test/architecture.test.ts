import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

/** Lines of the longest file that can still be read in one go. */
const LONGEST = 400;
/** It declares types and nothing else, and is read as a reference. */
const REFERENCES = ['server/src/ir/ir.ts'];

/** The first column of a table of the page, and the words in backquotes of the second. */
function table(secondHeading: string): ReadonlyMap<string, readonly string[]> {
  const [, rows = ''] = page.split(new RegExp(`^\\|[^|\\n]+\\| ${secondHeading} \\|\\n`, 'mu'));
  const lines = rows.split('\n\n')[0]?.split('\n').slice(1) ?? [];
  const words = (cell = ''): readonly string[] =>
    [...cell.matchAll(/`([^`]+)`/gu)].map(([, word]) => word ?? '');
  return new Map(
    lines.map((line) => {
      const [, first = '', second = ''] = line.split('|').map((cell) => cell.trim());
      return [first.replaceAll('`', ''), words(second)];
    }),
  );
}

const parts = table('may import');
const packages = table('only in');
/** What every part may import. */
const EVERYWHERE = 'server/src/diagnostics';

const files = ['grammar', 'server/src', 'client/src'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name).replaceAll('\\', '/')),
);

const within = (path: string, part: string): boolean => path === part || path.startsWith(`${part}/`);
const partOf = (path: string): string | undefined => [...parts.keys()].find((part) => within(path, part));

/** What a file imports: other files by their path from the root, packages by their name. */
function imports(file: string): { readonly local: readonly string[]; readonly outside: readonly string[] } {
  const text = readFileSync(join(root, file), 'utf8');
  const statements = /^(?:import|export|\}).*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gmu;
  const specifiers = [...text.matchAll(statements)].map(([, from, bare, late]) => from ?? bare ?? late ?? '');
  return {
    local: specifiers
      .filter((name) => name.startsWith('.'))
      .map((name) => relative(root, join(root, dirname(file), name)).replaceAll('\\', '/')),
    outside: specifiers.filter((name) => !name.startsWith('.')),
  };
}

/** 'vscode-languageserver/node' is of the package 'vscode-languageserver'; node:fs of "Node's own modules". */
function packageOf(specifier: string): string {
  if (isBuiltin(specifier)) return "Node's own modules";
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

test('the page has its tables, and every file is in a part', () => {
  expect(parts.size).toBeGreaterThan(10);
  expect(packages.size).toBeGreaterThan(4);
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => partOf(file) === undefined)).toEqual([]);
});

describe.each([...parts.keys()])('%s', (part) => {
  const own = files.filter((file) => within(file, part));

  test('imports only what its row allows', () => {
    const allowed = [...(parts.get(part) ?? []), part, EVERYWHERE];
    const wrong = own.flatMap((file) =>
      imports(file)
        .local.filter((target) => !allowed.some((one) => within(target, one)))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('uses only packages that belong there', () => {
    const wrong = own.flatMap((file) =>
      imports(file)
        .outside.filter((name) => !packages.get(packageOf(name))?.some((place) => within(file, place)))
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test(`has no file of more than ${LONGEST} lines`, () => {
    const lines = (file: string): number => readFileSync(join(root, file), 'utf8').split('\n').length - 1;
    expect(own.filter((file) => !REFERENCES.includes(file) && lines(file) > LONGEST)).toEqual([]);
  });
});

test('no part imports another that imports it', () => {
  const reach = (part: string, seen: ReadonlySet<string>): readonly string[] =>
    seen.has(part)
      ? [part]
      : (parts.get(part) ?? []).flatMap((next) => reach(next, new Set([...seen, part])));
  expect([...parts.keys()].filter((part) => reach(part, new Set()).includes(part))).toEqual([]);
});
