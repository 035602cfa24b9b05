import { spawn } from 'node:child_process';

/**
 * What a shell does once its input ends, which is when this process does: tracing off, events off, the instance
 * removed. The kernel lets go of an instance only when the dead process's files are closed, so it asks again.
 */
const SCRIPT = `read -r _
for try in 1 2 3 4 5 6 7 8 9 10; do
  [ -d "$1" ] || exit 0
  { echo 0 > "$1/tracing_on"; echo > "$1/set_event"; rmdir "$1"; } 2>/dev/null && exit 0
  sleep 0.2
done`;

/**
 * Has the tracing instance `path` removed also where this process is killed and can do nothing any more; gives a
 * function that dismisses the guard. Where there is no shell there is none.
 */
export function guard(path: string): () => void {
  // In a session of its own: a signal for all processes of this one's group leaves it alone.
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'pvpolicy-guard', path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.once('error', () => undefined);
  child.stdin.once('error', () => undefined);
  child.unref();
  return () => {
    child.stdin.end();
  };
}
