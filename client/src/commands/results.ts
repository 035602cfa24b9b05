import { commands, ConfigurationTarget, window, workspace, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { Results } from '../results/results.ts';

/** Clear Simulation Results. */
export const registerClearResults = (results: Results): Disposable =>
  commands.registerCommand(COMMANDS.clearResults, () => results.clear());

/** Toggle Inline Results: in the user's settings, or in those that hold instead of them. */
export const registerToggleResults = (): Disposable =>
  commands.registerCommand(COMMANDS.toggleResults, () => {
    const settings = workspace.getConfiguration('pvpolicy', window.activeTextEditor?.document);
    const shown = settings.get<boolean>('results.enabled') === true;
    const { workspaceValue, workspaceFolderValue } = settings.inspect('results.enabled') ?? {};
    const target =
      workspaceFolderValue !== undefined
        ? ConfigurationTarget.WorkspaceFolder
        : workspaceValue !== undefined
          ? ConfigurationTarget.Workspace
          : ConfigurationTarget.Global;
    return settings.update('results.enabled', !shown, target);
  });
