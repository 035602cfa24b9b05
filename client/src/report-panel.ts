import {
  Range,
  Uri,
  ViewColumn,
  window,
  type Disposable,
  type TextDocument,
  type WebviewPanel,
} from 'vscode';
import type { Pictures, SimulationReport } from '../../server/src/lsp/protocol.ts';
import { reportHtml } from './report-html.ts';

/** A run whose report is shown. */
export interface Reported {
  readonly report: SimulationReport;
  readonly notes: readonly string[];
  readonly pictures: Pictures;
}

/** The report of the last simulation, beside the policy. */
export class ReportPanel implements Disposable {
  private panel: WebviewPanel | undefined;
  private policy: Uri | undefined;
  private readonly extension: Uri;

  constructor(extension: Uri) {
    this.extension = extension;
  }

  show(document: TextDocument, { report, notes, pictures }: Reported): void {
    const panel = (this.panel ??= this.open());
    this.policy = document.uri;
    panel.title = `${document.uri.path.split('/').at(-1) ?? 'Policy'} on ${report.trace.file.split(/[\\/]/u).at(-1) ?? ''}`;
    panel.webview.html = reportHtml(panel.webview, this.extension, {
      report,
      notes,
      source: document.getText().split(/\r?\n/u),
      ...pictures,
    });
    panel.reveal(undefined, true);
  }

  /** Is the report of this policy open? */
  shows({ uri }: TextDocument): boolean {
    return this.panel !== undefined && String(uri) === String(this.policy);
  }

  dispose(): void {
    this.panel?.dispose();
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
