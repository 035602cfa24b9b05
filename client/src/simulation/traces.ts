import {
  QuickPickItemKind,
  RelativePattern,
  Uri,
  window,
  workspace,
  type Memento,
  type QuickPickItem,
  type TextDocument,
} from 'vscode';
import { nameOf } from '../settings.ts';

/** Names of files that are likely to be traces. */
const PATTERN = '**/{*.trace,*.trace.*,*.dat,*.perf,*.ftrace,*.pftrace,*.perfetto-trace,perf.data*}';
/** What lies beside traces and goes by their names. */
const NO_TRACES = '{**/node_modules/**,**/*.json}';
const MOST = 50;

/** Which trace a scenario of a policy was last simulated on, where it is not the one that the policy names. */
export class TraceChoices {
  private readonly memento: Memento;

  constructor(memento: Memento) {
    this.memento = memento;
  }

  get(document: TextDocument, scenario: string | undefined): string | undefined {
    return this.memento.get<string>(key(document, scenario));
  }

  set(document: TextDocument, scenario: string | undefined, trace: string | undefined): Thenable<void> {
    return this.memento.update(key(document, scenario), trace);
  }
}

const key = ({ uri }: TextDocument, scenario: string | undefined): string =>
  `trace of ${uri.toString()} ${scenario ?? ''}`;

interface Choice extends QuickPickItem {
  /** null: the one that the policy names; absent: look for a file. */
  readonly path?: string | null;
}

/**
 * Lets the user pick a trace: the one that the scenario `names`, one of the workspace, or any file. null: the one that
 * the policy names; undefined: the user gave up.
 */
export async function pickTrace(
  document: TextDocument,
  names: string | null,
  current: string | undefined,
): Promise<string | null | undefined> {
  const folder = workspace.getWorkspaceFolder(document.uri);
  // What is not saved yet is in no folder.
  const where = folder ? new RelativePattern(folder, PATTERN) : PATTERN;
  const files = await workspace.findFiles(where, NO_TRACES, MOST);
  const own: Choice[] =
    names === null
      ? []
      : [{ label: `$(symbol-event) ${names}`, description: 'named by the scenario', path: null }];
  const items: Choice[] = [
    ...own,
    { label: 'In this workspace', kind: QuickPickItemKind.Separator },
    ...files
      .map((file): Choice => ({
        label: `$(pulse) ${nameOf(file.path)}`,
        description: `${workspace.asRelativePath(file)}${file.fsPath === current ? ' (last used)' : ''}`,
        path: file.fsPath,
      }))
      .toSorted((a, b) => a.label.localeCompare(b.label)),
    { label: '', kind: QuickPickItemKind.Separator },
    { label: '$(folder-opened) Another file…', alwaysShow: true },
  ];
  const chosen = await window.showQuickPick(items, {
    title: 'Simulate on a Trace',
    placeHolder: 'ftrace text, perf script, trace.dat, perf.data, Perfetto; compressed or not',
    matchOnDescription: true,
  });
  if (!chosen) return undefined;
  if (chosen.path !== undefined) return chosen.path;
  const [file] =
    (await window.showOpenDialog({
      defaultUri: folder?.uri ?? Uri.joinPath(document.uri, '..'),
      openLabel: 'Simulate',
      title: 'A recorded trace',
    })) ?? [];
  return file?.fsPath;
}
