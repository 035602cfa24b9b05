import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LIVENESS } from '../../server/src/diagnostics/codes/liveness.ts';
import { SAFETY } from '../../server/src/diagnostics/codes/safety.ts';
import { describe as describeCode, type Code } from '../../server/src/diagnostics/table.ts';

const text = readFileSync('docs/safety.md', 'utf8');
const section = text.slice(text.indexOf('## Rule by rule'), text.indexOf('## Enforced'));
const rows = [...section.matchAll(/^\| ([A-Z]\d+) \|(.*)\|(.*)\|(.*)\|$/gm)].map((row) => ({
  rule: row[1] ?? '',
  verdict: row[3] ?? '',
  how: row[4] ?? '',
}));

const numbered = (letter: string, last: number): string[] =>
  Array.from({ length: last }, (_, i) => `${letter}${i + 1}`);

describe('the table of all rules', () => {
  it('has each rule once, in order', () => {
    expect(rows.map(({ rule }) => rule)).toEqual([
      ...numbered('D', 16),
      ...numbered('N', 5),
      ...numbered('R', 3),
      ...numbered('K', 3),
      ...numbered('L', 1),
      ...numbered('S', 15),
    ]);
  });

  it.each(rows)('says of $rule what is done about it', ({ verdict, how }) => {
    const codes = [...how.matchAll(/\[(PV\d{4})\]/g)].map((match) => match[1] as Code);
    const severities = codes.map((code) => describeCode(code).severity);
    if (verdict.includes('enforced') || verdict.includes('in part')) expect(severities).toContain('error');
    else if (verdict.includes('warned')) expect(severities).toContain('warning');
    else expect(verdict).toMatch(/impossible|not decided/);
    expect(how.trim()).not.toBe('');
  });

  it('names no code that does not exist, and links its page', () => {
    for (const [, code, page] of text.matchAll(/\[(PV\d{4})\]\(([^)]+)\)/g)) {
      expect(page).toBe(`diagnostics/${code}.md`);
      expect(existsSync(`docs/${page}`), page).toBe(true);
      expect(Object.keys({ ...SAFETY, ...LIVENESS })).toContain(code);
    }
  });

  it('leaves no code of the analysis out', () => {
    const named = new Set([...text.matchAll(/PV\d{4}/g)].map(([code]) => code));
    // A name of yesterday breaks nothing.
    const left = [...Object.keys(SAFETY), ...Object.keys(LIVENESS)].filter((code) => !named.has(code));
    expect(left.filter((code) => code !== 'PV4018')).toEqual([]);
  });

  it('names examples that exist', () => {
    const files = [...readdirSync('examples/unsafe'), ...readdirSync('examples/risky')];
    for (const name of ['cpuperf_in_switch', 'work_queue_in_switch']) {
      expect(text).toContain(`\`${name}\``);
      expect(files).toContain(`${name}.pvpolicy`);
    }
  });
});
