import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openTrace } from '../../server/src/trace/open.ts';
import { parseSidecar, sidecarPath } from '../../server/src/trace/sidecar.ts';
import { cli, pvpolicy, repository } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

const INSTANCES = '/sys/kernel/tracing/instances';
const canRecord = process.getuid?.() === 0 && existsSync(INSTANCES);
if (!canRecord) console.warn('skipped: recording needs root, and tracefs on /sys/kernel/tracing');

const ours = (): string[] => readdirSync(INSTANCES).filter((name) => name.startsWith('pvpolicy-'));

test('tells what it would do, and refuses what makes no sense', async () => {
  const dry = await pvpolicy(['record', '-o', join(folder, 'dry.dat'), '--dry-run']);
  expect(dry.status).toBe(0);
  expect(dry.out).toContain('echo 1 > events/sched/sched_switch/enable');
  expect(dry.out).toContain('dry.dat.sidecar.json');
  expect(existsSync(join(folder, 'dry.dat'))).toBe(false);
  for (const args of [[], ['-o', 'x', '--seconds', '0'], ['-o', 'x', '--size', 'much'], ['x', '-o', 'y']])
    expect((await pvpolicy(['record', ...args])).status).toBe(2);
});

test('records only what a policy needs', async () => {
  const policy = join(repository, 'examples/irq_boost.pvpolicy');
  const dry = await pvpolicy(['record', '-o', 'x.dat', '--dry-run', '--policy', policy]);
  expect(dry.out).toContain('events/kvm/kvm_entry/enable');
  const broken = await pvpolicy(['record', '-o', 'x.dat', '--dry-run', '--policy', '/nowhere.pvpolicy']);
  expect(broken.status).toBe(2);
});

describe.skipIf(!canRecord)('on this host', () => {
  // Others may record at the same time.
  const others = canRecord ? ours() : [];
  const left = (): string[] => ours().filter((name) => !others.includes(name));

  test('records a trace that can be read, with its sidecar, and leaves nothing behind', async () => {
    const before = readFileSync('/sys/kernel/tracing/set_event', 'utf8');
    const path = join(folder, 'short.dat');
    const result = await pvpolicy(['record', '-o', path, '--seconds', '0.4', '--json']);
    expect(result.status).toBe(0);
    expect(JSON.parse(result.out)).toMatchObject({ version: 1, trace: path, ended: 'time' });
    const opened = await openTrace(path);
    if (!opened.ok) throw new Error(opened.error.message);
    expect(opened.trace).toMatchObject({ format: 'trace.dat-v6', clock: 'mono', skipped: 0 });
    expect(opened.trace.counts.get('sched_switch')).toBeGreaterThan(0);
    const sidecar = parseSidecar(readFileSync(sidecarPath(path), 'utf8'));
    const own = sidecar?.threads.find(({ tid }) => tid === process.pid);
    expect(own).toMatchObject({ tgid: process.pid, policy: 'NORMAL' });
    expect(sidecar?.cpus.length).toBe(opened.trace.cpus);
    expect(left()).toEqual([]);
    expect(readFileSync('/sys/kernel/tracing/set_event', 'utf8')).toBe(before);
    expect(readdirSync(folder).toSorted()).toEqual(['short.dat', 'short.dat.sidecar.json']);
  });

  test('ends early, whole and clean, when it is told to', async () => {
    const path = join(folder, 'ended.dat');
    const child = spawn(process.execPath, [cli, 'record', '-o', path, '--seconds', '60']);
    const ended = new Promise((resolve) => child.once('close', resolve));
    while (!existsSync(`${path}.cpu0`)) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(existsSync(path)).toBe(true);
    expect(left()).toEqual([]);
  }, 30_000);

  test('leaves no tracing on where it is killed', async () => {
    const path = join(folder, 'killed.dat');
    const child = spawn(process.execPath, [cli, 'record', '-o', path, '--seconds', '60']);
    const ended = new Promise((resolve) => child.once('close', resolve));
    while (!existsSync(`${path}.cpu0`)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(left()).toHaveLength(1);
    child.kill('SIGKILL');
    await ended;
    for (let wait = 0; wait < 250 && left().length > 0; wait++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(left()).toEqual([]);
  }, 30_000);

  test('records what can be replayed and simulated', async () => {
    const path = join(folder, 'run.dat');
    const policy = join(folder, 'vm_share.pvpolicy');
    // Its scenario names VMs that are not on this host.
    const [text = ''] = readFileSync(join(repository, 'examples/vm_share.pvpolicy'), 'utf8').split(
      'scenario ',
    );
    writeFileSync(policy, text);
    expect((await pvpolicy(['record', '-o', path, '--seconds', '0.6'])).status).toBe(0);
    const run = await pvpolicy(['simulate', policy, '--trace', path, '--json']);
    const opened = await openTrace(path);
    if (!opened.ok) throw new Error(opened.error.message);
    const report = JSON.parse(run.out) as {
      trace: unknown;
      replay: { hooks: { fired: number }[] };
      whatif: unknown;
    };
    expect(report.trace).toMatchObject({ events: opened.trace.length, cpus: opened.trace.cpus });
    expect(report.replay.hooks.some(({ fired }) => fired > 0)).toBe(true);
    expect(report.whatif).not.toBe(null);
  }, 60_000);

  test('leaves nothing behind where the trace cannot be written', async () => {
    const result = await pvpolicy(['record', '-o', join(folder, 'no/such/folder.dat'), '--seconds', '1']);
    expect(result.status).toBe(2);
    expect(left()).toEqual([]);
  });
});
