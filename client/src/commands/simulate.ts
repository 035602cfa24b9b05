import { commands, workspace, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { ReportPanel } from '../report-panel.ts';
import type { Results } from '../results/results.ts';
import { setting } from '../settings.ts';
import type { Simulator } from '../simulation/simulator.ts';
import { targetPolicy, targetScenario } from '../target.ts';

/** Simulate: runs a policy over a trace; results appear beside its lines, and in a report. */
export function registerSimulate(simulator: Simulator, results: Results, panel: ReportPanel): Disposable[] {
  return [
    commands.registerCommand(COMMANDS.simulate, async (argument: unknown, scenario: unknown) => {
      const document = await targetPolicy(argument);
      if (!document) return;
      const result = await simulator.runWithQuestions(document, targetScenario(argument, scenario));
      if (result?.ok && result.pictures) panel.show(document, { ...result, pictures: result.pictures });
    }),
    workspace.onDidSaveTextDocument(async (document) => {
      const scenario = results.get(document)?.report.scenario;
      if (scenario !== undefined && setting<boolean>('simulate.onSave', document)) {
        const result = await simulator.run(document, scenario ?? undefined);
        // The report follows where it is open; it does not come back by itself.
        if (result?.ok && result.pictures && panel.shows(document))
          panel.show(document, { ...result, pictures: result.pictures });
      }
    }),
  ];
}
