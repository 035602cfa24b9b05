import {
  commands,
  ConfigurationTarget,
  QuickPickItemKind,
  window,
  workspace,
  type Disposable,
  type QuickPickItem,
} from 'vscode';
import { COMMANDS } from '../commands.ts';
import { kernelRows } from '../kernels.ts';
import type { PolicyClient } from '../policy-client.ts';
import { setting } from '../settings.ts';

/**
 * Select Kernel Profile: which kernel policies are held against, in the settings of the workspace; in one that is not trusted,
 * whose own do not hold, in the user's.
 */
export const registerKernelProfile = (client: PolicyClient): Disposable =>
  commands.registerCommand(COMMANDS.kernelProfile, async () => {
    const current = setting<string>('kernelProfile');
    const profile = await pickKernel(client, current);
    if (profile === undefined || profile === current) return;
    const settings = workspace.getConfiguration('pvpolicy');
    const inWorkspace = workspace.workspaceFolders !== undefined && workspace.isTrusted;
    const target = inWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global;
    // None in the workspace leaves it to the user's settings, which may name one.
    const users = inWorkspace && settings.inspect<string>('kernelProfile')?.globalValue;
    await settings.update('kernelProfile', profile || (users ? '' : undefined), target);
  });

interface Choice extends QuickPickItem {
  /** Absent: a file is to be chosen. */
  readonly profile?: string;
}

async function pickKernel(client: PolicyClient, current: string): Promise<string | undefined> {
  const items: Choice[] = [
    {
      label: 'Every supported kernel',
      description: 'or what pvpolicy.json says',
      profile: '',
      picked: current === '',
    },
    { label: 'Kernels', kind: QuickPickItemKind.Separator },
    ...kernelRows(await client.kernels(), current),
    { label: '', kind: QuickPickItemKind.Separator },
    {
      label: "$(folder-opened) A kernel's own BTF…",
      detail: 'A copy of /sys/kernel/btf/vmlinux, or what `pvpolicy kernel import` wrote',
    },
  ];
  const chosen = await window.showQuickPick(items, {
    title: 'Select Kernel Profile',
    placeHolder: 'The kernel that policies are held against',
  });
  if (!chosen) return undefined;
  if (chosen.profile !== undefined) return chosen.profile;
  const [file] = (await window.showOpenDialog({ openLabel: 'Use', title: "A kernel's BTF" })) ?? [];
  return file?.fsPath;
}
