import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { openTrace } from '../../server/src/trace/open.ts';
import { parseSidecar, sidecarPath } from '../../server/src/trace/sidecar.ts';
import { lane } from '../support/lanes.ts';
import { pvpolicy, repository, start } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

const INSTANCES = '/sys/kernel/tracing/instances';
const canRecord = (): true | undefined =>
  process.getuid?.() === 0 && existsSync(INSTANCES) ? true : undefined;

/** Is there a tracing instance of this process? Others may record at the same time. */
const traces = ({ pid }: ChildProcess): boolean => existsSync(join(INSTANCES, `pvpolicy-${pid}`));

/** Waits until it has begun to record to `path`; throws where it ends instead. */
async function recording(child: ChildProcess, path: string): Promise<void> {
  while (!existsSync(`${path}.cpu0`)) {
    if (child.exitCode !== null) throw new Error(`it ended with status ${child.exitCode}`);
    await sleep(20);
  }
  expect(traces(child)).toBe(true);
}

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

lane('traces', 'a recording of this host, which needs root and tracefs', canRecord, () => {
  test('records a trace that can be read, with its sidecar, and leaves nothing behind', async () => {
    const before = readFileSync('/sys/kernel/tracing/set_event', 'utf8');
    const path = join(folder, 'short.dat');
    const { child, ended } = start(['record', '-o', path, '--seconds', '0.4', '--json']);
    const result = await ended;
    expect(result.status).toBe(0);
    expect(traces(child)).toBe(false);
    expect(JSON.parse(result.out)).toMatchObject({ version: 1, trace: path, ended: 'time' });
    const opened = await openTrace(path);
    if (!opened.ok) throw new Error(opened.error.message);
    expect(opened.trace).toMatchObject({ format: 'trace.dat-v6', clock: 'mono', skipped: 0 });
    expect(opened.trace.counts.get('sched_switch')).toBeGreaterThan(0);
    const sidecar = parseSidecar(readFileSync(sidecarPath(path), 'utf8'));
    const own = sidecar?.threads.find(({ tid }) => tid === process.pid);
    expect(own).toMatchObject({ tgid: process.pid, policy: 'NORMAL' });
    expect(sidecar?.cpus.length).toBe(opened.trace.cpus);
    expect(readFileSync('/sys/kernel/tracing/set_event', 'utf8')).toBe(before);
    expect(readdirSync(folder).toSorted()).toEqual(['short.dat', 'short.dat.sidecar.json']);
  });

  test('ends early, whole and clean, when it is told to', async () => {
    const path = join(folder, 'ended.dat');
    const { child, ended } = start(['record', '-o', path, '--seconds', '600']);
    await recording(child, path);
    child.kill('SIGTERM');
    expect((await ended).status).toBe(0);
    expect(existsSync(path)).toBe(true);
    expect(traces(child)).toBe(false);
  });

  test('leaves no tracing on where it is killed', async () => {
    const path = join(folder, 'killed.dat');
    const { child, ended } = start(['record', '-o', path, '--seconds', '600']);
    await recording(child, path);
    child.kill('SIGKILL');
    await ended;
    for (let wait = 0; wait < 1000 && traces(child); wait++) await sleep(20);
    expect(traces(child)).toBe(false);
  });

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
  });

  test('leaves nothing behind where the trace cannot be written', async () => {
    const { child, ended } = start(['record', '-o', join(folder, 'no/such/folder.dat'), '--seconds', '1']);
    expect((await ended).status).toBe(2);
    expect(traces(child)).toBe(false);
  });
});
