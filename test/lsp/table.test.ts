import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { capabilities } from '../../server/src/lsp/capabilities.ts';
import { repository } from './session.ts';

const page = readFileSync(join(repository, 'docs/editors.md'), 'utf8');
const rows = [...page.matchAll(/^\| (?!feature|---)([^|]+) \| [^|]+ \| `(\w+)`: ([^|]+) \|$/gmu)].map(
  ([, feature = '', file = '', name = '']) => ({ feature, file, name: name.trim() }),
);

test('each row of the table names a test that there is', () => {
  expect(rows.length).toBeGreaterThan(30);
  for (const { file, name } of rows) {
    const source = readFileSync(join(repository, `test/lsp/${file}.test.ts`), 'utf8');
    // A test of a table of cases has '%s' for the name of the case.
    const there = source.includes(name) || source.includes(name.replace(/^.*? (?=keeps )/u, '%s '));
    expect(there, `${file}: ${name}`).toBe(true);
  }
});

test('the table and what the server offers agree', () => {
  const offeredTo = (initializationOptions: object): string[] =>
    Object.keys(
      capabilities({ processId: null, rootUri: null, capabilities: {}, initializationOptions }),
    ).map((key) => key.replace(/Provider$/u, ''));
  const offered = [...offeredTo({ lenses: true, diagnostics: 'pull' }), ...offeredTo({})];
  const shown = new Set(
    rows.flatMap(({ feature }) => [...feature.matchAll(/`(\w+)`/gu)].map(([, one]) => one)),
  );
  for (const key of offered) {
    // The diagnostics' rows are headed by how they come; incremental sync is no feature of its own.
    if (key === 'diagnostic' || key === 'textDocumentSync') continue;
    expect(shown, key).toContain(key);
  }
  for (const one of shown) expect(offered, one).toContain(one);
});
