import { TextDocument } from 'vscode-languageserver-textdocument';
import type { CodeAction, Position, Range, TextEdit } from 'vscode-languageserver';
import { marked, type Session } from './session.ts';

let count = 0;

/** Opens a text with `<|>` marks; gives its URI, the text, and the positions of the marks. */
export async function open(session: Session, source: string) {
  const { text, marks } = marked(source);
  const uri = `file:///opened/${count++}.pvpolicy`;
  await session.open(uri, text);
  const [at = { line: 0, character: 0 }, until = at] = marks;
  const range: Range = { start: at, end: until };
  return { uri, text, marks, at, range };
}

export const apply = (text: string, edits: readonly TextEdit[]): string =>
  TextDocument.applyEdits(TextDocument.create('file:///x', 'pvpolicy', 0, text), [...edits]);

/** The actions at the marks of a text; `run` gives the text after the one of that title. */
export async function actionsAt(session: Session, source: string, only?: readonly string[]) {
  const { uri, text, range } = await open(session, source);
  const actions = await session.ask<CodeAction[]>('textDocument/codeAction', uri, undefined, {
    range,
    context: { diagnostics: [], ...(only && { only }) },
  });
  const run = (title: string): string => {
    const edits = actions.find((action) => action.title === title)?.edit?.changes?.[uri];
    if (edits === undefined)
      throw new Error(`no '${title}' among ${actions.map((one) => one.title).join(', ')}`);
    return apply(text, edits);
  };
  return { titles: actions.map(({ title }) => title), run };
}

/** The text between two positions. */
export function textAt(
  text: string,
  { start, end }: { readonly start: Position; readonly end: Position },
): string {
  const document = TextDocument.create('file:///x', 'pvpolicy', 0, text);
  return document.getText({ start, end });
}
