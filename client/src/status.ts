import { StatusBarAlignment, window, workspace, type ExtensionContext } from 'vscode';
import { COMMANDS } from './commands.ts';
import type { PolicyClient, ServerState } from './policy-client.ts';

/** An item in the status bar while a policy is in front: is the server there, and which kernel is meant. */
export function activateStatus(context: ExtensionContext, client: PolicyClient): void {
  const item = window.createStatusBarItem('pvpolicy.status', StatusBarAlignment.Right, 100);
  item.name = 'PV Policy';
  let state: ServerState = 'starting';
  const show = (): void => {
    const profile = workspace.getConfiguration('pvpolicy').get<string>('kernelProfile');
    const kernel = profile ? ` (${profile})` : '';
    item.text = `${ICON[state]} PV Policy${kernel}`;
    item.tooltip = TOOLTIP[state];
    item.command = state === 'stopped' ? COMMANDS.restart : COMMANDS.showLog;
    if (window.activeTextEditor?.document.languageId === 'pvpolicy') item.show();
    else item.hide();
  };
  context.subscriptions.push(
    item,
    client.onDidChangeState((next) => {
      state = next;
      show();
    }),
    window.onDidChangeActiveTextEditor(show),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('pvpolicy')) show();
    }),
  );
  show();
}

const ICON: Readonly<Record<ServerState, string>> = {
  starting: '$(loading~spin)',
  running: '$(shield)',
  stopped: '$(error)',
};

const TOOLTIP: Readonly<Record<ServerState, string>> = {
  starting: 'The language server is starting',
  running: 'Policies are being checked. Click for the log',
  stopped: 'The language server is not running. Click to start it again',
};
