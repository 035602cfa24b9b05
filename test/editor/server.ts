// Starts and ends the editor's server, with everything that it writes below one temporary folder.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { EditorTools } from './tools.ts';

export interface EditorServer {
  readonly port: number;
  /** Where it keeps its data and the installed extension. */
  readonly folder: string;
  /** What the server printed so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Keeps pop-ups, network look-ups and other features out of the picture; colours follow the system's scheme. */
const userSettings: Readonly<Record<string, unknown>> = {
  'window.autoDetectColorScheme': true,
  'window.autoDetectHighContrast': true,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'window.commandCenter': false,
  'editor.minimap.enabled': false,
  'git.enabled': false,
  'files.autoSave': 'off',
  'security.workspace.trust.enabled': false,
};

/**
 * Starts the server on a free port of the loopback interface with one extension installed.
 * `folder` must be empty; `vsix` is the packaged extension. Throws with the server's log when it is not up in 30 s.
 */
export async function startServer(tools: EditorTools, folder: string, vsix: string): Promise<EditorServer> {
  const userData = join(folder, 'user-data');
  const settingsFile = join(userData, 'User/settings.json');
  const config = join(folder, 'config.yaml');
  const logFile = join(folder, 'server.log');
  mkdirSync(join(userData, 'User'), { recursive: true });
  writeFileSync(config, 'auth: none\n');
  writeFileSync(settingsFile, JSON.stringify(userSettings));

  const env = {
    ...process.env,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_CACHE_HOME: folder,
  };
  const places = [
    '--config',
    config,
    '--user-data-dir',
    userData,
    '--extensions-dir',
    join(folder, 'extensions'),
  ];
  await promisify(execFile)(tools.node, [tools.server, ...places, '--install-extension', vsix, '--force'], {
    env,
    timeout: 60_000,
  });

  const port = await freePort();
  const output = openSync(logFile, 'w');
  const child = spawn(
    tools.node,
    [tools.server, '--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, ...places].concat(
      '--disable-telemetry --disable-update-check --disable-workspace-trust --disable-getting-started-override'.split(
        ' ',
      ),
    ),
    { env, detached: true, stdio: ['ignore', output, output] },
  );
  const log = () => readFileSync(logFile, 'utf8');
  const atExit = () => signalGroup(child, 'SIGKILL');
  process.once('exit', atExit);

  const stop = async () => {
    process.off('exit', atExit);
    signalGroup(child, 'SIGTERM');
    for (let waited = 0; waited < 5_000 && isRunning(child); waited += 50) await sleep(50);
    signalGroup(child, 'SIGKILL');
  };
  try {
    await untilHealthy(child, port);
  } catch (error) {
    await stop();
    throw new Error(`the editor's server did not start; its log:\n${log()}`, { cause: error });
  }
  return {
    port,
    folder,
    log,
    stop,
  };
}

async function untilHealthy(child: ChildProcess, port: number): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 100) {
    if (!isRunning(child)) throw new Error(`ended with status ${child.exitCode}`);
    try {
      if ((await fetch(`http://127.0.0.1:${port}/healthz`)).ok) return;
    } catch {
      // Not listening yet.
    }
    await sleep(100);
  }
  throw new Error('not healthy in 30 s');
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** Signals the server and all that it started: it leads a process group of its own. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}
