import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallKernel } from '../support/kernel.ts';
import { pvpolicy } from './run.ts';

let folder: string;
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pvpolicy-kernel-'));
  writeFileSync(file('small.btf'), smallKernel().bytes());
  writeFileSync(file('vmlinux'), smallKernel().elf());
  writeFileSync(
    file('pause.pvpolicy'),
    'policy p for tracing\non tracepoint vendor:vendor_pause(p, c) { log "{p.pid} {vendor_load_of(p)}" }\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('kernel import', () => {
  test('writes a profile, and policies are held against it', async () => {
    const { status, err } = await pvpolicy(['kernel', 'import', file('small.btf'), '-o', file('small.json')]);
    expect([status, err]).toEqual([0, expect.stringContaining('2 tracepoints (lock facts of 1)')]);
    expect(JSON.parse(readFileSync(file('small.json'), 'utf8'))).toMatchObject({ version: 1, name: 'small' });
    for (const kernel of ['small.json', 'small.btf', 'vmlinux']) {
      const { status, out } = await pvpolicy(['check', '--kernel', file(kernel), file('pause.pvpolicy')]);
      expect([status, out]).toEqual([1, expect.stringContaining('PV4040')]);
    }
  });

  test('is what pvpolicy.json can name, beside itself, with what is known besides', async () => {
    await pvpolicy(['kernel', 'import', file('vmlinux'), '-o', file('small.json'), '--as', '6.18']);
    const config = {
      profile: './small.json',
      hooks: { 'vendor:vendor_pause': { locks: [], irqs: 'on' } },
      kfuncs: { vendor_load_of: { effects: [] } },
    };
    writeFileSync(file('pvpolicy.json'), JSON.stringify(config));
    expect(await pvpolicy(['check', file('pause.pvpolicy')])).toMatchObject({ status: 0, err: '' });
    rmSync(file('pvpolicy.json'));
  });

  test.each([
    [['kernel', 'import', 'package.json'], 'magic number'],
    [['kernel', 'import', 'package.json'], 'at byte 0'],
    [['kernel', 'import', 'nowhere'], 'no such file'],
    [['kernel', 'import', 'package.json', '--as', '5.15'], "'5.15'"],
    [['kernel', 'import', 'package.json', '-o', 'x', 'y'], "'y' is one operand too many"],
    [['kernel', 'diff', '6.12'], 'two profiles'],
    [['kernel', 'show', '--hook', 'sched_swich'], "did you mean 'sched_switch'?"],
    [['kernel', 'show', '--kfunc', 'scx_bpf_kick_cp'], "did you mean 'scx_bpf_kick_cpu'?"],
    [
      ['check', '--kernel', 'package.json', 'examples/irq_boost.pvpolicy'],
      "'pvpolicy kernel import' makes one",
    ],
  ])('%j is refused: %s', async (args, message) => {
    const { status, err } = await pvpolicy(args);
    expect([status, err]).toEqual([2, expect.stringContaining(message)]);
    expect(err).not.toContain(' at ');
  });

  test.skipIf(!existsSync('/sys/kernel/btf/vmlinux'))('reads the running kernel', async () => {
    const { status, out } = await pvpolicy(['kernel', 'import', '-o', file('running.json'), '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(out).tracepoints).toBeGreaterThan(500);
    const checked = await pvpolicy([
      'check',
      '--kernel',
      file('running.json'),
      'examples/irq_boost.pvpolicy',
    ]);
    expect(checked.err).toBe('');
  });
});

describe('kernel show', () => {
  test('--matrix has a line for each kind of call and says who is what', async () => {
    const { status, out } = await pvpolicy(['kernel', 'show', '--matrix', '6.12']);
    expect(status).toBe(0);
    expect(out).toMatch(/^calls +A +B/mu);
    expect(out).toMatch(/^A {2}sched:sched_switch/mu);
    expect(out).toMatch(/^01 {2}PV4001 {2}self-deadlock$/mu);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(130);
  });

  test('--matrix --json has every pair', async () => {
    const { hooks, calls } = JSON.parse(
      (await pvpolicy(['kernel', 'show', '--matrix', '7.3', '--json'])).out,
    );
    expect(hooks[0].calls).toHaveLength(calls.length);
    const found = hooks
      .find(({ hook }: { hook: string }) => hook === 'sched:sched_switch')
      .calls.find(({ call }: { call: string }) => call === 'scx_bpf_cpuperf_set');
    expect(found).toEqual({ call: 'scx_bpf_cpuperf_set', permission: 'deferred', why: 'PV4001' });
  });

  test('--hook and --kfunc show one entry', async () => {
    expect((await pvpolicy(['kernel', 'show', '--hook', 'op enqueue'])).out).toContain('on op enqueue(');
    expect((await pvpolicy(['kernel', 'show', '--kfunc', 'bpf_wq_start', '6.12'])).out).toContain(
      'wakes task',
    );
  });
});

test('kernel diff and show --matrix --against tell what changed', async () => {
  const { out } = await pvpolicy(['kernel', 'diff', '6.12', '7.3']);
  expect(out).toContain(
    'bpf_wq_start: deferred only (PV4003 wake-up under a scheduler lock) → allowed\n    sched:sched_switch',
  );
  expect(out).toContain('scx_bpf_cpuperf_set: allowed → deferred only (PV4001 self-deadlock)');
  expect((await pvpolicy(['kernel', 'show', '--matrix', '7.3', '--against', '6.12'])).out).toBe(out);
});
