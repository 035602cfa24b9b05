import { commands, window, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import { targetPolicy } from '../target.ts';
import type { Testing } from '../testing/controller.ts';

/** Test Scenarios: runs all scenarios of a policy as the Test Explorer does, and shows their results there. */
export const registerTestScenarios = (testing: Testing): Disposable =>
  commands.registerCommand(COMMANDS.testScenarios, async (argument: unknown) => {
    const document = await targetPolicy(argument);
    if (!document) return;
    const running = testing.run(document.uri);
    await commands.executeCommand('workbench.view.testing.focus');
    if (await running) await testing.reveal(document.uri);
    else void window.showInformationMessage('The policy has no scenario to test.');
    // The keys stay with the policy, so that one goes on where one was.
    await commands.executeCommand('workbench.action.focusActiveEditorGroup');
  });
