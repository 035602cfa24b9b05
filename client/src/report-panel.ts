import { ViewColumn, window, type Uri, type Disposable, type WebviewPanel } from 'vscode';
import type { SimulationReport } from '../../server/src/lsp/protocol.ts';
import { reportHtml } from './report-html.ts';

/** The report of the last simulation, beside the policy. */
export class ReportPanel implements Disposable {
  private panel: WebviewPanel | undefined;

  show(policy: Uri, report: SimulationReport, notes: readonly string[]): void {
    const panel = (this.panel ??= this.open());
    panel.title = `${policy.path.split('/').at(-1) ?? 'Policy'} on ${report.trace.file.split(/[\\/]/u).at(-1) ?? ''}`;
    panel.webview.html = reportHtml(report, notes);
    panel.reveal(undefined, true);
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private open(): WebviewPanel {
    const panel = window.createWebviewPanel(
      'pvpolicy.report',
      'Simulation',
      { viewColumn: ViewColumn.Beside, preserveFocus: true },
      { enableScripts: false, enableFindWidget: true },
    );
    panel.onDidDispose(() => (this.panel = undefined));
    return panel;
  }
}
