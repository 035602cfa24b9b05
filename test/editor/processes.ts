// What runs on the machine, and what it wrote.
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const isRunning = (child: ChildProcess): boolean =>
  child.exitCode === null && child.signalCode === null;

/** Gives what ends a process that leads a group of its own, and all that it started; it ends with this process, too. */
export function endGroup(child: ChildProcess): () => Promise<void> {
  const atExit = () => signalGroup(child, 'SIGKILL');
  process.once('exit', atExit);
  return async () => {
    process.off('exit', atExit);
    signalGroup(child, 'SIGTERM');
    for (let waited = 0; waited < 5_000 && isRunning(child); waited += 50) await sleep(50);
    signalGroup(child, 'SIGKILL');
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended.
  }
}

/** The ids of the processes that run the language server of the extension installed below `folder`. */
export function languageServers(folder: string): readonly string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.filter((id) => {
    const line = commandLine(id);
    return line.includes(folder) && line.includes('--clientProcessId');
  });
}

/** Sends a signal to all of them. */
export function signalLanguageServers(folder: string, signal: 'SIGKILL' | 'SIGSTOP'): void {
  const servers = languageServers(folder);
  if (servers.length === 0) throw new Error('no language server is running');
  for (const id of servers) process.kill(Number(id), signal);
}

/** Empty for a process that has ended since it was listed. */
function commandLine(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** The newest log that the extension wrote below `folder`; '' while there is none. */
export function newestLog(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('PV Policy.log'))
    .map((name) => join(folder, name))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return files[0] === undefined ? '' : readFileSync(files[0], 'utf8');
}
