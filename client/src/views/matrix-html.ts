import type { MatrixResult } from '../../../server/src/lsp/protocol.ts';
import { kernelName } from '../kernels.ts';

const STYLE = `
body { font: var(--vscode-font-size) var(--vscode-font-family); color: var(--vscode-foreground); padding: 0 1.2em 2em; }
h1 { font-size: 1.3em; font-weight: 600; margin-bottom: 0.2em; }
p { color: var(--vscode-descriptionForeground); margin: 0.3em 0; max-width: 70em; }
table { border-collapse: separate; border-spacing: 0; margin-top: 1em; }
th, td { border-bottom: 1px solid var(--vscode-panel-border); padding: 0.2em 0.55em; }
thead th { position: sticky; top: 0; background: var(--vscode-editor-background); vertical-align: bottom; font-weight: 400; z-index: 1; }
thead th:first-child { text-align: left; }
thead th span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; font-family: var(--vscode-editor-font-family); }
tbody th { text-align: left; font-weight: 400; font-family: var(--vscode-editor-font-family); position: sticky; left: 0; background: var(--vscode-editor-background); white-space: nowrap; }
td { text-align: center; }
tbody tr:hover td, tbody tr:hover th { background: var(--vscode-list-hoverBackground); }
tr.used th, th.used { color: var(--vscode-textLink-foreground); font-weight: 600; }
.allowed { color: var(--vscode-charts-green); }
.deferred { color: var(--vscode-editorWarning-foreground); }
.never { color: var(--vscode-errorForeground); }
summary { cursor: pointer; }
details div { white-space: normal; max-width: 30em; color: var(--vscode-descriptionForeground); }
dt { font-family: var(--vscode-editor-font-family); float: left; clear: left; width: 5em; }
dd { margin: 0 0 0.2em 5em; color: var(--vscode-descriptionForeground); }
:focus-visible { outline: 1px solid var(--vscode-focusBorder); }
`;

const SIGNS = { allowed: '✓', deferred: 'defer', never: '✗' } as const;
const MEANINGS = {
  allowed: 'may be called here',
  deferred: 'only later, with defer: here it would deadlock or is too early',
  never: 'the kernel refuses it here',
} as const;

/** The matrix as a page without scripts; `usedHooks` are those of the policy in front. */
export function matrixHtml(
  { kernel, hooks, calls, codes }: MatrixResult,
  usedHooks: ReadonlySet<string>,
): string {
  const used = hooks.map((names) => names.some((name) => usedHooks.has(name)));
  const heads = hooks.map(
    (names, i) =>
      `<th scope="col"${used[i] ? ' class="used"' : ''} title="${escape(names.join('\n'))}"><span>${escape(short(usedFirst(names, usedHooks)))}</span></th>`,
  );
  const rows = calls.map(
    ({ names, cells }) =>
      `<tr><th scope="row">${rowName(names)}</th>${cells
        .map(({ permission, why }, i) => {
          const reason = why === undefined ? '' : `\n${why}: ${codes[why] ?? ''}`;
          const title = `${short(names)} in ${short(hooks[i] ?? [])}: ${MEANINGS[permission]}${reason}`;
          return `<td class="${permission}" title="${escape(title)}">${SIGNS[permission]}</td>`;
        })
        .join('')}</tr>`,
  );
  const reasons = Object.entries(codes).map(([code, title]) => `<dt>${code}</dt><dd>${escape(title)}</dd>`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Safety matrix</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(kernelName(kernel))}: what a hook may call</h1>
<p><span class="allowed">✓</span> ${MEANINGS.allowed} · <span class="deferred">defer</span> ${MEANINGS.deferred} ·
<span class="never">✗</span> ${MEANINGS.never}. Hooks that may do the same share a column, calls that are allowed in the
same hooks share a row. Rest the mouse on a cell or a head for the reason and the names.${
    usedHooks.size > 0 ? ' Hooks of the policy in front are emphasized.' : ''
  }</p>
<table>
<thead><tr><th scope="col">call</th>${heads.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
<h1>Reasons</h1>
<dl>${reasons.join('\n')}</dl>
</body>
</html>`;
}

const usedFirst = (names: readonly string[], used: ReadonlySet<string>): readonly string[] =>
  names.toSorted((a, b) => Number(used.has(b)) - Number(used.has(a)));

const short = (names: readonly string[]): string =>
  names.length > 1 ? `${names[0]} +${names.length - 1}` : (names[0] ?? '');

const rowName = (names: readonly string[]): string =>
  names.length === 1
    ? escape(names[0] ?? '')
    : `<details><summary>${escape(short(names))}</summary><div>${escape(names.slice(1).join(', '))}</div></details>`;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
