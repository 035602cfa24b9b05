import { Uri, window, workspace, type TextDocument } from 'vscode';

/**
 * The policy that a command is about: the one that a lens names by its URI, the one of the editor title that VS Code
 * hands over, the one of a row of a view, else the one of the active editor. Undefined, with a word to the user, where
 * there is none.
 */
export async function targetPolicy(argument: unknown): Promise<TextDocument | undefined> {
  const uri = uriOf(argument);
  const document = uri ? await workspace.openTextDocument(uri) : window.activeTextEditor?.document;
  if (document?.languageId === 'pvpolicy') return document;
  void window.showInformationMessage('Open a .pvpolicy file first.');
  return undefined;
}

function uriOf(argument: unknown): Uri | undefined {
  if (typeof argument === 'string') return Uri.parse(argument);
  if (argument instanceof Uri) return argument;
  return isRow(argument) ? argument.policy : undefined;
}

/** The scenario that a lens names, or that a row of a view stands for; undefined: the policy's first. */
export function targetScenario(argument: unknown, scenario: unknown): string | undefined {
  if (isRow(argument)) return argument.name;
  return typeof scenario === 'string' ? scenario : undefined;
}

const isRow = (argument: unknown): argument is { readonly policy: Uri; readonly name?: string } =>
  typeof argument === 'object' && argument !== null && 'policy' in argument && argument.policy instanceof Uri;
