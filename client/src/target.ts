import { Uri, window, workspace, type TextDocument } from 'vscode';

/**
 * The policy that a command is about: the one that a lens names by its URI, the one of the editor title that VS Code
 * hands over, else the one of the active editor. Undefined, with a word to the user, where there is none.
 */
export async function targetPolicy(argument: unknown): Promise<TextDocument | undefined> {
  const uri =
    typeof argument === 'string' ? Uri.parse(argument) : argument instanceof Uri ? argument : undefined;
  const document = uri ? await workspace.openTextDocument(uri) : window.activeTextEditor?.document;
  if (document?.languageId === 'pvpolicy') return document;
  void window.showInformationMessage('Open a .pvpolicy file first.');
  return undefined;
}
