import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkC, emitC } from '../../../server/src/emit/c/index.ts';
import { policy } from '../../support/policy.ts';

const root = new URL('../../../', import.meta.url);

/** The corrected policies of all pages, which between them use the whole language. */
const POLICIES = readdirSync(new URL('docs/diagnostics/', root)).flatMap((page) => {
  const text = readFileSync(new URL(`docs/diagnostics/${page}`, root), 'utf8');
  const [, right = ''] = text.split(/^## Right$/m);
  return [...right.matchAll(/```pvpolicy\n(.*?)```/gs)].map((match) => [page, match[1] ?? ''] as const);
});

it('every correct policy of the documentation becomes C', () => {
  expect(POLICIES.length).toBeGreaterThan(80);
  for (const [page, source] of POLICIES) {
    const { program } = policy(source);
    const refused = checkC(program).filter(({ severity }) => severity === 'error');
    expect([page, refused]).toEqual([page, []]);
    const files = emitC(program, { sourceName: 'page.pvpolicy', source });
    for (const { name, text } of files) {
      expect(`${page} ${name} ${/\bundefined\b|\[object|NaN/.exec(text)?.[0]}`).toBe(
        `${page} ${name} undefined`,
      );
    }
  }
});
