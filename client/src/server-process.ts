import { fork, type ChildProcess } from 'node:child_process';

export type ServerProcess = ChildProcess;

/**
 * Starts the language server. `module` is its file; in the folder `cache` Node keeps what it has compiled of it (from
 * version 22.1 on), which makes the next start faster.
 */
export function forkServer(module: string, cache: string): ServerProcess {
  return fork(module, ['--node-ipc', `--clientProcessId=${process.pid}`], {
    execArgv: [],
    silent: true,
    // The editor's own program is Node where the first is set.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_COMPILE_CACHE: cache },
  });
}
