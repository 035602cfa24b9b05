// This machine's own kernel: every policy for stock kernels in its verifier, and the agent at work on a real thread.
import { execFile, execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { buildPrograms, compileUnchecked, examplesFor } from './policy.ts';
import { buildLoader, vmToolsPresent } from './vm.ts';

/** Loading needs root and a kernel that tells its types. */
const ready = (): string | undefined =>
  vmToolsPresent() && onPath('bpftool') && process.getuid?.() === 0 && existsSync('/sys/kernel/btf/vmlinux')
    ? findClang()
    : undefined;

lane('qemu', "this machine's kernel, which needs root", ready, (clang) => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-host-'));
  const loader = buildLoader(folder);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(examplesFor('tracing').map((path) => ({ name: basename(path), path })))(
    'accepts $name',
    ({ path }) => {
      const object = compileUnchecked(path, folder);
      const { stdout, stderr } = spawnSync(loader, [object, '0', 'verify'], { encoding: 'utf8' });
      expect(stdout, stderr.slice(-3000)).toContain('"ok":true');
    },
  );

  it('runs a tracing policy under load and lets go of it', () => {
    const object = compileUnchecked(join(import.meta.dirname, '../../examples/spin_guard.pvpolicy'), folder);
    const { stdout } = spawnSync(loader, [object, '2'], { encoding: 'utf8' });
    expect(stdout).toContain('RESULT {"ok":true,"stage":"run"');
  });

  it('takes threads for vCPUs by their names only where it is told that names are enough', async () => {
    const policy = join(import.meta.dirname, '../../examples/gallery/07_latency_class_agent.pvpolicy');
    const [agent = ''] = await buildPrograms(policy, clang, folder);
    const named = spawn('bash', ['-c', 'printf "CPU 3/KVM" >/proc/self/comm; while :; do :; done']);
    const pid = named.pid ?? 0;
    try {
      const report = (...options: readonly string[]): string =>
        execFileSync(agent, ['--class-of', `${pid}=1`, '--json', '--seconds', '2', ...options], {
          encoding: 'utf8',
        });
      expect(report()).not.toContain('"reniced"');
      expect(report('--vcpu-names')).toContain(`"per":"vm","id":${pid},"reniced":1`);
    } finally {
      named.kill('SIGKILL');
    }
  });

  describe('a boost by the agent', () => {
    const children: ChildProcess[] = [];
    const victim = join(folder, 'victim');
    let agent = '';

    beforeAll(async () => {
      execFileSync('gcc', ['-O2', '-Wall', '-o', victim, join(import.meta.dirname, 'victim.c')]);
      [agent = ''] = await buildPrograms(join(import.meta.dirname, 'wake_boost.pvpolicy'), clang, folder);
    });
    afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

    /** How late the victim woke, us; what else runs meanwhile is `during`'s. */
    async function latencies(during: (pid: number) => Promise<void>): Promise<Latencies> {
      const child = execFile(victim, ['3', '4']);
      children.push(child);
      let text = '';
      child.stdout?.on('data', (part: string) => (text += part));
      const closed = new Promise((resolve) => child.once('close', resolve));
      await during(child.pid ?? 0);
      await closed;
      return JSON.parse(text) as Latencies;
    }

    const startAgent = (): ChildProcess => {
      const child = spawn(agent, ['--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      return child;
    };

    it('makes a thread under load wake at once, and ends with the agent', async () => {
      const before = await latencies(async () => undefined);
      expect(before.policy).toBe(0);
      const running = startAgent();
      let report = '';
      running.stdout?.on('data', (part: string) => (report += part));
      const seen: number[] = [];
      const boosted = await latencies(async (pid) => {
        for (let i = 0; i < 20; i++) {
          await pause(100);
          seen.push(policyOf(pid));
        }
      });
      console.info(
        `wake-up latency of a thread beside four that never sleep, us:\n` +
          `  before      p50 ${before.p50}, p99 ${before.p99}, max ${before.max}\n` +
          `  with boost  p50 ${boosted.p50}, p99 ${boosted.p99}, max ${boosted.max}`,
      );
      // SCHED_FIFO.
      expect(seen).toContain(1);
      running.kill('SIGTERM');
      await new Promise((resolve) => running.once('close', resolve));
      expect(JSON.parse(report)).toMatchObject({ policy: 'wake_boost' });
    });

    it('is undone when the agent is killed', async () => {
      const running = startAgent();
      let after = -1;
      await latencies(async (pid) => {
        for (let i = 0; i < 30 && policyOf(pid) !== 1; i++) await pause(50);
        expect(policyOf(pid)).toBe(1);
        running.kill('SIGKILL');
        for (let i = 0; i < 20 && after !== 0; i++) {
          await pause(50);
          after = policyOf(pid);
        }
      });
      expect(after).toBe(0);
    });

    it('leaves nothing in the kernel', async () => {
      const { stdout } = await promisify(execFile)(onPath('bpftool') ?? '', ['map', 'list']);
      expect(stdout).not.toContain('wake_boo');
    });
  });
});

interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly policy: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Field 41 of /proc/PID/stat: 1 is SCHED_FIFO. */
const policyOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[38]);
};
