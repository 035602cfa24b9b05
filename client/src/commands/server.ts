import { commands, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { PolicyClient } from '../policy-client.ts';

/** Restart Language Server. */
export const registerRestart = (client: PolicyClient): Disposable =>
  commands.registerCommand(COMMANDS.restart, () => client.restart());

/** Show Log. */
export const registerShowLog = (client: PolicyClient): Disposable =>
  commands.registerCommand(COMMANDS.showLog, () => client.log.show());
