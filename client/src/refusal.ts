import { commands, DiagnosticSeverity, languages, Uri, window, workspace, type TextDocument } from 'vscode';
import { nameOf } from './settings.ts';

/** A text about a policy with its files named as they are in the workspace; outside of one, as the policy names them. */
export function withShortPaths(policy: Uri, text: string): string {
  const folder = workspace.getWorkspaceFolder(policy)?.uri ?? Uri.joinPath(policy, '..');
  return text.replaceAll(`${folder.fsPath}/`, '').replaceAll(`${folder.fsPath}\\`, '');
}

/** What is said where a policy was not `done`, such as compiled. */
export const refusal = ({ uri }: TextDocument, done: string, why: string): string =>
  `${nameOf(uri.path)} was not ${done}: ${withShortPaths(uri, why)}`;

/** Says it, and leads to the problems of the policy where it has some. */
export async function tellRefusal(document: TextDocument, done: string, why: string): Promise<void> {
  const show = hasErrors(document.uri) ? ['Show Problems'] : [];
  if ((await window.showErrorMessage(refusal(document, done, why), ...show)) !== undefined)
    await commands.executeCommand('workbench.actions.view.problems');
}

export const hasErrors = (policy: Uri): boolean =>
  languages.getDiagnostics(policy).some(({ severity }) => severity === DiagnosticSeverity.Error);
