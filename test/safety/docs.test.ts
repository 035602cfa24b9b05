import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LIVENESS } from '../../server/src/diagnostics/codes/liveness.ts';
import { SAFETY } from '../../server/src/diagnostics/codes/safety.ts';
import { describe as describeCode, type Code } from '../../server/src/diagnostics/table.ts';
import { diagnose } from './support.ts';

const codes = [...Object.keys(SAFETY), ...Object.keys(LIVENESS)].filter((code) =>
  /^PV[45]/.test(code),
) as Code[];
const path = (code: string): string => `docs/diagnostics/${code}.md`;
const blocks = (text: string): string[] =>
  [...text.matchAll(/```pvpolicy\n(.*?)```/gs)].map((match) => match[1] ?? '');

describe.each(codes)('the page of %s', (code) => {
  const text = existsSync(path(code)) ? readFileSync(path(code), 'utf8') : '';

  it('begins with the title of the table and has both sections', () => {
    expect(text.split('\n')[0]).toBe(`# ${code}: ${describeCode(code).title}`);
    expect(text).toContain('\n## Wrong\n');
    expect(text).toContain('\n## Right\n');
  });

  it('shows a policy that is reported for it and one that is not', () => {
    const [wrong, right] = blocks(text);
    if (wrong === undefined) {
      expect(['PV4002', 'PV4022', 'PV4040', 'PV4041']).toContain(code);
      return;
    }
    const found = new Set(diagnose(wrong).map((one) => one.code));
    expect([...found]).toEqual([code]);
    expect(diagnose(right ?? '').map((one) => one.code)).toEqual([]);
  });
});
