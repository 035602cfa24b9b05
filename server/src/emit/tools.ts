import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What a program that was run left behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: Buffer;
  /** What it wrote to both outputs, as text. */
  readonly output: string;
  readonly timedOut: boolean;
}

/** Folders where Debian keeps tools of administrators, which a user's PATH may leave out. */
const SBIN = ['/usr/sbin', '/sbin'];

/** The full path of a program: itself if it is a path, else the first of that name in PATH or where administrators' tools are. */
export function locate(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SBIN];
  const candidates = /[\\/]/.test(name)
    ? [name]
    : folders.filter((folder) => folder !== '').map((folder) => join(folder, name));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a program for at most `timeout` ms; never throws. */
export function run(path: string, args: readonly string[], cwd: string, timeout: number): Promise<Ran> {
  return new Promise((resolve) => {
    const options = {
      ...{ cwd, timeout, maxBuffer: 64 * 1024 * 1024, encoding: 'buffer' as const },
      env: { ...process.env, LC_ALL: 'C' },
    };
    execFile(path, [...args], options, (error, stdout, stderr) => {
      const output = `${stdout.toString()}${stderr.toString()}`;
      if (error === null) return resolve({ code: 0, stdout, output, timedOut: false });
      const code = typeof error.code === 'number' ? error.code : 1;
      const text = output === '' ? error.message : output;
      resolve({ code, stdout, output: text, timedOut: error.killed === true });
    });
  });
}

/** Gives `work` a new folder, which is removed when it is done. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'pvpolicy-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
