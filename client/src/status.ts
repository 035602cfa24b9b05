import { MarkdownString, StatusBarAlignment, window, type ExtensionContext } from 'vscode';
import { COMMANDS } from './commands.ts';
import { policyInFront } from './in-front.ts';
import { kernelName } from './kernels.ts';
import type { PolicyClient, ServerState } from './policy-client.ts';

/** An item in the status bar while a policy is in front: is the server there, and which kernel is the policy held against. */
export function activateStatus(context: ExtensionContext, client: PolicyClient): void {
  const item = window.createStatusBarItem('pvpolicy.status', StatusBarAlignment.Right, 100);
  item.name = 'PV Policy: Kernel';
  let { state } = client;
  let kernel = '';
  const show = (): void => {
    const stopped = state === 'stopped';
    const words = stopped ? 'PV Policy stopped' : kernel === '' ? 'Kernel' : kernelName(kernel);
    item.text = `${ICON[state]} ${words}`;
    item.tooltip = tooltipOf(state, kernel);
    item.command = stopped ? COMMANDS.restart : COMMANDS.kernelProfile;
    item.accessibilityInformation = { label: `${words}, ${TOOLTIP[state]}` };
    if (policyInFront()) item.show();
    else item.hide();
  };
  const ask = async (): Promise<void> => {
    const policy = policyInFront();
    const outline = policy && state === 'running' ? await client.outline(policy.uri.toString()) : undefined;
    if (outline) kernel = outline.kernel;
    show();
  };
  context.subscriptions.push(
    item,
    client.onDidChangeState((next) => {
      state = next;
      void ask();
    }),
    client.onDidCheck((uri) => {
      if (uri.toString() === policyInFront()?.uri.toString()) void ask();
    }),
    window.onDidChangeActiveTextEditor(() => void ask()),
  );
  void ask();
}

function tooltipOf(state: ServerState, kernel: string): MarkdownString {
  const held = state === 'running' && kernel !== '' ? `, and held against ${kernelName(kernel)}` : '';
  const markdown = new MarkdownString(
    `${TOOLTIP[state]}${held}.\n\n` +
      `[Select kernel profile](command:${COMMANDS.kernelProfile}) · ` +
      `[Safety matrix](command:${COMMANDS.kernelMatrix}) · [Log](command:${COMMANDS.showLog})`,
  );
  markdown.isTrusted = { enabledCommands: [COMMANDS.kernelProfile, COMMANDS.kernelMatrix, COMMANDS.showLog] };
  return markdown;
}

const ICON: Readonly<Record<ServerState, string>> = {
  starting: '$(loading~spin)',
  running: '$(shield)',
  stopped: '$(error)',
};

const TOOLTIP: Readonly<Record<ServerState, string>> = {
  starting: 'The language server is starting',
  running: 'Policies are checked as you type',
  stopped: 'The language server is not running; click to start it again',
};
