import { commands, type ExtensionContext } from 'vscode';
import { COMMANDS } from './commands.ts';
import { activateCompile } from './compile.ts';
import { PolicyClient } from './policy-client.ts';
import { activateSimulate } from './simulate.ts';
import { activateStatus } from './status.ts';

let client: PolicyClient | undefined;

/** Called by VS Code when the first policy is opened. */
export function activate(context: ExtensionContext): void {
  client = new PolicyClient(context);
  activateStatus(context, client);
  activateCompile(context, client);
  activateSimulate(context, client);
  const running = client;
  context.subscriptions.push(
    commands.registerCommand(COMMANDS.restart, () => running.restart()),
    commands.registerCommand(COMMANDS.showLog, () => running.log.show()),
  );
  void running.start();
}

/** Called by VS Code before it ends. */
export function deactivate(): Promise<void> | undefined {
  return client?.stop();
}
