import {
  commands,
  ProgressLocation,
  Uri,
  window,
  workspace,
  type CancellationToken,
  type ExtensionContext,
  type TextDocument,
} from 'vscode';
import type { SimulateResult } from '../../server/src/lsp/protocol.ts';
import { COMMANDS } from './commands.ts';
import { HitMarks } from './hit-marks.ts';
import type { PolicyClient } from './policy-client.ts';
import { ReportPanel } from './report-panel.ts';
import { targetPolicy } from './target.ts';

/** The command Simulate: runs a policy over a trace; shows hits beside its lines, and a report. */
export function activateSimulate(context: ExtensionContext, client: PolicyClient): void {
  const marks = new HitMarks();
  const panel = new ReportPanel();
  context.subscriptions.push(
    marks,
    panel,
    commands.registerCommand(COMMANDS.simulate, async (argument: unknown, scenario: unknown) => {
      const document = await targetPolicy(argument);
      if (!document) return;
      const named = typeof scenario === 'string' ? scenario : undefined;
      const result = await simulate(context, client, document, named);
      if (!result?.ok) return;
      marks.show(document, result.report);
      panel.show(document.uri, result.report, result.notes);
    }),
    commands.registerCommand(COMMANDS.clearResults, () => marks.clear()),
  );
}

/** Runs; asks for a trace where none is named or the named one is of no use. Undefined where the user gave up. */
async function simulate(
  context: ExtensionContext,
  client: PolicyClient,
  document: TextDocument,
  scenario: string | undefined,
): Promise<SimulateResult | undefined> {
  const uri = document.uri.toString();
  const remembered = `trace of ${uri} ${scenario ?? ''}`;
  const run = (trace: string | undefined): Thenable<SimulateResult> =>
    window.withProgress(
      { location: ProgressLocation.Notification, title: 'PV Policy', cancellable: true },
      (progress, token: CancellationToken) =>
        client.simulate({ uri, ...(scenario && { scenario }), ...(trace && { trace }) }, token, (message) =>
          progress.report({ message }),
        ),
    );
  try {
    const first = await run(context.workspaceState.get<string>(remembered));
    if (first.ok) return first;
    const trace = await askForTrace(document, first);
    if (trace === undefined) return undefined;
    const second = await run(trace);
    if (second.ok) await context.workspaceState.update(remembered, trace);
    else void window.showErrorMessage(`The policy was not simulated: ${second.message}`);
    return second;
  } catch (error) {
    // A cancelled request is what the user wanted; anything else is in the log already.
    client.log.debug('the simulation ended early', error);
    return undefined;
  }
}

/** Tells why there is no result, and lets the user pick a trace where that helps. */
async function askForTrace(
  document: TextDocument,
  failure: SimulateResult & { readonly ok: false },
): Promise<string | undefined> {
  const message = `The policy was not simulated: ${failure.message}`;
  if (failure.needsTrace !== true) {
    void window.showErrorMessage(message);
    return undefined;
  }
  const choose = 'Choose a Trace…';
  if ((await window.showWarningMessage(message, choose)) !== choose) return undefined;
  const folder = workspace.getWorkspaceFolder(document.uri)?.uri ?? Uri.joinPath(document.uri, '..');
  const [file] =
    (await window.showOpenDialog({ defaultUri: folder, openLabel: 'Simulate', title: 'A recorded trace' })) ??
    [];
  return file?.fsPath;
}
