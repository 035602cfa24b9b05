import { commands, Range, Selection, TextEditorRevealType, window, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { Follow } from '../compiled/follow.ts';

/** Go to Policy or C: moves the cursor between a line of the policy and the C that it became. */
export const registerGoToCounterpart = (follow: Follow): Disposable =>
  commands.registerCommand(COMMANDS.goToCounterpart, async () => {
    const editor = window.activeTextEditor;
    const found = editor && follow.counterpart(editor);
    const [line] = found?.lines ?? [];
    if (!found || line === undefined) {
      const why = found
        ? 'This line has no counterpart in the file beside.'
        : 'Compile the policy first, and leave its C open.';
      void window.showInformationMessage(why);
      return;
    }
    const { document, viewColumn } = found.beside;
    const shown = await window.showTextDocument(document, viewColumn);
    const at = new Range(line, 0, line, 0);
    shown.selection = new Selection(at.start, at.end);
    shown.revealRange(at, TextEditorRevealType.InCenterIfOutsideViewport);
  });
