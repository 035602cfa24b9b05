import { commands, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { Simulator } from '../simulation/simulator.ts';
import { targetPolicy, targetScenario } from '../target.ts';

/** Simulate on Another Trace: remembers the choice for this policy and runs. */
export const registerChooseTrace = (simulator: Simulator): Disposable =>
  commands.registerCommand(COMMANDS.chooseTrace, async (argument: unknown, scenario: unknown) => {
    const document = await targetPolicy(argument);
    if (!document) return;
    const named = targetScenario(argument, scenario);
    if (await simulator.chooseTrace(document, named))
      await commands.executeCommand(COMMANDS.simulate, document.uri, named);
  });
