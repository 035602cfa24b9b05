import { commands, ConfigurationTarget, workspace, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { Results } from '../results/results.ts';

/** Clear Simulation Results. */
export const registerClearResults = (results: Results): Disposable =>
  commands.registerCommand(COMMANDS.clearResults, () => results.clear());

/** Toggle Inline Results: the one switch, in the user's settings. */
export const registerToggleResults = (): Disposable =>
  commands.registerCommand(COMMANDS.toggleResults, () => {
    const settings = workspace.getConfiguration('pvpolicy');
    const shown = settings.get<boolean>('results.enabled') === true;
    return settings.update('results.enabled', !shown, ConfigurationTarget.Global);
  });
