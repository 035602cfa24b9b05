// Starts and ends the editor's server, with everything that it writes below one temporary folder.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { endGroup, isRunning } from './processes.ts';
import type { EditorTools } from './tools.ts';

/** Where a running server is. */
export interface EditorServer {
  readonly port: number;
  /** Where it keeps its data and the installed extension. */
  readonly folder: string;
}

/** Settings of the user or of a workspace. */
export type Settings = Readonly<Record<string, unknown>>;

/** The key of `keybindings`: puts a window back to where it began, but for what is unsaved. */
export const TIDY_KEY = 'Control+Alt+F8';

const keybindings = [
  {
    key: 'ctrl+alt+f8',
    command: 'runCommands',
    args: {
      commands: [
        'pvpolicy.clearResults',
        'workbench.action.terminal.killAll',
        'notifications.clearAll',
        'workbench.action.closePanel',
        'workbench.view.explorer',
        'workbench.files.action.collapseExplorerFolders',
        'workbench.action.closeAllGroups',
      ],
    },
  },
];

/** Programs that take the place of those of the machine. */
const bin = join(dirname(fileURLToPath(import.meta.url)), 'bin');

/** Keeps pop-ups, network look-ups and other features out of the picture; colours follow the system's scheme. */
const userSettings: Settings = {
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
  // Drawn as elements, whose text can be read.
  'terminal.integrated.gpuAcceleration': 'off',
  'terminal.integrated.env.linux': { PATH: `${bin}${delimiter}${process.env['PATH']}` },
  'terminal.integrated.commandsToSkipShell': ['runCommands'],
  'editor.minimap.enabled': false,
  'git.enabled': false,
  // The lane writes the workspace's settings there.
  'files.exclude': { '**/.vscode': true },
  'files.autoSave': 'off',
  'security.workspace.trust.enabled': false,
};

/** The user's settings, with `more` on top: windows that are opened later have them. */
export function writeUserSettings(folder: string, more: Settings = {}): void {
  const user = join(folder, 'user-data/User');
  mkdirSync(user, { recursive: true });
  writeFileSync(join(user, 'settings.json'), JSON.stringify({ ...userSettings, ...more }));
}

/**
 * Starts the server on a free port of the loopback interface with the packaged extensions `vsix` installed.
 * `folder` must be empty. Throws with the server's log when it is not up in 30 s.
 */
export async function startServer(
  tools: EditorTools,
  folder: string,
  vsix: readonly string[],
): Promise<EditorServer & { stop(): Promise<void> }> {
  const userData = join(folder, 'user-data');
  const config = join(folder, 'config.yaml');
  const logFile = join(folder, 'server.log');
  writeUserSettings(folder);
  writeFileSync(join(userData, 'User/keybindings.json'), JSON.stringify(keybindings));
  writeFileSync(config, 'auth: none\n');

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
  await promisify(execFile)(
    tools.node,
    [tools.server, ...places, ...vsix.flatMap((path) => ['--install-extension', path]), '--force'],
    {
      env,
      timeout: 60_000,
    },
  );

  const port = await freePort();
  const output = openSync(logFile, 'w');
  const child = spawn(
    tools.node,
    [tools.server, '--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, ...places].concat(
      '--disable-telemetry --disable-update-check --disable-getting-started-override'.split(' '),
    ),
    { env, detached: true, stdio: ['ignore', output, output] },
  );
  const stop = endGroup(child);
  try {
    await untilHealthy(child, port);
  } catch (error) {
    await stop();
    throw new Error(`the editor's server did not start; its log:\n${readFileSync(logFile, 'utf8')}`, {
      cause: error,
    });
  }
  return { port, folder, stop };
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
