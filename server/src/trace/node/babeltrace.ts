import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { TraceResult } from '../columns.ts';
import { CtfReader, PRETTY } from '../ctf.ts';

/** Without a line for so long it hangs, ms. */
const LONGEST_SILENCE = 60_000;
/** Characters of its messages that are kept. */
const MOST_MESSAGES = 64 * 1024;
const MISSING =
  'is a CTF trace, which is read with babeltrace2: install it (Debian, Ubuntu: apt install babeltrace2), or record with trace-cmd or perf';

/**
 * Reads the CTF trace in the folder `path` through the command babeltrace2, whose lines, in the order of time, are read as
 * they come; about `most` events of them.
 */
export function readCtf(path: string, most = Infinity, command = 'babeltrace2'): Promise<TraceResult> {
  const reader = new CtfReader();
  return new Promise((done) => {
    // A path from the root is no option and no address.
    const child = spawn(command, [...PRETTY, resolve(path)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let messages = '';
    let silent = false;
    let enough = false;
    const timer = setTimeout(() => {
      silent = true;
      child.kill('SIGKILL');
    }, LONGEST_SILENCE);
    child.stdout.on('data', (chunk: Uint8Array) => {
      timer.refresh();
      if (enough) return;
      reader.push(chunk);
      enough = reader.events >= most;
      if (enough) child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk: Uint8Array) => {
      if (messages.length < MOST_MESSAGES) messages += String(chunk);
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      const missing = 'code' in error && error.code === 'ENOENT';
      done(refused(missing ? MISSING : `babeltrace2 cannot be run: ${error.message}`));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      for (const [, events] of messages.matchAll(/discarded (\d{1,15}) events?/g))
        reader.lost(Number(events));
      if (enough) done(withMore(reader.finish()));
      else if (silent) done(reader.finish('babeltrace2 said nothing more and was ended'));
      else done(reader.finish(code === 0 ? undefined : `babeltrace2 broke off: ${reasonIn(messages)}`));
    });
  });
}

const withMore = (result: TraceResult): TraceResult => (result.ok ? { ...result, more: true } : result);

/** The last line that tells a cause, without its place in the source. */
function reasonIn(messages: string): string {
  const lines = messages.split('\n').filter((line) => /error|cannot|fail|invalid/i.test(line));
  return (lines.at(0) ?? 'it gave no reason').replace(/^.*?\]\s*/, '').slice(0, 200);
}

function refused(message: string): TraceResult {
  return { ok: false, error: { message, line: undefined, offset: undefined } };
}
