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
  /** Of the first part of a long trace: the whole is still at work. */
  readonly partial: boolean;
}

/** Decides which commands are of use. */
const CONTEXT = 'pvpolicy.hasResults';

/**
 * Results of closed policies that are kept: a tab that goes on to another file closes its policy, which comes back with what
 * was found.
 */
const KEPT = 8;

/** The last result of each policy. An edit makes it stale; taking the edit back makes it good again. */
export class Results implements Disposable {
  private readonly results = new Map<string, Result & { readonly fresh: readonly LineMark[] }>();
  /** What runs that have not ended have found so far: it stands before older results. */
  private readonly partials = new Map<string, Result>();
  private readonly changed = new EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly listeners = [
    this.changed,
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.edited(document, contentChanges);
    }),
    workspace.onDidOpenTextDocument((document) => this.opened(document)),
    workspace.onDidCloseTextDocument((document) => this.closed(document)),
  ];

  /** `lineOf`: where the policy declares its params and scenarios, and its header. */
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
    const run = { report, others, params, partial: false };
    const marks = lineMarks(run, lineOf);
    this.partials.delete(key);
    this.results.set(key, { ...run, text, marks, fresh: marks, stale: false });
    this.tell();
  }

  /** Shows what was found so far, until `show` or `endPartial`, or until the text is edited. */
  showPartial(
    document: TextDocument,
    report: SimulationReport,
    params: Readonly<Record<string, string>>,
    lineOf: ReadonlyMap<string, number>,
  ): void {
    const run = { report, others: [], params, partial: true };
    const marks = lineMarks(run, lineOf);
    const text = document.getText();
    this.partials.set(document.uri.toString(), { ...run, text, marks, stale: false });
    this.tell();
  }

  /** No whole result follows: what there was before is shown again. */
  endPartial(document: TextDocument): void {
    if (this.partials.delete(document.uri.toString())) this.tell();
  }

  get(document: Pick<TextDocument, 'uri'>): Result | undefined {
    const key = document.uri.toString();
    return this.partials.get(key) ?? this.results.get(key);
  }

  /** Forgets one policy's result, or all. */
  clear(document?: TextDocument): void {
    if (document === undefined) {
      this.results.clear();
      this.partials.clear();
    } else {
      const key = document.uri.toString();
      const had = [this.results.delete(key), this.partials.delete(key)];
      if (!had.includes(true)) return;
    }
    this.tell();
  }

  dispose(): void {
    for (const listener of this.listeners) listener.dispose();
  }

  /** What another program wrote meanwhile was not simulated. */
  private opened(document: TextDocument): void {
    const key = document.uri.toString();
    const result = this.results.get(key);
    if (!result) return;
    if (document.getText() !== result.text) return this.clear(document);
    this.results.set(key, { ...result, marks: result.fresh, stale: false });
    this.changed.fire();
  }

  private closed(document: TextDocument): void {
    if (document.isUntitled) return this.clear(document);
    const key = document.uri.toString();
    const open = new Set(workspace.textDocuments.map(({ uri }) => uri.toString()));
    open.delete(key);
    const closed = [...this.results.keys()].filter((one) => !open.has(one));
    const tooMany = closed.slice(0, -KEPT).map((one) => this.results.delete(one));
    if (this.partials.delete(key) || tooMany.length > 0) this.tell();
  }

  private edited(document: TextDocument, edits: readonly Parameters<typeof shiftLine>[1][]): void {
    const key = document.uri.toString();
    const ended = this.partials.delete(key);
    const result = this.results.get(key);
    if (result) {
      const same = document.getText() === result.text;
      const marks = same ? result.fresh : edits.reduce(shifted, result.marks);
      this.results.set(key, { ...result, marks, stale: !same });
    }
    if (ended) this.tell();
    else if (result) this.changed.fire();
  }

  private tell(): void {
    void commands.executeCommand('setContext', CONTEXT, this.results.size + this.partials.size > 0);
    this.changed.fire();
  }
}

const shifted = (marks: readonly LineMark[], edit: Parameters<typeof shiftLine>[1]): readonly LineMark[] =>
  marks.flatMap((mark) => {
    const line = shiftLine(mark.line, edit);
    return line === undefined ? [] : [{ ...mark, line }];
  });
