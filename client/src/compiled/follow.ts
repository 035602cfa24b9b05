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
    const lines = isPolicy ? linesInC(map, editor.document, line) : linesInPolicy(map, beside.document, line);
    return { beside, lines: lines.filter((one) => one < beside.document.lineCount) };
  }

  /** Shows beside `editor` what its line became, or where nothing came of it what came of the lines below. */
  lead(editor: TextEditor): void {
    const found = this.counterpart(editor);
    if (!found) return;
    const map = this.mapOf(found.beside.document, nameOf(editor.document.uri.path));
    this.show(
      found.beside,
      found.lines.length > 0 ? found.lines : map.fromBelow(editor.selection.active.line),
    );
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
    textEditor.setDecorations(this.mark, []);
    this.show(found.beside, found.lines);
  }

  private show(beside: TextEditor, lines: readonly number[]): void {
    const ranges = lines.map((line) => new Range(line, 0, line, 0));
    beside.setDecorations(this.mark, ranges);
    if (ranges[0]) beside.revealRange(ranges[0], TextEditorRevealType.InCenterIfOutsideViewport);
  }

  private mapOf(document: TextDocument, policy: string): LineMap {
    const known = this.maps.get(document);
    if (known?.version === document.version) return known.map;
    const map = lineMap(document.getText(), policy);
    this.maps.set(document, { version: document.version, map });
    return map;
  }
}

/** Of the head of a hook or function the C of its head, which is in no directive. */
function linesInC(map: LineMap, policy: TextDocument, line: number): readonly number[] {
  const own = map.cLines(line);
  return own.length > 0 || !isHead(policy, line) ? own : map.fromBelow(line);
}

/** Of the head of a function the head of what it was made from: the one above the body. */
function linesInPolicy(map: LineMap, policy: TextDocument, line: number): readonly number[] {
  const from = map.policyLine(line);
  if (from !== undefined) return [from];
  let at = map.bodyOf(line) ?? -1;
  while (at >= 0 && !isHead(policy, at)) at--;
  return at < 0 ? [] : [at];
}

/** Does something that has a body of statements begin at this line? */
const isHead = (policy: TextDocument, line: number): boolean =>
  line < policy.lineCount && /^(?:on|fn|every)\b.*\{/u.test(policy.lineAt(line).text);
