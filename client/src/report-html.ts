import { Uri, type Webview } from 'vscode';
import type { ReportData } from '../../server/src/lsp/protocol.ts';

/**
 * The page of a report in a view of the editor: its own script and styles only, no network. The data are in the page:
 * within a script element only `<` could end them.
 */
export function reportHtml(webview: Webview, extension: Uri, data: ReportData): string {
  const of = (name: string): string => webview.asWebviewUri(Uri.joinPath(extension, 'dist', name)).toString();
  const json = JSON.stringify(data).replaceAll('<', String.raw`\u003c`);
  // uPlot and the canvas set styles of elements.
  const policy = `default-src 'none'; style-src ${webview.cspSource} 'unsafe-inline'; script-src ${webview.cspSource}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Simulation</title>
<link rel="stylesheet" href="${of('report.css')}">
</head>
<body>
<script type="application/json" id="data">${json}</script>
<script src="${of('report.js')}"></script>
</body>
</html>`;
}
