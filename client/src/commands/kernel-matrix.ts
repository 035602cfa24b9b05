import { commands, ViewColumn, window, type Disposable, type Uri, type WebviewPanel } from 'vscode';
import { COMMANDS } from '../commands.ts';
import { kernelRows } from '../kernels.ts';
import type { PolicyClient } from '../policy-client.ts';
import { setting } from '../settings.ts';
import { matrixHtml } from '../views/matrix-html.ts';

/** Show Kernel Matrix: what each hook of a kernel may call, as a page beside the policy. */
export function registerKernelMatrix(client: PolicyClient, icon: Uri): Disposable {
  let panel: WebviewPanel | undefined;
  return commands.registerCommand(COMMANDS.kernelMatrix, async () => {
    const kernel = await pickKernel(client);
    const matrix = kernel === undefined ? null : await client.matrix(kernel);
    if (!matrix) return;
    const policy = window.activeTextEditor?.document;
    const outline =
      policy?.languageId === 'pvpolicy' ? await client.outline(policy.uri.toString()) : undefined;
    if (!panel) {
      panel = window.createWebviewPanel('pvpolicy.matrix', '', ViewColumn.Active, {
        enableScripts: false,
        enableFindWidget: true,
        localResourceRoots: [],
      });
      panel.onDidDispose(() => (panel = undefined));
    }
    panel.title = `Safety Matrix ${matrix.kernel}`;
    panel.iconPath = icon;
    panel.webview.html = matrixHtml(matrix, new Set(outline?.hooks.map(({ title }) => title)));
    panel.reveal();
  });
}

/** The selected profile, where it is one of ours; else the user picks. */
async function pickKernel(client: PolicyClient): Promise<string | undefined> {
  const kernels = await client.kernels();
  const selected = setting<string>('kernelProfile');
  if (kernels.includes(selected)) return selected;
  const chosen = await window.showQuickPick(kernelRows(kernels, selected), {
    title: 'Show Kernel Matrix',
    placeHolder: 'Which kernel?',
  });
  return chosen?.profile;
}
