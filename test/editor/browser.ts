// Starts and ends the browser that shows the windows.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endGroup } from './processes.ts';
import { found } from './screen.ts';

const flags =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
  '--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-port=0';

/** Starts Chromium with its profile in `profile`; gives the address at which it is driven. */
export async function startBrowser(
  chromium: string,
  profile: string,
): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const child = spawn(chromium, [...flags.split(' '), `--user-data-dir=${profile}`, 'about:blank'], {
    detached: true,
    stdio: 'ignore',
  });
  const stop = endGroup(child);
  const file = join(profile, 'DevToolsActivePort');
  try {
    const port = await found(
      () =>
        Promise.resolve(existsSync(file) ? /^\d+(?=\n)/u.exec(readFileSync(file, 'utf8'))?.[0] : undefined),
      () => 'the browser listens',
    );
    return { address: `http://127.0.0.1:${port}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
