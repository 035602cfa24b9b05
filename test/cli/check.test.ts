import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { cli, pvpolicy } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const GOOD =
  'policy good for tracing\n\ncounter switches\n\non tracepoint sched:sched_switch(preempt, prev, next, prev_state) {\n    switches += 1\n}\n';
const UNSAFE = `policy unsafe for tracing

on tracepoint sched:sched_switch(preempt, prev, next, prev_state) {
    if let v = vcpu(next) { boost(v, FIFO, 8, for: 5ms) }
}
`;
const good = file('good.pvpolicy', GOOD);
const unsafe = file('unsafe.pvpolicy', UNSAFE);

describe('check', () => {
  test('is content with every example', async () => {
    const examples = ['irq_boost', 'spin_guard', 'vm_share'].map((name) => `examples/${name}.pvpolicy`);
    expect(await pvpolicy(['check', ...examples])).toEqual({
      status: 0,
      out: '3 files checked, nothing to complain about\n',
      err: '',
    });
  });

  test('tells file, line, column, severity, code and message, the way to it, and a sum', async () => {
    const { status, out } = await pvpolicy(['check', unsafe]);
    expect(status).toBe(1);
    const [first = '', ...rest] = out.trimEnd().split('\n');
    expect(first).toMatch(/unsafe\.pvpolicy:4:29: error PV4\d{3} \S.*boost/u);
    expect(rest.slice(0, -1).every((line) => line.startsWith('    '))).toBe(true);
    expect(rest.length).toBeGreaterThan(1);
    expect(rest.at(-1)).toBe('1 error in 1 file');
  });

  test('reads standard input as -', async () => {
    const { status, out } = await pvpolicy(['check', '-'], { input: UNSAFE });
    expect(status).toBe(1);
    expect(out).toMatch(/^<stdin>:4:29: error PV4/u);
  });

  test('goes on where a file cannot be read', async () => {
    const missing = join(folder, 'missing.pvpolicy');
    const { status, out, err } = await pvpolicy(['check', missing, unsafe, folder]);
    expect(status).toBe(2);
    expect(out).toContain(`${missing}:1:1: error PV8001 cannot be read: no such file`);
    expect(out).toContain('unsafe.pvpolicy:4:29');
    expect(out).toContain(`${folder}:1:1: error PV8001 cannot be read: it is a directory`);
    expect(err).toBe('');
  });

  test.each([
    ['text', 0, GOOD, ''],
    ['an empty file', 1, '', ':1:1: error PV1'],
    ['a binary', 2, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]), ':1:1: error PV8002'],
    ['Latin 1', 2, Buffer.from('policy p for tracing\n// caf\xe9\n', 'latin1'), ':2:1: error PV8002'],
    ['UTF-16', 2, Buffer.from('\ufeffpolicy p for tracing\n', 'utf16le'), 'it is UTF-16'],
    ['10 MB of {', 1, '{'.repeat(10_000_000), 'error PV1'],
    ['900 kB of {', 1, '{'.repeat(900_000), 'error PV1'],
    ['100,000 parentheses', 1, `policy p for tracing\nconst x = ${'('.repeat(100_000)}`, 'error PV1'],
    ['one line of 900 kB', 1, `policy p for tracing ${'x '.repeat(450_000)}`, 'error PV1'],
    ['control characters', 1, 'policy p for tracing\n\u0001\u0002\u001b[31m\n', 'error PV1'],
  ])('%s ends with status %i', async (_, status, content, said) => {
    const path = file('odd.pvpolicy', content);
    const result = await pvpolicy(['check', path]);
    expect({ ...result, out: '' }).toEqual({ status, out: '', err: '' });
    expect(result.out).toContain(said);
    expect(result.out.length).toBeLessThan(100_000);
  });

  test('--json is one document with LSP ranges', async () => {
    const { status, out, err } = await pvpolicy(['check', '--json', unsafe, good]);
    expect([status, err]).toEqual([1, '']);
    const report = JSON.parse(out);
    expect(Object.keys(report)).toEqual(['version', 'files']);
    expect(report.version).toBe(1);
    expect(report.files[1]).toEqual({ file: good, diagnostics: [] });
    const [found] = report.files[0].diagnostics;
    expect(Object.keys(found)).toEqual(['code', 'severity', 'message', 'range', 'related', 'fixes']);
    expect(found.range.start).toEqual({ line: 3, character: 28 });
    expect(found.related.length).toBeGreaterThan(0);
    for (const step of found.related) {
      expect(step).toEqual({ message: expect.any(String), file: unsafe, range: expect.any(Object) });
    }
    expect(found.fixes).toContainEqual({ title: expect.stringMatching(/defer/u) });
  });

  test('SARIF has a rule and a result with its steps', async () => {
    const { out } = await pvpolicy(['check', '--format', 'sarif', unsafe]);
    const { version, runs } = JSON.parse(out);
    expect(version).toBe('2.1.0');
    const [{ tool, results }] = runs;
    expect(results[0].ruleId).toBe(tool.driver.rules[results[0].ruleIndex].id);
    expect(results[0].level).toBe('error');
    expect(results[0].locations[0].physicalLocation.region).toMatchObject({ startLine: 4, startColumn: 29 });
    expect(results[0].relatedLocations.length).toBeGreaterThan(0);
  });

  test('GitHub gets one line a diagnostic, with its line breaks escaped', async () => {
    const { out } = await pvpolicy(['check', '--format', 'github', unsafe]);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(out).toMatch(
      /^::error file=.*unsafe\.pvpolicy,line=4,endLine=4,col=29,endColumn=\d+,title=PV4\d{3}::/u,
    );
    expect(out).toContain('%0A');
  });

  test('JUnit fails the file with errors only', async () => {
    const { out } = await pvpolicy(['check', '--format', 'junit', unsafe, good]);
    expect(out).toContain('tests="2" failures="1"');
    expect(out.match(/<failure/gu)).toHaveLength(1);
    expect(out).toContain(`name="${good}"/>`);
  });

  test('--fail-level moves the bar', async () => {
    const warns = file(
      'warns.pvpolicy',
      GOOD.replace('switches += 1', 'switches += 1\n    let unused = 1 / 0'),
    );
    const said = JSON.parse((await pvpolicy(['check', '--json', warns])).out).files[0].diagnostics;
    expect(said.map(({ severity }: { severity: string }) => severity)).toContain('warning');
    expect(said.map(({ severity }: { severity: string }) => severity)).not.toContain('error');
    expect((await pvpolicy(['check', warns])).status).toBe(0);
    expect((await pvpolicy(['check', '--fail-level', 'warning', warns])).status).toBe(1);
    expect((await pvpolicy(['check', '--fail-level', 'never', unsafe])).status).toBe(0);
  });

  test('--kernel and pvpolicy.json narrow what is allowed', async () => {
    const nested = join(folder, 'nested');
    mkdirSync(nested);
    writeFileSync(join(nested, 'pvpolicy.json'), '{ "deny": { "tracepoints": ["sched:*"] } }');
    const path = file('nested/good.pvpolicy', GOOD);
    const denied = await pvpolicy(['check', path]);
    expect(denied.status).toBe(1);
    expect(denied.out).toContain("pvpolicy.json denies 'sched:*'");
    const config = file('other.json', '{ "profile": "6.12" }');
    expect((await pvpolicy(['check', '--config', config, path])).status).toBe(0);
    expect((await pvpolicy(['check', '--kernel', '7.3', good])).status).toBe(0);
  });

  test('--watch checks again when the file changes, and says so to the problem matcher of the editor', async () => {
    const path = file('watched.pvpolicy', GOOD);
    const child = spawn(process.execPath, [cli, 'check', '--watch', path]);
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (out += text));
    const until = async (pattern: RegExp): Promise<void> => {
      for (let waited = 0; waited < 45_000 && !pattern.test(out); waited += 20) await sleep(20);
      expect(out).toMatch(pattern);
    };
    try {
      await until(/nothing to complain about/u);
      writeFileSync(path, UNSAFE);
      await until(/error PV4[^]*1 error.* in 1 file/u);
    } finally {
      child.kill();
    }
    const { background } = packageJson.contributes.problemMatchers[1] ?? {};
    const lines = out.split('\n');
    const matching = (pattern = ''): readonly string[] =>
      lines.filter((line) => new RegExp(pattern, 'u').test(line));
    expect(new Set(matching(background?.beginsPattern))).toEqual(new Set(['checking…']));
    const ends = matching(background?.endsPattern);
    expect(ends[0]).toBe('1 file checked, nothing to complain about');
    expect(ends.at(-1)).toMatch(/^1 error.* in 1 file$/u);
  });

  test('--watch misses no change that is made while its first result is read', async () => {
    const path = file('changed.pvpolicy', UNSAFE);
    // More than the pipe holds: it waits with the rest until that is read.
    const child = spawn(process.execPath, [cli, 'check', '--watch', '--json', ...Array(400).fill(path)]);
    child.stdout.setEncoding('utf8');
    try {
      await new Promise((resolve) => child.stdout.once('readable', resolve));
      writeFileSync(path, GOOD);
      let out = '';
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (text: string) => {
          out += text;
          if (out.includes('"diagnostics":[]')) resolve();
        });
      });
      expect(out.indexOf('"diagnostics":[]')).toBeGreaterThan(2 ** 18);
    } finally {
      child.kill();
    }
  });
});
