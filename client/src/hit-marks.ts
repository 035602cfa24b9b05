import {
  commands,
  Range,
  ThemeColor,
  window,
  workspace,
  type DecorationOptions,
  type Disposable,
  type TextDocument,
  type TextEditor,
} from 'vscode';
import type { SimulationReport } from '../../server/src/lsp/protocol.ts';

/** Decides which commands are of use. */
const CONTEXT = 'pvpolicy.hasResults';

/** How often each line ran, at its end, until the text changes. */
export class HitMarks implements Disposable {
  private readonly ran = window.createTextEditorDecorationType({
    after: { margin: '0 0 0 3em', color: new ThemeColor('editorCodeLens.foreground') },
  });
  private readonly marks = new Map<string, readonly DecorationOptions[]>();
  private readonly listeners = [
    window.onDidChangeVisibleTextEditors((editors) => editors.forEach((editor) => this.draw(editor))),
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.forget(document);
    }),
    workspace.onDidCloseTextDocument((document) => this.forget(document)),
  ];

  show(document: TextDocument, report: SimulationReport): void {
    this.marks.set(document.uri.toString(), marksOf(document, report));
    this.redraw();
  }

  clear(): void {
    this.marks.clear();
    this.redraw();
  }

  dispose(): void {
    this.ran.dispose();
    for (const listener of this.listeners) listener.dispose();
  }

  private forget(document: TextDocument): void {
    if (this.marks.delete(document.uri.toString())) this.redraw();
  }

  private redraw(): void {
    for (const editor of window.visibleTextEditors) this.draw(editor);
    void commands.executeCommand('setContext', CONTEXT, this.marks.size > 0);
  }

  private draw(editor: TextEditor): void {
    editor.setDecorations(this.ran, [...(this.marks.get(editor.document.uri.toString()) ?? [])]);
  }
}

function marksOf(
  document: TextDocument,
  { replay, expectations }: SimulationReport,
): readonly DecorationOptions[] {
  const texts = new Map<number, string[]>();
  const add = (line: number, text: string): void => void texts.set(line, [...(texts.get(line) ?? []), text]);
  for (const { line, fired } of replay.hooks) add(line, `${times(fired)} fired`);
  for (const { line, hits } of replay.lines) add(line, hits === 0 ? 'never ran' : `${times(hits)}`);
  for (const [line, actions] of actionsByLine(replay.decisions)) add(line, actions);
  for (const { line, ok, measured, unit } of expectations) add(line, verdict(ok, measured, unit));
  return [...texts]
    .filter(([line]) => line <= document.lineCount)
    .map(([line, parts]) => {
      const { end } = document.lineAt(line - 1).range;
      return { range: new Range(end, end), renderOptions: { after: { contentText: parts.join(' · ') } } };
    });
}

/** `2 boost`, by the line that asked. */
function actionsByLine(decisions: SimulationReport['replay']['decisions']): ReadonlyMap<number, string> {
  const counts = new Map<number, Map<string, number>>();
  for (const { line, action } of decisions) {
    const ofLine = counts.get(line) ?? new Map<string, number>();
    counts.set(line, ofLine.set(action, (ofLine.get(action) ?? 0) + 1));
  }
  const text = (ofLine: ReadonlyMap<string, number>): string =>
    [...ofLine].map(([action, count]) => `${count} ${action}`).join(', ');
  return new Map([...counts].map(([line, ofLine]) => [line, text(ofLine)]));
}

function verdict(ok: boolean | null, measured: number | null, unit: string | null): string {
  const mark = ok === null ? '?' : ok ? '✓' : '✗';
  if (measured === null) return mark;
  return `${mark} ${unit === 'ns' ? `${(measured / 1e6).toFixed(3)} ms` : measured.toLocaleString('en')}`;
}

const times = (count: number): string => `${count.toLocaleString('en')}×`;
