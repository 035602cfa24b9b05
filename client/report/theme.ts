import { themed } from './dom.ts';

/** The colours of the editor's theme, or the page's own (style.css) outside of it. */
export interface Palette {
  readonly background: string;
  readonly text: string;
  readonly faint: string;
  readonly grid: string;
  readonly lane: string;
  readonly other: string;
  readonly waiting: string;
  readonly mark: string;
  readonly onSlice: string;
  readonly font: string;
  /** Of a VM, by its index. */
  readonly vm: (index: number) => string;
  /** Of a schedule in charts: recorded, baseline, policy. */
  readonly series: readonly string[];
}

const VMS: readonly (readonly [string, string])[] = [
  ['--vscode-charts-blue', '#3794ff'],
  ['--vscode-charts-green', '#89d185'],
  ['--vscode-charts-orange', '#d18616'],
  ['--vscode-charts-purple', '#b180d7'],
  ['--vscode-charts-yellow', '#cca700'],
  ['--vscode-terminal-ansiCyan', '#11a8cd'],
];

export function palette(): Palette {
  const vms = VMS.map(([name, otherwise]) => themed(name, otherwise));
  const text = themed('--vscode-foreground', '#cccccc');
  return {
    background: themed('--vscode-editor-background', '#1e1e1e'),
    text,
    faint: themed('--vscode-descriptionForeground', '#9d9d9d'),
    grid: themed('--vscode-editorIndentGuide-background1', 'rgba(128, 128, 128, 0.25)'),
    lane: themed('--vscode-editorWidget-background', 'rgba(128, 128, 128, 0.1)'),
    other: 'rgba(128, 128, 128, 0.55)',
    waiting: themed('--vscode-charts-red', '#f14c4c'),
    mark: themed('--vscode-testing-iconQueued', text),
    onSlice: themed('--vscode-editor-background', '#1e1e1e'),
    font: themed('--vscode-font-family', 'system-ui, sans-serif'),
    vm: (index) => vms[index % vms.length] ?? '',
    series: [
      themed('--vscode-descriptionForeground', '#9d9d9d'),
      themed('--vscode-charts-blue', '#3794ff'),
      themed('--vscode-charts-orange', '#d18616'),
    ],
  };
}
