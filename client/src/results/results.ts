import { commands, EventEmitter, workspace, type Disposable, type TextDocument } from 'vscode';
import type { SimulationReport } from '../../../server/src/lsp/protocol.ts';
import { lineMarks, type LineMark, type Run } from './marks.ts';
import { shiftLine } from './shift.ts';

/** What is known of a policy since its last simulation. */
export interface Result extends Run {
  /** The text that ran. */
  readonly text: string;
  /** Where the marks stand now; of a stale result those that are left. */
  readonly marks: readonly LineMark[];
  /** The text is no longer the one that ran. */
  readonly stale: boolean;
}

/** Decides which commands are of use. */
const CONTEXT = 'pvpolicy.hasResults';

/** The last result of each open policy. An edit makes it stale; taking the edit back makes it good again. */
export class Results implements Disposable {
  private readonly results = new Map<string, Result & { readonly fresh: readonly LineMark[] }>();
  private readonly changed = new EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly listeners = [
    this.changed,
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.edited(document, contentChanges);
    }),
    workspace.onDidCloseTextDocument((document) => this.clear(document)),
  ];

  /** `lineOf`: where the policy declares its params and scenarios. */
  show(
    document: TextDocument,
    report: SimulationReport,
    params: Readonly<Record<string, string>>,
    lineOf: ReadonlyMap<string, number>,
  ): void {
    const key = document.uri.toString();
    const text = document.getText();
    const before = this.results.get(key);
    const kept = before?.text === text ? [before.report, ...before.others] : [];
    const others = kept.filter(({ scenario }) => scenario !== report.scenario);
    const marks = lineMarks({ report, others, params }, lineOf);
    this.results.set(key, { report, others, params, text, marks, fresh: marks, stale: false });
    this.tell();
  }

  get(document: Pick<TextDocument, 'uri'>): Result | undefined {
    return this.results.get(document.uri.toString());
  }

  /** Forgets one policy's result, or all. */
  clear(document?: TextDocument): void {
    if (document === undefined) this.results.clear();
    else if (!this.results.delete(document.uri.toString())) return;
    this.tell();
  }

  dispose(): void {
    for (const listener of this.listeners) listener.dispose();
  }

  private edited(document: TextDocument, edits: readonly Parameters<typeof shiftLine>[1][]): void {
    const result = this.get(document) as (Result & { readonly fresh: readonly LineMark[] }) | undefined;
    if (!result) return;
    const same = document.getText() === result.text;
    const marks = same ? result.fresh : edits.reduce(shifted, result.marks);
    this.results.set(document.uri.toString(), { ...result, marks, stale: !same });
    this.changed.fire();
  }

  private tell(): void {
    void commands.executeCommand('setContext', CONTEXT, this.results.size > 0);
    this.changed.fire();
  }
}

const shifted = (marks: readonly LineMark[], edit: Parameters<typeof shiftLine>[1]): readonly LineMark[] =>
  marks.flatMap((mark) => {
    const line = shiftLine(mark.line, edit);
    return line === undefined ? [] : [{ ...mark, line }];
  });
