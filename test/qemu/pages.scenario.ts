// Both ends of shared pages, on one machine: guest and host each fill their part of a file, and read the other's.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { buildPrograms } from './policy.ts';

const ready = (): { readonly clang: string; readonly bpftool: string } | undefined => {
  const [clang, bpftool] = [findClang(), onPath('bpftool')];
  const able = process.getuid?.() === 0 && existsSync('/sys/kernel/btf/vmlinux') && onPath('gcc', 'cc');
  return clang && bpftool && able ? { clang, bpftool } : undefined;
};

/** Bytes of a page of hints in the shared memory: `first` at 0, others, and the numbers of changes begun and done. */
const HINT = { seen: 8, torn: 16, second: 24, begun: 32, done: 36, size: 64 };
/** The same of one of feedback; they are behind those of hints. */
const FEEDBACK = { narrow: 96, second: 104, begun: 112, done: 116, size: 128 };
/** Pages of each kind. */
const CPUS = 1024;

lane('clang', 'a page that guest and host share, which needs root', ready, ({ clang, bpftool }) => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-pages-'));
  const children: ChildProcess[] = [];
  const memory = join(folder, 'memory');
  let [host, guest] = ['', ''];
  let vcpu = 0;

  beforeAll(async () => {
    [host = '', guest = ''] = await buildPrograms(join(import.meta.dirname, 'pages.pvpolicy'), clang, folder);
    // Its first thread is called as QEMU calls the first vCPU's, until it is told to be another, and back again.
    const child = spawn('bash', [
      '-c',
      'be() { printf "$1" >/proc/self/comm; }; trap "be other" USR1; trap "be CPU\\ 0/KVM" USR2; be "CPU 0/KVM"; while :; do read -t 1 <> <(:); done',
    ]);
    children.push(child);
    vcpu = child.pid ?? 0;
  });
  // Each time anew: a test that is tried again finds nothing of the time before.
  beforeEach(() => {
    const file = openSync(memory, 'w');
    ftruncateSync(file, CPUS * (HINT.size + FEEDBACK.size));
    closeSync(file);
  });
  afterEach(() => {
    for (const child of children.splice(1)) child.kill('SIGKILL');
  });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (program: string, args: readonly string[]): ChildProcess => {
    const child = spawn(program, [...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    return child;
  };

  const ask = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse((await promisify(execFile)(bpftool, ['-j', 'map', ...args])).stdout);

  /** What the host's programs would read now; undefined where the agent has not carried it yet. */
  async function hint(): Promise<readonly [first: bigint, second: bigint] | undefined> {
    const maps = (await ask('list')) as { id: number; name?: string; type: string }[];
    for (const { id } of maps.filter(({ name, type }) => name === 'hints' && type === 'hash')) {
      const entries = (await ask('dump', 'id', `${id}`).catch(() => [])) as {
        key: string[];
        value: string[];
      }[];
      const found = entries.find(({ key }) => bytes(key).readUInt32LE() === vcpu);
      if (!found) continue;
      const value = bytes(found.value);
      return [value.readBigUInt64LE(0), value.readBigUInt64LE(HINT.second)];
    }
    return undefined;
  }

  /** Waits until the host's programs would read this. */
  async function carried(...page: readonly [first: bigint, second: bigint]): Promise<void> {
    for (let i = 0; i < 50 && (await hint())?.join() !== page.join(); i++) await pause(100);
    expect(await hint()).toEqual(page);
  }

  /** A page as a guest may leave it. */
  function forge(first: bigint, second: bigint, begun: number, done: number): void {
    const page = Buffer.alloc(HINT.size);
    page.writeBigUInt64LE(first, 0);
    page.writeBigUInt64LE(second, HINT.second);
    page.writeUInt32LE(begun, HINT.begun);
    page.writeUInt32LE(done, HINT.done);
    const file = openSync(memory, 'r+');
    writeSync(file, page, 0, page.length, 0);
    closeSync(file);
  }

  /** Bytes of the shared memory, as they are at the moment. */
  function memoryAt(offset: number, size: number): Buffer {
    const page = Buffer.alloc(size);
    const file = openSync(memory, 'r');
    readSync(file, page, 0, size, offset);
    closeSync(file);
    return page;
  }

  /** What the guest's programs say of the pages of feedback that they saw: all, and those that were not whole. */
  function judged(): { readonly seen: bigint; readonly torn: bigint } {
    const pages = Array.from({ length: availableParallelism() }, (_, cpu) =>
      memoryAt(cpu * HINT.size, HINT.size),
    );
    const sum = (at: number): bigint => pages.reduce((total, page) => total + page.readBigUInt64LE(at), 0n);
    return { seen: sum(HINT.seen), torn: sum(HINT.torn) };
  }

  it('of feedback arrives, whole, though all CPUs write it at once, and no change is lost', async () => {
    // Every CPU writes, and reads, every few microseconds; more often there would be no moment to copy a page as a whole.
    for (let i = 0; i < availableParallelism(); i++) start('dd', ['if=/dev/zero', 'of=/dev/null', 'bs=64k']);
    const agent = start(host, ['--vcpu-names', '--pages', `${vcpu}=${memory}`]);
    const reader = start(guest, [memory, '1']);
    const shown = (): number => memoryAt(CPUS * HINT.size, FEEDBACK.size).readUInt32LE(FEEDBACK.done);
    for (let i = 0; i < 600 && (shown() < 3000 || judged().seen < 100_000n); i++) await pause(30);
    const { seen, torn } = judged();
    expect(seen).toBeGreaterThan(10_000n);
    expect(torn).toBe(0n);
    expect(shown()).toBeGreaterThan(300);
    for (const program of [agent, reader]) program.kill('SIGTERM');
    await Promise.all(
      [agent, reader].map((program) => new Promise((resolve) => program.once('close', resolve))),
    );
    const last = memoryAt(CPUS * HINT.size, FEEDBACK.size);
    expect(last.readBigUInt64LE(FEEDBACK.second)).toBe(last.readBigUInt64LE());
    expect(last.readUInt32LE(FEEDBACK.done)).toBe(last.readUInt32LE(FEEDBACK.begun));
  });

  it('of hints arrives, whole, and goes with the guest', async () => {
    const agent = start(host, ['--pages', `${vcpu}=${memory}`]);
    const filler = start(guest, [memory, '100']);
    const seen: (readonly [bigint, bigint])[] = [];
    for (let i = 0; i < 200 && seen.length < 50; i++) {
      await pause(30);
      const page = await hint();
      if (page) seen.push(page);
    }
    expect(new Set(seen.map(([first]) => first)).size).toBeGreaterThan(5);
    expect(seen.filter(([first, second]) => first !== second)).toEqual([]);

    filler.kill('SIGTERM');
    await new Promise((resolve) => filler.once('close', resolve));
    await carried(0n, 0n);

    // In the making for ever: the last whole page stays. Whole, whatever it says: that is what the policy has to bound.
    forge(1n, 2n, 7, 6);
    await pause(100);
    expect(await hint()).toEqual([0n, 0n]);
    forge(0xffff_ffff_ffff_ffffn, 3n, 9, 9);
    await carried(0xffff_ffff_ffff_ffffn, 3n);

    // What is no vCPU any more has no page, and the same one again when it is one again.
    process.kill(vcpu, 'SIGUSR1');
    for (let i = 0; i < 50 && (await hint()); i++) await pause(100);
    expect(await hint()).toBe(undefined);
    process.kill(vcpu, 'SIGUSR2');
    await carried(0xffff_ffff_ffff_ffffn, 3n);
    expect(agent.exitCode).toBe(null);
    agent.kill('SIGTERM');
    await new Promise((resolve) => agent.once('close', resolve));
    expect(agent.exitCode).toBe(0);
  });
});

const bytes = (list: readonly string[]): Buffer => Buffer.from(list.map(Number));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
