import {
  Range,
  Uri,
  ViewColumn,
  window,
  type Disposable,
  type TextDocument,
  type WebviewPanel,
} from 'vscode';
import type { SimulateResult } from '../../server/src/lsp/protocol.ts';
import { reportHtml } from './report-html.ts';
import { nameOf } from './settings.ts';

/** A run to report; without pictures there is nothing to see. */
type Run = SimulateResult & { readonly ok: true };

/** The report of the last simulation, beside the policy. */
export class ReportPanel implements Disposable {
  private panel: WebviewPanel | undefined;
  private policy: Uri | undefined;
  /** The last report; kept when it is closed. */
  private shown: { readonly run: Run; readonly draw: (panel: WebviewPanel) => void } | undefined;
  private readonly extension: Uri;
  private readonly icon: Uri;

  constructor(extension: Uri, icon: Uri) {
    this.extension = extension;
    this.icon = icon;
  }

  /** Brings a report into view, in the place of an older one. */
  show(document: TextDocument, run: Run): void {
    if (!run.pictures) return;
    if (run !== this.shown?.run || !this.panel) this.fill((this.panel ??= this.open()), document, run);
    this.panel?.reveal(undefined, true);
  }

  /** Puts a newer run of the scenario that is shown into its place, where that is open. */
  follow(document: TextDocument, run: Run): void {
    const sameScenario = this.shown?.run.report.scenario === run.report.scenario;
    if (this.panel && sameScenario && this.isOf(document)) this.fill(this.panel, document, run);
  }

  /** Shows the last report again, where it is of this policy; false where it is not. */
  again(document: TextDocument): boolean {
    if (!this.shown || !this.isOf(document)) return false;
    if (!this.panel) this.shown.draw((this.panel = this.open()));
    this.panel.reveal(undefined, true);
    return true;
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private isOf({ uri }: TextDocument): boolean {
    return String(uri) === String(this.policy);
  }

  private fill(panel: WebviewPanel, document: TextDocument, run: Run): void {
    const { report, notes, pictures } = run;
    if (!pictures) return;
    this.policy = document.uri;
    const title = `${nameOf(document.uri.path)} on ${nameOf(report.trace.file)}`;
    const source = document.getText().split(/\r?\n/u);
    const draw = (on: WebviewPanel): void => {
      on.title = title;
      on.webview.html = reportHtml(on.webview, this.extension, { report, notes, source, ...pictures });
    };
    draw(panel);
    this.shown = { run, draw };
  }

  private open(): WebviewPanel {
    const panel = window.createWebviewPanel(
      'pvpolicy.report',
      'Simulation',
      { viewColumn: ViewColumn.Beside, preserveFocus: true },
      {
        enableScripts: true,
        enableFindWidget: true,
        localResourceRoots: [Uri.joinPath(this.extension, 'dist')],
      },
    );
    panel.iconPath = this.icon;
    panel.webview.onDidReceiveMessage((message: unknown) => {
      const line = revealed(message);
      if (line !== undefined) void this.reveal(line);
    });
    panel.onDidDispose(() => (this.panel = undefined));
    return panel;
  }

  /** Shows the line of the policy, counted from 1, where the policy is open, else beside the report. */
  private async reveal(line: number): Promise<void> {
    if (!this.policy) return;
    const open = window.visibleTextEditors.find(
      ({ document }) => String(document.uri) === String(this.policy),
    );
    const selection = new Range(line - 1, 0, line - 1, 0);
    await window.showTextDocument(this.policy, {
      selection,
      viewColumn: open?.viewColumn ?? ViewColumn.One,
      preserveFocus: false,
    });
  }
}

/** The line of a message that asks to go to one. */
function revealed(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { command, line } = message as { readonly command?: unknown; readonly line?: unknown };
  return command === 'reveal' && typeof line === 'number' && Number.isInteger(line) && line > 0
    ? line
    : undefined;
}
