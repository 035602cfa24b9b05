import { commands, window, type Disposable, type TextDocument } from 'vscode';

/** The policy of the active editor, which stays that while the keys are in a view or a panel. */
export function policyInFront(): TextDocument | undefined {
  const document = window.activeTextEditor?.document;
  return document?.languageId === 'pvpolicy' ? document : undefined;
}

/** Lets keys work wherever they are pressed while a policy is in front. */
export function tellPolicyInFront(): Disposable {
  const tell = (): void =>
    void commands.executeCommand('setContext', 'pvpolicy.inFront', policyInFront() !== undefined);
  tell();
  return window.onDidChangeActiveTextEditor(tell);
}
