import { commands, workspace, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { ReportPanel } from '../report-panel.ts';
import type { Results } from '../results/results.ts';
import { setting } from '../settings.ts';
import type { Simulator } from '../simulation/simulator.ts';
import { targetPolicy, targetScenario } from '../target.ts';

/**
 * Simulate: runs a policy over a trace; results appear beside its lines, and in a report. Show Simulation Report: opens the
 * last one again, or makes one.
 */
export function registerSimulate(simulator: Simulator, results: Results, panel: ReportPanel): Disposable[] {
  return [
    commands.registerCommand(COMMANDS.simulate, async (argument: unknown, scenario: unknown) => {
      const document = await targetPolicy(argument);
      if (!document) return;
      const result = await simulator.runWithQuestions(document, targetScenario(argument, scenario));
      if (result?.ok) panel.show(document, result);
    }),
    commands.registerCommand(COMMANDS.showReport, async (argument: unknown) => {
      const document = await targetPolicy(argument);
      // One that is older than the text is not what was asked for.
      if (!document || (results.get(document)?.stale === false && panel.again(document))) return;
      const result = await simulator.runWithQuestions(document, undefined, true);
      if (result?.ok) panel.show(document, result);
    }),
    workspace.onDidSaveTextDocument(async (document) => {
      const scenario = results.get(document)?.report.scenario;
      if (scenario !== undefined && setting<boolean>('simulate.onSave', document)) {
        await simulator.run(document, scenario ?? undefined);
      }
    }),
    // It follows where it is open, and does not come back by itself.
    simulator.onDidRun(({ document, result }) => panel.follow(document, result)),
  ];
}
