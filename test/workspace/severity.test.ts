import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Code } from '../../server/src/diagnostics/table.ts';
import { filesOf, snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS, mayChange } from '../../server/src/workspace/settings.ts';

const PAGES = new URL('../../docs/diagnostics/', import.meta.url);
const codes = readdirSync(PAGES).map((name) => name.replace('.md', '') as Code);
const wrongOf = (code: Code): string | undefined =>
  /```pvpolicy\n(.*?)```/s.exec(readFileSync(new URL(`${code}.md`, PAGES), 'utf8'))?.[1];

const withExamples = codes.filter((code) => mayChange(code) && wrongOf(code) !== undefined);

describe.each(withExamples)('the severity of %s', (code) => {
  const text = wrongOf(code) ?? '';

  it('can be an error, or nothing at all', () => {
    const [found] = snapshot(text, { ...DEFAULTS, severity: { [code]: 'error' } }).diagnostics.filter(
      (one) => one.code === code,
    );
    expect(found?.severity).toBe('error');
    const off = snapshot(text, { ...DEFAULTS, severity: { [code]: 'off' } }).diagnostics;
    expect(off.filter((one) => one.code === code)).toEqual([]);
  });

  it('lowered leaves a program that can be compiled', async () => {
    const lowered = snapshot(text, { ...DEFAULTS, severity: { [code]: 'warning' } });
    // A page may show more than its own mistake.
    if (lowered.diagnostics.some(({ severity }) => severity === 'error')) return;
    expect(await filesOf(lowered, 'p.pvpolicy')).toContainEqual(
      expect.objectContaining({ name: expect.stringMatching(/\.bpf\.c$/) }),
    );
  });
});

it('covers risks of safety and warnings', () => {
  for (const code of ['PV4001', 'PV4003', 'PV4010', 'PV4017', 'PV5001'] as const)
    expect(withExamples).toContain(code);
  for (const code of ['PV1001', 'PV3001', 'PV4012', 'PV4040', 'PV7001', 'PV8004'] as const)
    expect(mayChange(code)).toBe(false);
});
