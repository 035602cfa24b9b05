import {
  Range,
  TextEditorRevealType,
  ThemeColor,
  TextEditorSelectionChangeKind,
  window,
  type Disposable,
  type TextDocument,
  type TextEditor,
  type TextEditorSelectionChangeEvent,
} from 'vscode';
import { nameOf } from '../settings.ts';
import type { GeneratedFiles } from './generated.ts';
import { lineMap, type LineMap } from './line-map.ts';

/** Marks and shows, beside the line that the cursor is in, what it became, or what it came from. */
export class Follow implements Disposable {
  private readonly generated: GeneratedFiles;
  private readonly mark = window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new ThemeColor('editor.hoverHighlightBackground'),
    borderColor: new ThemeColor('contrastActiveBorder'),
    overviewRulerColor: new ThemeColor('editorOverviewRuler.rangeHighlightForeground'),
  });
  private readonly maps = new WeakMap<TextDocument, { readonly version: number; readonly map: LineMap }>();
  private readonly listening: Disposable;

  constructor(generated: GeneratedFiles) {
    this.generated = generated;
    this.listening = window.onDidChangeTextEditorSelection((event) => this.moved(event));
  }

  /** The lines beside that belong to the cursor's line. */
  counterpart(
    editor: TextEditor,
  ): { readonly beside: TextEditor; readonly lines: readonly number[] } | undefined {
    const pair = this.generated.pairOf(editor.document.uri);
    if (!pair) return undefined;
    const isPolicy = editor.document.uri.toString() === pair.policy.toString();
    const wanted = (isPolicy ? pair.c : pair.policy).toString();
    const beside = window.visibleTextEditors.find(({ document }) => document.uri.toString() === wanted);
    if (!beside) return undefined;
    const map = this.mapOf(isPolicy ? beside.document : editor.document, nameOf(pair.policy.path));
    const line = editor.selection.active.line;
    const from = map.policyLine(line);
    const lines = isPolicy ? map.cLines(line) : from === undefined ? [] : [from];
    return { beside, lines: lines.filter((one) => one < beside.document.lineCount) };
  }

  dispose(): void {
    this.mark.dispose();
    this.listening.dispose();
  }

  private moved({ textEditor, kind }: TextEditorSelectionChangeEvent): void {
    // What moves a cursor by itself, such as this, is not followed: the two would chase each other.
    if (textEditor !== window.activeTextEditor || kind === TextEditorSelectionChangeKind.Command) return;
    const found = this.counterpart(textEditor);
    if (!found) return;
    const ranges = found.lines.map((line) => new Range(line, 0, line, 0));
    found.beside.setDecorations(this.mark, ranges);
    textEditor.setDecorations(this.mark, []);
    if (ranges[0]) found.beside.revealRange(ranges[0], TextEditorRevealType.InCenterIfOutsideViewport);
  }

  private mapOf(document: TextDocument, policy: string): LineMap {
    const known = this.maps.get(document);
    if (known?.version === document.version) return known.map;
    const map = lineMap(document.getText(), policy);
    this.maps.set(document, { version: document.version, map });
    return map;
  }
}
