import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMPILATION } from '../../../server/src/diagnostics/codes/compilation.ts';
import { describe as described, type Code } from '../../../server/src/diagnostics/table.ts';
import { checkC } from '../../../server/src/emit/c/index.ts';
import { policy } from '../../support/policy.ts';

/** Codes whose mistake is not in a policy: a compiler or its headers. */
const OF_THE_MACHINE = ['PV6001', 'PV6002', 'PV6003', 'PV6008', 'PV6009', 'PV6010'];

describe.each(Object.keys(COMPILATION) as Code[])('the page of %s', (code) => {
  const file = new URL(`../../../docs/diagnostics/${code}.md`, import.meta.url);
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [wrong, right] = [...page.matchAll(/```pvpolicy\n(.*?)```/gs)].map((match) => match[1]);

  it('has the title of the table, a mistake and a way out', () => {
    expect(page.split('\n')[0]).toBe(`# ${code}: ${described(code).title}`);
    expect(page).toMatch(/^## Wrong\n\n[\s\S]+^## Right\n\n/m);
  });

  it.skipIf(OF_THE_MACHINE.includes(code))('shows the mistake, and the same without it', () => {
    const codes = (text = ''): string[] => checkC(policy(text).program).map((found) => found.code);
    expect([...new Set(codes(wrong))]).toEqual([code]);
    expect(codes(right)).toEqual([]);
  });
});
