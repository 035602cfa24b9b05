import {
  CancellationTokenSource,
  commands,
  TestRunProfileKind,
  TestRunRequest,
  tests,
  workspace,
  type Disposable,
  type TestItem,
  type Uri,
} from 'vscode';
import type { PolicyClient } from '../policy-client.ts';
import type { Simulator } from '../simulation/simulator.ts';
import type { ReportCoverage } from './coverage.ts';
import { detailsOf, runScenarios, type RunParts } from './run.ts';
import { ScenarioTests } from './scenarios.ts';

const EXCLUDED = '**/{node_modules,.git,out,dist}/**';
/** Policies that are looked into. */
const MOST = 500;

/** The scenarios of the workspace's policies in the Test Explorer. */
export interface Testing extends Disposable {
  /** Runs those of one policy; false where it has none. */
  run(policy: Uri): Promise<boolean>;
  /** Brings the expectations of a policy's first scenario into view, in the Test Explorer. */
  reveal(policy: Uri): Promise<void>;
}

export function activateTesting(client: PolicyClient, simulator: Simulator): Testing {
  const controller = tests.createTestController('pvpolicy', 'PV Policy');
  const scenarios = new ScenarioTests(controller);
  const look = async (uri: Uri): Promise<void> => scenarios.update(uri, await client.outline(uri.toString()));
  const discover = async (): Promise<void> => {
    for (const uri of await workspace.findFiles('**/*.pvpolicy', EXCLUDED, MOST)) await look(uri);
  };
  const resolve = (item: TestItem | undefined): Promise<void> => (item?.uri ? look(item.uri) : discover());
  controller.resolveHandler = resolve;
  controller.refreshHandler = async () => {
    controller.items.replace([]);
    await discover();
  };
  const parts: RunParts = { controller, tests: scenarios, simulator, resolve };
  const runs = controller.createRunProfile(
    'Run',
    TestRunProfileKind.Run,
    (request, token) => runScenarios(parts, request, token, false),
    true,
  );
  const covered = controller.createRunProfile(
    'Run with Coverage',
    TestRunProfileKind.Coverage,
    (request, token) => runScenarios(parts, request, token, true),
    true,
  );
  covered.loadDetailedCoverage = (run, coverage) =>
    detailsOf(run, coverage as ReportCoverage).then((all) => [...all]);
  const watcher = workspace.createFileSystemWatcher('**/*.pvpolicy', false, true, false);
  const parents: Disposable[] = [
    controller,
    runs,
    covered,
    watcher,
    workspace.onDidChangeWorkspaceFolders(() => scenarios.relabel()),
    watcher.onDidCreate(look),
    watcher.onDidDelete((uri) => scenarios.update(uri, undefined)),
    client.onDidCheck((uri) => {
      if (uri.path.endsWith('.pvpolicy') || uri.scheme === 'untitled') void look(uri);
    }),
  ];
  return {
    dispose: () => parents.forEach((one) => one.dispose()),
    async run(policy) {
      await look(policy);
      const item = scenarios.of(policy);
      if (!item) return false;
      await runScenarios(
        parts,
        new TestRunRequest([item], undefined, runs, false, false),
        new CancellationTokenSource().token,
        false,
      );
      return true;
    },
    async reveal(policy) {
      const first = (item: TestItem | undefined): TestItem | undefined =>
        item && [...item.children].map(([, child]) => child)[0];
      const scenario = first(scenarios.of(policy));
      const item = first(scenario) ?? scenario;
      if (item) await commands.executeCommand('vscode.revealTestInExplorer', item);
    },
  };
}
