import { describe, expect, test } from 'vitest';
import { readConfig } from '../../server/src/workspace/config.ts';
import { DEFAULTS, configPaths } from '../../server/src/workspace/settings.ts';

/** Codes of the diagnostics and the text that each underlines. */
const problems = (text: string): readonly string[] =>
  readConfig(text).diagnostics.map(({ code, span }) => `${code} ${text.slice(span.start, span.end)}`);

describe('readConfig', () => {
  test('reads every setting, with comments', () => {
    const text = `// ours
      { "$schema": "x", "profile": "7.3", // the fleet
        "allow": { "tracepoints": ["sched:*"] }, "deny": { "actions": ["pin"], "tracepoints": [] } }`;
    expect(readConfig(text)).toEqual({
      diagnostics: [],
      settings: {
        profile: '7.3',
        allowlist: { kfuncs: {}, tracepoints: { allow: ['sched:*'], deny: [] }, actions: { deny: ['pin'] } },
      },
    });
  });

  test('an empty object leaves the defaults', () => {
    expect(readConfig('{}').settings.profile).toBe(DEFAULTS.profile);
    expect(problems('{}')).toEqual([]);
  });

  test.each([
    ['', 'PV8003 '],
    ['{', 'PV8003 '],
    ['{ "profile": "7.3", }', 'PV8003 }'],
    ['{ profile: "7.3" }', 'PV8003 profile'],
    ['{ "profile": 07 }', 'PV8003 07'],
    ['{ "profile": "7.3" } x', 'PV8003 x'],
    ['{ "profile": "\\q" }', 'PV8003 "\\q"'],
    ['{ "profile": "7.3 }', 'PV8003 "'],
    [`${'['.repeat(100_000)}`, 'PV8003 ['],
    ['[]', 'PV8005 []'],
    ['{ "profile": 7.3 }', 'PV8005 7.3'],
    ['{ "allow": ["pin"] }', 'PV8005 ["pin"]'],
    ['{ "deny": { "actions": "pin" } }', 'PV8005 "pin"'],
    ['{ "deny": { "actions": ["pin", 3] } }', 'PV8005 3'],
    ['{ "profile": "5.15" }', 'PV8006 "5.15"'],
    ['{ "profil": "7.3" }', 'PV8004 "profil"'],
    ['{ "allow": { "kfunc": [] } }', 'PV8004 "kfunc"'],
  ])('%s', (text, problem) => {
    expect(problems(text)).toEqual([problem]);
  });

  test('a misspelled setting comes with its fix, and what is right still holds', () => {
    const { settings, diagnostics } = readConfig('{ "denny": {}, "profile": "6.12" }');
    expect(diagnostics[0]?.fixes.map((fix) => fix.edits)).toEqual([
      [{ span: { start: 2, end: 9 }, newText: '"deny"' }],
    ]);
    expect(settings.profile).toBe('6.12');
  });
});

test('configPaths goes up from the policy, nearest first', () => {
  expect(configPaths('/a/b/c.pvpolicy')).toEqual([
    '/a/b/pvpolicy.json',
    '/a/pvpolicy.json',
    '/pvpolicy.json',
  ]);
  expect(configPaths('C:\\a\\c.pvpolicy')).toEqual(['C:\\a\\pvpolicy.json', 'C:\\pvpolicy.json']);
  expect(configPaths('c.pvpolicy')).toEqual([]);
});
