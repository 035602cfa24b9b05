// Runs the built command line as a shell does.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const cli = join(repository, 'dist/cli.cjs');

export interface Result {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `pvpolicy` with `args`; gives its exit status and what it wrote. */
export function pvpolicy(args: readonly string[], options?: RunOptions): Promise<Result> {
  return start(args, options).ended;
}

/** Starts `pvpolicy` with `args`; `ended` is its exit status and what it wrote. */
export function start(
  args: readonly string[],
  { input, cwd, env }: RunOptions = {},
): { readonly child: ChildProcess; readonly ended: Promise<Result> } {
  if (!existsSync(cli)) throw new Error('dist/cli.cjs is missing: npm run build');
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: cwd ?? repository,
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  const ended = new Promise<Result>((resolve, reject) => {
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, out, err }));
    // A child that does not read its input may be gone before all of it is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
  return { child, ended };
}
