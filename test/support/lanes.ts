// Tests that need tools which a checkout does not bring (a BPF compiler, an editor) run as lanes: they run
// where the tools are, are skipped with a word on how to get them on a user's machine, and fail in CI.
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';

/** The lanes that test/provision.sh can install. */
export type Lane = 'clang' | 'editor' | 'emacs' | 'neovim' | 'qemu' | 'traces';

/** Where test/provision.sh puts what it installs from npm. */
export const lanesFolder = process.env['PVPOLICY_LANES'] ?? join(homedir(), '.cache', 'pvpolicy-lanes');

const inCi = process.env['CI'] !== undefined && process.env['CI'] !== 'false';

/**
 * Finds a program: the full path of the first of the given names that some folder of PATH (or one where
 * Debian puts administration tools) holds, or undefined.
 */
export function onPath(...names: readonly string[]): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (folder !== '' && isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** The newest clang that the clang lane may use. The emitted C needs 16 or later, so plain `clang` comes last. */
export function findClang(): string | undefined {
  return onPath('clang-19', 'clang-22', 'clang-21', 'clang-20', 'clang-18', 'clang-17', 'clang-16', 'clang');
}

/**
 * Declares tests that need a lane's tools.
 *
 * `probe` answers what the tests need (a path, a set of paths) or undefined where it is missing. Where it
 * answers, `body` is run inside a `describe(title)` with the answer. Where it does not, the lane is one skipped test
 * that says what to run, or, in CI, one failing test: there nothing may go missing unseen.
 */
export function lane<Tools>(
  name: Lane,
  title: string,
  probe: () => Tools | undefined,
  body: (tools: Tools) => void,
): void {
  const tools = probe();
  if (tools !== undefined) {
    describe(title, () => body(tools));
    return;
  }
  const advice = `${title}: tools missing, run test/provision.sh ${name}`;
  if (inCi) {
    test(advice, () => {
      throw new Error(advice);
    });
  } else {
    console.warn(advice);
    test.skip(advice, () => undefined);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
