import { commands, Uri, window, workspace, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { TraceChoices } from '../simulation/traces.ts';

const MOST = 100;

/** Simulate a Policy on This Trace: from the trace's side. The choice is kept as one from the policy's side is. */
export const registerSimulateOnTrace = (traces: TraceChoices): Disposable =>
  commands.registerCommand(COMMANDS.simulateOnTrace, async (trace: unknown) => {
    if (!(trace instanceof Uri) || trace.scheme !== 'file') return;
    const policy = await policyFor();
    if (!policy) return;
    const document = await workspace.openTextDocument(policy);
    await traces.set(document, undefined, trace.fsPath);
    await window.showTextDocument(document);
    await commands.executeCommand(COMMANDS.simulate, policy);
  });

/** The only policy of the workspace, or one that the user picks: the one in front comes first. */
async function policyFor(): Promise<Uri | undefined> {
  const active = window.activeTextEditor?.document;
  const front = active?.languageId === 'pvpolicy' ? active.uri : undefined;
  const found = await workspace.findFiles('**/*.pvpolicy', '**/{node_modules,.git}/**', MOST);
  const others = found
    .filter((uri) => uri.toString() !== front?.toString())
    .toSorted((a, b) => a.path.localeCompare(b.path));
  const all = [...(front ? [front] : []), ...others];
  if (all.length === 0) void window.showInformationMessage('There is no policy in this workspace.');
  if (all.length < 2) return all[0];
  const items = all.map((uri) => ({ label: `$(file-code) ${workspace.asRelativePath(uri)}`, uri }));
  return (await window.showQuickPick(items, { title: 'Simulate which policy on this trace?' }))?.uri;
}
