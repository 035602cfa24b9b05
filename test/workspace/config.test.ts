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
    ['{ "deny": { "actions": ["bost"] } }', 'PV8007 "bost"'],
    ['{ "allow": { "kfuncs": ["scx_bpf_kick"] } }', 'PV8007 "scx_bpf_kick"'],
    ['{ "deny": { "tracepoints": ["sched:sched_swich"] } }', 'PV8007 "sched:sched_swich"'],
    ['{ "severity": { "PV9999": "off" } }', 'PV8007 "PV9999"'],
    ['{ "severity": { "PV4017": "of" } }', 'PV8007 "of"'],
    ['{ "severity": { "PV3001": "warning" } }', 'PV8009 "PV3001"'],
    ['{ "severity": "off" }', 'PV8005 "off"'],
    ['{ "hooks": { "a b": { "locks": [], "irqs": "on" } } }', 'PV8005 "a b"'],
    ['{ "hooks": { "a:b": { "locks": [] } } }', 'PV8005 "a:b"'],
    ['{ "hooks": { "a:b": { "irqs": "on" } } }', 'PV8005 "a:b"'],
    ['{ "hooks": { "a:b": { "locks": ["rg"], "irqs": "on" } } }', 'PV8007 "rg"'],
    ['{ "hooks": { "a:b": { "locks": [], "irqs": "on", "params": ["p"] } } }', 'PV8005 "p"'],
    ['{ "hooks": { "a:b": { "locks": [], "irqs": "on", "lock": [] } } }', 'PV8004 "lock"'],
    ['{ "kfuncs": { "f": { "signature": "int f(void)" } } }', 'PV8005 "f"'],
    ['{ "kfuncs": { "f": { "effects": [] } } }', 'PV8005 "f"'],
    ['{ "kfuncs": { "f": { "effects": [], "signature": "int g(void)" } } }', 'PV8005 "int g(void)"'],
    ['{ "kfuncs": { "f": { "effects": ["sleeps"], "signature": "int f(void)" } } }', 'PV8007 "sleeps"'],
    [
      '{ "kfuncs": { "f": { "effects": [], "signature": "int f(void)", "delivers": "bost" } } }',
      'PV8007 "bost"',
    ],
    ['{ "kfuncs": { "f": { "effects": [], "signature": "int f(void)", "mayBeNull": 1 } } }', 'PV8005 1'],
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

describe('a profile from a file', () => {
  const missing = () => ({ ok: false, message: 'no such file' }) as const;

  test('is opened, and what is wrong with it is told', () => {
    const { diagnostics } = readConfig('{ "profile": "./kernel.json" }', missing);
    expect(diagnostics.map(({ code }) => code)).toEqual(['PV8008']);
    expect(diagnostics[0]?.message).toContain('no such file');
  });

  test.each(['5.15', '6.12.4', 'newest'])('is not what %s is', (name) => {
    const { diagnostics } = readConfig(`{ "profile": "${name}" }`, missing);
    expect(diagnostics.map(({ code }) => code)).toEqual(['PV8006']);
  });
});

test('a severity is taken, off too', () => {
  const { settings } = readConfig(
    '{ "severity": { "PV4017": "off", "PV4001": "warning", "PV2017": "error" } }',
  );
  expect(settings.severity).toEqual({ PV4017: 'off', PV4001: 'warning', PV2017: 'error' });
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
