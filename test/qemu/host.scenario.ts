// This machine's own kernel: every policy for stock kernels in its verifier, and the agent at work on a real thread.
import {
  execFile,
  execFileSync,
  spawn,
  spawnSync,
  type ChildProcess,
  type SpawnSyncReturns,
} from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { textOf } from './leftovers.ts';
import { buildPrograms, compileUnchecked, examplesFor } from './policy.ts';
import { buildLoader, buildStatic, vmToolsPresent } from './vm.ts';

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

  it('has a VM once in the list, and no state of one that has gone', async () => {
    const [agent = ''] = await buildPrograms(join(import.meta.dirname, 'vm_rounds.pvpolicy'), clang, folder);
    const meet = buildStatic(join(import.meta.dirname, 'meet.c'), folder);
    const running = spawn(agent, ['--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let report = '';
    running.stdout?.on('data', (part: string) => (report += part));
    const vms = [1, 2].map(() => spawn(process.execPath, ['-e', 'setInterval(() => {}, 5)']));
    const [first, second] = vms.map(({ pid = 0 }) => pid) as [number, number];
    try {
      // Threads of a process, which the runtime has several of.
      const [a, b, ...more] = await until(() => {
        const threads = readdirSync(`/proc/${second}/task`);
        return threads.length > 3 && spawnSync(meet, []).status === 0 ? threads : undefined;
      });
      execFileSync(meet, [`${first}`, `${a}`]);
      vms[0]?.kill('SIGKILL');
      // The place of the first VM is free, and comes before that of the second.
      await until(() => (statesOf(running, 'vms').includes(first) ? undefined : true));
      execFileSync(meet, [`${b}`, ...more]);
      await pause(300);
      vms[1]?.kill('SIGKILL');
      await until(() => (existsSync(`/proc/${second}`) ? undefined : true));
      for (const map of ['vms', 'listed'])
        await until(() => (statesOf(running, map).length === 0 ? true : undefined));
    } finally {
      for (const vm of vms) vm.kill('SIGKILL');
      running.kill('SIGTERM');
      await new Promise((resolve) => running.once('close', resolve));
    }
    const { stats } = JSON.parse(report) as { stats: { id: number; rounds?: number; visits?: number }[] };
    const visits = stats.find(({ id }) => id === second)?.visits ?? 0;
    expect(visits).toBeGreaterThan(20);
    expect(visits).toBeLessThanOrEqual(stats.find(({ rounds }) => rounds !== undefined)?.rounds ?? 0);
  });

  it('changes tunables of a policy that runs, and nothing else', async () => {
    const [agent = ''] = await buildPrograms(join(import.meta.dirname, 'tuned.pvpolicy'), clang, folder);
    const again = (...options: readonly string[]): SpawnSyncReturns<string> =>
      spawnSync(agent, ['--running', ...options], { encoding: 'utf8' });
    expect(again('--step', '5').stderr).toContain('tuned does not run');
    const running = spawn(agent, ['--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let report = '';
    running.stdout?.on('data', (part: string) => (report += part));
    try {
      await until(() => (again('--step', '1').status === 0 ? true : undefined));
      await pause(200);
      expect(again('--fixed', '2').stderr).toContain('--fixed cannot change while the policy runs');
      expect(again('--step', '1001').stderr).toContain('out of range');
      expect(again('--step', '1000', '--more', 'true', '--where', '1023').status).toBe(0);
      await pause(300);
    } finally {
      running.kill('SIGTERM');
      await new Promise((resolve) => running.once('close', resolve));
    }
    const [{ rounds = 0, total = 0, elsewhere = 0, truths = 0 } = {}] = (
      JSON.parse(report) as { stats: Record<string, number>[] }
    ).stats;
    expect(truths).toBeGreaterThan(10);
    expect(rounds).toBeGreaterThan(truths + 10);
    // A round may come while the three are being stored.
    const torn = total - (rounds + 999 * truths);
    expect([0, 999]).toContain(torn);
    expect([truths, truths + 1]).toContain(elsewhere);
  });

  describe('a boost by the agent', () => {
    const children: ChildProcess[] = [];
    const victim = join(folder, 'victim');
    let agent = '';

    beforeAll(async () => {
      execFileSync('gcc', ['-O2', '-Wall', '-o', victim, join(import.meta.dirname, 'victim.c')]);
      [agent = ''] = await buildPrograms(join(import.meta.dirname, 'wake_boost.pvpolicy'), clang, folder);
    });
    // An agent of a test that failed would boost in the next.
    afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

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

    /** The agent, with what it has loaded. */
    const startAgent = async (): Promise<ChildProcess> => {
      const child = spawn(agent, ['--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      await until(() => (mapsOf(child).length > 0 ? true : undefined));
      return child;
    };

    it('makes a thread under load wake at once, and ends with the agent', async () => {
      const before = await latencies(async () => undefined);
      expect(before.policy).toBe(0);
      const running = await startAgent();
      let report = '';
      running.stdout?.on('data', (part: string) => (report += part));
      const seen: number[] = [];
      let capabilities = '';
      const boosted = await latencies(async (pid) => {
        for (let i = 0; i < 20; i++) {
          await pause(100);
          seen.push(policyOf(pid));
        }
        capabilities =
          /^CapPrm:\s*(\w+)$/m.exec(readFileSync(`/proc/${running.pid}/status`, 'utf8'))?.[1] ?? '';
      });
      console.info(
        `wake-up latency of a thread beside four that never sleep, us:\n` +
          `  before      p50 ${before.p50}, p99 ${before.p99}, max ${before.max}\n` +
          `  with boost  p50 ${boosted.p50}, p99 ${boosted.p99}, max ${boosted.max}`,
      );
      // SCHED_FIFO.
      expect(seen).toContain(1);
      // CAP_BPF, CAP_SYS_NICE, CAP_IPC_LOCK: what loading needed besides is given up.
      expect(BigInt(`0x${capabilities}`)).toBe((1n << 39n) | (1n << 23n) | (1n << 14n));
      running.kill('SIGTERM');
      await new Promise((resolve) => running.once('close', resolve));
      expect(JSON.parse(report)).toMatchObject({ policy: 'wake_boost' });
    });

    it('is undone when the agent is killed', async () => {
      const running = await startAgent();
      let after = -1;
      await latencies(async (pid) => {
        for (let i = 0; i < 50 && policyOf(pid) !== 1; i++) await pause(50);
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
      await until(() => (maps().some(({ name = '' }) => name.startsWith('wake_boo')) ? undefined : true));
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

/** What `look` gives, once that is something; it is asked for at most ten seconds. */
async function until<T>(look: () => T | undefined): Promise<T> {
  for (let i = 0; i < 200; i++) {
    const found = look();
    if (found !== undefined) return found;
    await pause(50);
  }
  throw new Error('waited in vain');
}

const askMaps = (...args: readonly string[]): unknown =>
  JSON.parse(execFileSync(onPath('bpftool') ?? '', ['-j', 'map', ...args], { encoding: 'utf8' }));

const maps = (): readonly { readonly id: number; readonly name?: string }[] =>
  askMaps('list') as { id: number; name?: string }[];

/** The ids of the BPF maps that a process has. */
const mapsOf = ({ pid }: ChildProcess): readonly number[] =>
  readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    const [, id] = /^map_id:\s+(\d+)$/m.exec(textOf(`/proc/${pid}/fdinfo/${fd}`)) ?? [];
    return id === undefined ? [] : Number(id);
  });

/** Keys of the BPF map of this name that an agent has, which are ids of processes. */
function statesOf(agent: ChildProcess, map: string): readonly number[] {
  const own = mapsOf(agent);
  const id = maps().find((one) => one.name === map && own.includes(one.id))?.id;
  const entries = askMaps('dump', 'id', `${id}`) as { formatted: { key: number } }[];
  return entries.map(({ formatted }) => formatted.key);
}

/** Field 41 of /proc/PID/stat: 1 is SCHED_FIFO. */
const policyOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[38]);
};
