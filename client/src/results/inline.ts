import {
  OverviewRulerLane,
  Range,
  ThemeColor,
  window,
  workspace,
  type DecorationOptions,
  type Disposable,
  type TextEditor,
} from 'vscode';
import { duration } from '../../figures.ts';
import { setting } from '../settings.ts';
import type { LineMark, MarkPart } from './marks.ts';
import type { Result, Results } from './results.ts';

/** Results at the end of the lines that they are about; lines that never ran are dimmed. */
export class InlineResults implements Disposable {
  private readonly results: Results;
  private readonly after = window.createTextEditorDecorationType({ after: { margin: '0 0 0 2em' } });
  private readonly neverRan = window.createTextEditorDecorationType({
    color: new ThemeColor('pvpolicy.results.neverRan'),
  });
  private readonly failed = window.createTextEditorDecorationType({
    overviewRulerColor: new ThemeColor('pvpolicy.results.failed'),
    overviewRulerLane: OverviewRulerLane.Right,
  });
  private readonly listeners: readonly Disposable[];

  constructor(results: Results) {
    this.results = results;
    this.listeners = [
      this.after,
      this.neverRan,
      this.failed,
      results.onDidChange(() => this.redraw()),
      window.onDidChangeVisibleTextEditors(() => this.redraw()),
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('pvpolicy.results')) this.redraw();
      }),
    ];
  }

  dispose(): void {
    for (const listener of this.listeners) listener.dispose();
  }

  private redraw(): void {
    for (const editor of window.visibleTextEditors)
      if (editor.document.languageId === 'pvpolicy') this.draw(editor);
  }

  private draw(editor: TextEditor): void {
    const { document } = editor;
    const result = setting<boolean>('results.enabled', document) ? this.results.get(document) : undefined;
    const marks = (result?.marks ?? []).filter(({ line }) => line <= document.lineCount);
    const wanted = wantedKinds(editor);
    const lineRange = (line: number): Range => document.lineAt(line - 1).range;
    const dims = result?.stale !== true && setting<boolean>('results.dimNeverRan', document);
    editor.setDecorations(
      this.after,
      marks.flatMap((mark) => afterLine(mark, lineRange(mark.line), wanted, result)),
    );
    editor.setDecorations(
      this.neverRan,
      dims ? marks.filter(({ neverRan }) => neverRan).map(({ line }) => lineRange(line)) : [],
    );
    editor.setDecorations(
      this.failed,
      marks
        .filter(({ parts }) => parts.some(({ kind }) => kind === 'failed'))
        .map(({ line }) => lineRange(line)),
    );
  }
}

/** The kinds of parts that the settings ask for. */
function wantedKinds({ document }: TextEditor): ReadonlySet<MarkPart['kind']> {
  const kinds = (key: string, ...some: MarkPart['kind'][]): MarkPart['kind'][] =>
    setting<boolean>(`results.${key}`, document) ? some : [];
  return new Set([
    ...kinds('hits', 'hook', 'hits'),
    ...kinds('actions', 'action', 'value'),
    ...kinds('expectations', 'passed', 'failed', 'open'),
  ]);
}

function afterLine(
  { parts }: LineMark,
  { end }: Range,
  wanted: ReadonlySet<MarkPart['kind']>,
  result: Result | undefined,
): DecorationOptions[] {
  const shown = parts.filter(({ kind }) => wanted.has(kind));
  if (shown.length === 0) return [];
  const why = provisional(result);
  // Once for a hook, and for what people rely on; the colour tells of the rest.
  const told = (kind: MarkPart['kind']): boolean =>
    kind === 'hook' || (result?.stale === true && kind !== 'hits' && kind !== 'action');
  const says = why !== undefined && shown.some(({ kind }) => told(kind));
  const contentText = shown.map(({ text }) => text).join(' · ') + (says ? ` (${why})` : '');
  const pale = why !== undefined;
  const after = { contentText, color: colorOf(shown, pale), ...(pale && { fontStyle: 'italic' }) };
  return [{ range: new Range(end, end), renderOptions: { after } }];
}

/** Why the result is not the whole truth; undefined: it is. */
function provisional(result: Result | undefined): string | undefined {
  if (result?.stale) return 'before the edit';
  return result?.partial ? `in the first ${duration(result.report.trace.duration_ns)}` : undefined;
}

function colorOf(parts: readonly MarkPart[], pale: boolean): ThemeColor {
  const has = (kind: MarkPart['kind']): boolean => parts.some((part) => part.kind === kind);
  if (pale) return new ThemeColor('pvpolicy.results.stale');
  if (has('failed')) return new ThemeColor('pvpolicy.results.failed');
  return new ThemeColor(has('passed') ? 'pvpolicy.results.passed' : 'pvpolicy.results.foreground');
}
