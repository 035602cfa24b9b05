// Both ends of a shared page, on one machine: the guest's programs fill a file, the host's agent reads it.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, ftruncateSync, mkdtempSync, openSync, closeSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { buildPrograms } from './policy.ts';

const ready = (): { readonly clang: string; readonly bpftool: string } | undefined => {
  const [clang, bpftool] = [findClang(), onPath('bpftool')];
  const able = process.getuid?.() === 0 && existsSync('/sys/kernel/btf/vmlinux') && onPath('gcc', 'cc');
  return clang && bpftool && able ? { clang, bpftool } : undefined;
};

/** Bytes of a page in the shared memory: `first`, `second`, and the numbers of changes begun and done. */
const PAGE = { begun: 16, done: 20, size: 64 };

lane('clang', 'a page that guest and host share, which needs root', ready, ({ clang, bpftool }) => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-pages-'));
  const children: ChildProcess[] = [];
  const memory = join(folder, 'memory');
  let [host, guest] = ['', ''];
  let vcpu = 0;

  beforeAll(async () => {
    [host = '', guest = ''] = await buildPrograms(join(import.meta.dirname, 'pages.pvpolicy'), clang, folder);
    const file = openSync(memory, 'w');
    ftruncateSync(file, 1024 * PAGE.size);
    closeSync(file);
    // Its first thread is called as QEMU calls the first vCPU's.
    const child = spawn('bash', [
      '-c',
      'printf "CPU 0/KVM" >/proc/self/comm; while :; do read -t 1 <> <(:); done',
    ]);
    children.push(child);
    vcpu = child.pid ?? 0;
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
      return [value.readBigUInt64LE(0), value.readBigUInt64LE(8)];
    }
    return undefined;
  }

  /** A page as a guest may leave it. */
  function forge(first: bigint, second: bigint, begun: number, done: number): void {
    const page = Buffer.alloc(24);
    page.writeBigUInt64LE(first, 0);
    page.writeBigUInt64LE(second, 8);
    page.writeUInt32LE(begun, PAGE.begun);
    page.writeUInt32LE(done, PAGE.done);
    const file = openSync(memory, 'r+');
    writeSync(file, page, 0, page.length, 0);
    closeSync(file);
  }

  it('arrives, whole, and goes with the guest', async () => {
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
    await pause(100);
    expect(await hint()).toEqual([0n, 0n]);

    // In the making for ever: the last whole page stays. Whole, whatever it says: that is what the policy has to bound.
    forge(1n, 2n, 7, 6);
    await pause(100);
    expect(await hint()).toEqual([0n, 0n]);
    forge(0xffff_ffff_ffff_ffffn, 3n, 9, 9);
    await pause(100);
    expect(await hint()).toEqual([0xffff_ffff_ffff_ffffn, 3n]);
    expect(agent.exitCode).toBe(null);
    agent.kill('SIGTERM');
    await new Promise((resolve) => agent.once('close', resolve));
    expect(agent.exitCode).toBe(0);
  });
});

const bytes = (list: readonly string[]): Buffer => Buffer.from(list.map(Number));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
