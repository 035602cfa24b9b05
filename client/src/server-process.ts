import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { OPENING, type OpeningParams } from '../../server/src/lsp/protocol.ts';

export type ServerProcess = ChildProcess;

/** Beside the bundle of the extension: Node keeps there what it has compiled (from version 22.1 on), for the next start. */
const COMPILED = join(__dirname, 'compiled');

/** As much room as a start needs, so that nothing is copied around in it. */
const ROOM = ['--min-semi-space-size=16', '--max-semi-space-size=32'];

/** Starts the language server, which begins with what will be opened. */
export function forkServer(opening: OpeningParams): ServerProcess {
  const server = fork(join(__dirname, 'server.mjs'), ['--node-ipc', `--clientProcessId=${process.pid}`], {
    execArgv: ROOM,
    silent: true,
    // The editor's own program is Node where the first is set.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_COMPILE_CACHE: COMPILED },
  });
  server.send({ jsonrpc: '2.0', method: OPENING, params: opening });
  return server;
}

/** Ends a server that does not end when it is asked to; it is gone then. */
export const endServer = (server: ServerProcess): Promise<void> =>
  new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode !== null) return resolve();
    server.once('close', () => resolve());
    server.kill('SIGKILL');
  });
