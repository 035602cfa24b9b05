import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReportData } from '../report.ts';
import { PACKAGE_ROOT } from './package-root.ts';

/** The colours of the page outside of an editor, by the names of the editor's own. */
const LIGHT = {
  foreground: '#3b3b3b',
  descriptionForeground: '#6b6b6b',
  'editor-background': '#ffffff',
  'editorWidget-background': '#f3f3f3',
  'editorIndentGuide-background1': '#e0e0e0',
  focusBorder: '#005fb8',
  'textLink-foreground': '#005fb8',
  'button-secondaryBackground': '#e5e5e5',
  'button-secondaryForeground': '#3b3b3b',
  'button-secondaryHoverBackground': '#d0d0d0',
  'charts-blue': '#1a85ff',
  'charts-green': '#388a34',
  'charts-orange': '#d18616',
  'charts-purple': '#652d90',
  'charts-yellow': '#a68a00',
  'charts-red': '#e51400',
  'testing-iconPassed': '#2e7d32',
  'testing-iconFailed': '#c72e0f',
};

const DARK = {
  foreground: '#cccccc',
  descriptionForeground: '#9d9d9d',
  'editor-background': '#1f1f1f',
  'editorWidget-background': '#2a2a2a',
  'editorIndentGuide-background1': '#404040',
  focusBorder: '#0078d4',
  'textLink-foreground': '#4daafc',
  'button-secondaryBackground': '#313131',
  'button-secondaryForeground': '#cccccc',
  'button-secondaryHoverBackground': '#3c3c3c',
  'charts-blue': '#3794ff',
  'charts-green': '#89d185',
  'charts-orange': '#d18616',
  'charts-purple': '#b180d7',
  'charts-yellow': '#cca700',
  'charts-red': '#f14c4c',
  'testing-iconPassed': '#73c991',
  'testing-iconFailed': '#f14c4c',
};

/** A page that holds everything it shows: no other file, no network, no script but its own. */
export function reportPage(data: ReportData): string {
  const [script, css] = ['report.js', 'report.css'].map((name) =>
    readFileSync(join(PACKAGE_ROOT, 'dist', name), 'utf8').replaceAll('</script', '<\\/script'),
  ) as [string, string];
  const hash = createHash('sha256').update(script).digest('base64');
  const variables = (colours: Readonly<Record<string, string>>): string =>
    Object.entries(colours)
      .map(([name, value]) => `--vscode-${name}: ${value};`)
      .join(' ');
  // Within a script element only `<` could end it.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'">
<meta name="viewport" content="width=device-width">
<title>${data.report.policy.replaceAll(/[^\w .-]/gu, '')}: simulation</title>
<style>:root { ${variables(LIGHT)} } @media (prefers-color-scheme: dark) { :root { ${variables(DARK)} } }</style>
<style>${css}</style>
</head>
<body>
<script type="application/json" id="data">${json}</script>
<script>${script}</script>
</body>
</html>
`;
}
