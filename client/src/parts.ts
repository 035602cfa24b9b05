import { Uri, type ExtensionContext } from 'vscode';
import { cliOf } from './cli.ts';
import { registerChooseTrace } from './commands/choose-trace.ts';
import { registerCompile } from './commands/compile.ts';
import { registerExplainLog } from './commands/explain-log.ts';
import { registerGoToCounterpart } from './commands/go-to-counterpart.ts';
import { registerKernelMatrix } from './commands/kernel-matrix.ts';
import { registerKernelProfile } from './commands/kernel-profile.ts';
import { registerNewPolicy } from './commands/new-policy.ts';
import { registerOpenSample } from './commands/open-sample.ts';
import { registerResetParam, registerSetParam } from './commands/params.ts';
import { registerRecordTrace } from './commands/record-trace.ts';
import { registerClearResults, registerToggleResults } from './commands/results.ts';
import { registerRestart, registerShowLog } from './commands/server.ts';
import { registerSimulateOnTrace } from './commands/simulate-on-trace.ts';
import { registerSimulate } from './commands/simulate.ts';
import { registerTestScenarios } from './commands/test-scenarios.ts';
import { Follow } from './compiled/follow.ts';
import { GeneratedFiles } from './compiled/generated.ts';
import { tellPolicyInFront } from './in-front.ts';
import type { PolicyClient } from './policy-client.ts';
import { ReportPanel } from './report-panel.ts';
import { registerResultHover } from './results/hover.ts';
import { InlineResults } from './results/inline.ts';
import { Results } from './results/results.ts';
import { ParamValues } from './simulation/param-values.ts';
import { Simulator } from './simulation/simulator.ts';
import { TraceChoices } from './simulation/traces.ts';
import { activateStatus } from './status.ts';
import { registerTasks } from './tasks/provider.ts';
import { activateTesting } from './testing/controller.ts';
import { registerPolicyView } from './views/policy-view.ts';

/** Makes the parts of the extension and joins them. */
export function assemble(context: ExtensionContext, client: PolicyClient): void {
  const results = new Results();
  const values = new ParamValues(context.workspaceState);
  const traces = new TraceChoices(context.workspaceState);
  const simulator = new Simulator({ client, results, values, traces });
  const icon = Uri.joinPath(context.extensionUri, 'client/icons/pvpolicy.svg');
  const panel = new ReportPanel(context.extensionUri, icon);
  const generated = new GeneratedFiles();
  const follow = new Follow(generated);
  const testing = activateTesting(client, simulator);
  const cli = cliOf(context);
  activateStatus(context, client);
  context.subscriptions.push(
    client,
    results,
    panel,
    follow,
    testing,
    tellPolicyInFront(),
    new InlineResults(results),
    registerResultHover(results),
    ...registerPolicyView({ client, results, values }),
    ...registerCompile(client, generated, follow),
    registerGoToCounterpart(follow),
    ...registerSimulate(simulator, results, panel),
    registerChooseTrace(simulator),
    registerSimulateOnTrace(traces),
    registerTestScenarios(testing),
    ...registerExplainLog(client),
    registerRecordTrace(cli),
    registerKernelMatrix(client, icon),
    registerKernelProfile(client),
    registerNewPolicy(client),
    ...registerOpenSample(context),
    registerSetParam({ client, results, values, simulator }),
    registerResetParam({ client, results, values, simulator }),
    registerToggleResults(),
    registerClearResults(results),
    registerTasks(cli),
    registerRestart(client),
    registerShowLog(client),
  );
}
