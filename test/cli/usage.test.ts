import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { cli, pvpolicy, repository } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-usage-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('usage', () => {
  test('--help lists every command, and each has a help of its own', async () => {
    const { status, out } = await pvpolicy(['--help']);
    expect(status).toBe(0);
    const commands = [...out.matchAll(/^ {2}(\w+) {2,}\S/gmu)].map(([, name = '']) => name);
    expect(commands).toEqual([
      'new',
      'check',
      'explain',
      'fmt',
      'compile',
      'simulate',
      'sweep',
      'test',
      'trace',
      'record',
      'kernel',
      'lsp',
    ]);
    for (const command of commands) {
      const help = await pvpolicy([command, '--help']);
      expect([help.status, help.err]).toEqual([0, '']);
      expect(help.out).toContain(`Usage: pvpolicy ${command} `);
      expect(help.out).toContain('--kernel PROFILE|BTF-FILE');
    }
  });

  test('--version tells the version of the package', async () => {
    expect((await pvpolicy(['--version'])).out).toBe(`pvpolicy ${packageJson.version}\n`);
    expect((await pvpolicy(['check', '--version'])).out).toBe(`pvpolicy ${packageJson.version}\n`);
  });

  test.each([
    [[], 'Usage:'],
    [['chek', 'x'], "no command 'chek'; did you mean 'check'?"],
    [['frobnicate'], "no command 'frobnicate' (see pvpolicy --help)"],
    [['check'], 'which policies?'],
    [['check', '--frob', 'x'], "Unknown option '--frob'"],
    [['check', '--format', 'xml', 'x'], "--format is one of text, json, sarif, github, junit, not 'xml'"],
    [['check', '--fail-level', 'toString', 'x'], '--fail-level is one of'],
    [['check', '--watch', '-'], 'standard input cannot be watched'],
    [['check', '--watch', 'nowhere/x.pvpolicy'], 'nowhere: cannot be watched: no such file'],
    [['--kernel', '5.15', 'check', 'examples/irq_boost.pvpolicy'], "no kernel profile '5.15'"],
    [
      ['check', '--config', 'nowhere.json', 'examples/irq_boost.pvpolicy'],
      'nowhere.json: cannot be read: no such file',
    ],
    [['fmt'], 'which policies?'],
    [['fmt', 'nowhere.pvpolicy'], 'nowhere.pvpolicy: cannot be read: no such file'],
    [['explain'], 'which diagnostic?'],
    [['explain', 'PV9999'], "no diagnostic has the code 'PV9999'"],
    [['explain', 'toString'], "no diagnostic has the code 'TOSTRING'"],
    [['compile'], 'which policy?'],
    [['compile', 'examples/irq_boost.pvpolicy'], '-o'],
    [['compile', 'nowhere.pvpolicy', '-o', 'out'], 'nowhere.pvpolicy: cannot be read: no such file'],
    [['compile', 'examples/irq_boost.pvpolicy', '-o', '/proc/none/such'], 'cannot be written: no such file'],
    [['compile', 'examples/irq_boost.pvpolicy', '-o', 'package.json'], 'not a directory'],
    [['test', 'examples/irq_boost.pvpolicy', '--scenario', 'none_such'], "no scenario 'none_such'"],
    [['compile', 'a.pvpolicy', 'b.pvpolicy', '-o', 'out'], 'one policy at a time'],
    [['simulate'], 'which policy?'],
    [['simulate', 'nowhere.pvpolicy'], 'nowhere.pvpolicy: cannot be read: no such file'],
    [['simulate', 'examples/irq_boost.pvpolicy', '--mode', 'dream'], '--mode is one of'],
    [['simulate', 'examples/irq_boost.pvpolicy', '--agent-delay', '2ms..1ms'], '--agent-delay is FROM..TO'],
    [
      ['simulate', 'examples/irq_boost.pvpolicy', '--sweep', 'boost_prio=9..1'],
      'the range of boost_prio is empty',
    ],
    [
      ['simulate', 'examples/irq_boost.pvpolicy', '--sweep', 'boost_prio=1..2', '--shard', '2/2'],
      '--shard is I/N',
    ],
    [['simulate', 'examples/irq_boost.pvpolicy', '--shard', '0/2'], '--shard is of a sweep'],
    [
      ['simulate', 'examples/irq_boost.pvpolicy', '--sweep', 'boost_prio=1..2', '-o', 'x.html'],
      '--output is of one run',
    ],
    [['sweep', 'merge'], 'which results?'],
    [['sweep', 'merge', 'package.json'], 'it is no result of simulate --sweep'],
    [['simulate', 'examples/irq_boost.pvpolicy', '--scenario', 'none_such'], 'none_such'],
    [['simulate', 'examples/irq_boost.pvpolicy', '--trace', 'nowhere.txt'], 'nowhere.txt'],
    [['simulate', 'examples/irq_boost.pvpolicy', '--param', 'boost_prio'], '--param'],
    [['simulate', 'examples/irq_boost.pvpolicy', '--param', 'none_such=3'], 'none_such'],
    [['trace'], 'trace info'],
    [['trace', 'frob', 'x'], "no 'trace frob'"],
    [['trace', 'info'], 'which trace?'],
    [['trace', 'info', 'nowhere.txt'], 'nowhere.txt'],
    [['trace', 'convert', 'nowhere.txt'], 'Name it with -o'],
    [['trace', 'info', 'nowhere.txt', '-o', 'x'], 'trace info takes no --output'],
    [['trace', 'events', 'nowhere.txt', '-o', 'x'], 'trace events takes no --output'],
    [['kernel', 'list', '--matrix'], 'kernel list takes no --matrix'],
    [['record'], 'which file is to be written?'],
    [['trace', 'info', '.'], 'holds no trace'],
    [['kernel'], 'kernel list'],
    [['kernel', 'show', '5.15'], "no kernel profile '5.15'"],
    [['lsp'], '--stdio'],
  ])('%j ends with status 2', async (args: string[], said) => {
    const { status, out, err } = await pvpolicy(args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain(said);
    expect(err).not.toMatch(/\n\s+at /u);
  });

  test('a wrong pvpolicy.json ends with status 2 and says where it is wrong', async () => {
    const config = file('wrong.json', '{\n  "profil": "7.3"\n}\n');
    const { status, err } = await pvpolicy(['check', '--config', config, 'examples/irq_boost.pvpolicy']);
    expect(status).toBe(2);
    expect(err).toContain(`${config}: 2:3: PV8004 there is no setting 'profil'`);
  });

  test('with --json what stops the run is JSON too', async () => {
    const { status, out } = await pvpolicy(['compile', 'nowhere.pvpolicy', '-o', folder, '--json']);
    expect(status).toBe(2);
    expect(JSON.parse(out)).toEqual({
      version: 1,
      error: { message: 'cannot be read: no such file', file: 'nowhere.pvpolicy' },
    });
  });

  test('a bug ends with status 3, says so, and shows its stack only when asked', async () => {
    // Breaks what every command needs, as a bug would.
    const broken = file(
      'broken.cjs',
      `TextDecoder.prototype.decode = () => { throw new TypeError('out of order'); };`,
    );
    const run = (env: Readonly<Record<string, string>>) =>
      pvpolicy(['check', 'examples/irq_boost.pvpolicy'], {
        env: { NODE_OPTIONS: `--require=${broken}`, ...env },
      });
    const plain = await run({});
    expect([plain.status, plain.out]).toEqual([3, '']);
    expect(plain.err).toContain(`a bug of pvpolicy ${packageJson.version}`);
    expect(plain.err).toContain('out of order');
    expect(plain.err).not.toMatch(/\n\s+at /u);
    expect((await run({ PVPOLICY_DEBUG: '1' })).err).toMatch(/\n\s+at /u);
  });

  test('a reader that leaves early is no error', async () => {
    const child = spawn(process.execPath, [cli, 'kernel', 'show', '7.3'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.stdout.once('data', () => child.stdout.destroy());
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect({ status, err }).toEqual({ status: 0, err: '' });
  });

  test('colour is where it is asked for, and nowhere else', async () => {
    const escape = '\u001b[';
    expect((await pvpolicy(['--help'])).out).not.toContain(escape);
    expect((await pvpolicy(['--help', '--color'])).out).toContain(escape);
  });
});

describe('explain', () => {
  test('prints the page of a code, in any case of letters', async () => {
    const { status, out } = await pvpolicy(['explain', 'pv8004']);
    expect(status).toBe(0);
    expect(out).toMatch(/^# PV8004: unknown setting\n/u);
  });

  test('--json has page, title and severity', async () => {
    const { out } = await pvpolicy(['explain', 'PV8004', '--json']);
    expect(JSON.parse(out)).toMatchObject({ code: 'PV8004', severity: 'error', title: 'unknown setting' });
  });

  test('- tells what a log of a failed load means for the policy', async () => {
    const input = readFileSync(join(repository, 'test/fixtures/verifier/7.3-xsleep.log'));
    const { status, out } = await pvpolicy(['explain', '-'], { input });
    expect(status).toBe(0);
    expect(out).toMatch(/^brokenx\.pvpolicy:7: the program brokenx_enqueue was refused\n/u);
    expect(out).toContain('does not allow scx_bpf_create_dsq() in this kind of program');
    const { out: asJson } = await pvpolicy(['explain', '-', '--json'], { input });
    expect(JSON.parse(asJson)).toMatchObject({
      version: 1,
      findings: [{ file: 'brokenx.pvpolicy', line: 7, remedy: 'policy', exact: true }],
    });
  });

  test('- says so where nothing was refused, and where there is no log', async () => {
    const loaded = 'processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1\n';
    const fine = await pvpolicy(['explain', '-'], { input: loaded });
    expect(fine).toMatchObject({ status: 0, out: '' });
    expect(fine.err).toContain('no refusal in this log');
    for (const input of [new Uint8Array([0, 255, 10, 254]), 'all went well\n', '']) {
      const none = await pvpolicy(['explain', '-'], { input });
      expect(none).toMatchObject({ status: 2, out: '' });
      expect(none.err).toContain('this is no log');
    }
    expect((await pvpolicy(['explain', '-', 'no/such.pvpolicy'])).status).toBe(2);
  });
});

describe('kernel', () => {
  test('list names each profile once', async () => {
    const { status, out } = await pvpolicy(['kernel', 'list', '--json']);
    expect(status).toBe(0);
    const { profiles } = JSON.parse(out);
    expect(profiles.map(({ profile }: { profile: string }) => profile)).toEqual(
      expect.arrayContaining(['6.12', '7.3', 'pvsched-rfc-v2']),
    );
    expect((await pvpolicy(['kernel', 'list'])).out.trimEnd().split('\n')).toHaveLength(profiles.length + 1);
  });

  test('show tells hooks and calls of one kernel', async () => {
    const { out } = await pvpolicy(['kernel', 'show', '7.3']);
    expect(out).toMatch(/^sched:sched_switch +preempt: bool, prev: task/mu);
    expect(out).toMatch(/^scx_bpf_kick_cpu +kfunc/mu);
    const old = JSON.parse((await pvpolicy(['kernel', 'show', 'pvsched-rfc-v2', '--json'])).out);
    expect(old.hooks.map(({ hook }: { hook: string }) => hook)).toContain('pvsched vmexit');
  });
});

describe('record', () => {
  test('--dry-run tells the steps, with --json as one document', async () => {
    const args = ['record', '-o', join(folder, 'a.dat'), '--dry-run'];
    const { out } = await pvpolicy(args);
    const { version, steps } = JSON.parse((await pvpolicy([...args, '--json'])).out);
    expect(version).toBe(1);
    expect(`${steps.join('\n')}\n`).toBe(out);
  });
});

describe('trace', () => {
  test('converts for Perfetto what it then reads again', async () => {
    const path = join(folder, 'a.pftrace');
    const from = join(repository, 'examples/traces/eevdf-3vm.trace.gz');
    const converted = await pvpolicy(['trace', 'convert', from, '--to', 'perfetto', '-o', path]);
    expect(converted).toMatchObject({ status: 0, out: '', err: '' });
    const told = await pvpolicy(['trace', 'convert', from, '-o', join(folder, 'a.txt'), '--json']);
    expect(JSON.parse(told.out)).toEqual({ version: 1, trace: join(folder, 'a.txt') });
    const info = async (of: string) =>
      JSON.parse((await pvpolicy(['trace', 'info', of, '--json'])).out) as Record<string, unknown>;
    const [before, after] = [await info(from), await info(path)];
    expect(after).toEqual({ ...before, format: 'perfetto', clock: 'boot' });
  });
});
