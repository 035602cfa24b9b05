import {
  DocumentDiagnosticReportKind,
  type CancellationToken,
  type Diagnostic,
  type DocumentDiagnosticReport,
  type WorkspaceDiagnosticReport,
} from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { toLsp, type Docs } from './publish.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

const ids = new WeakMap<Snapshot, string>();
let count = 0;

/** Stands for the diagnostics of one snapshot. */
function idOf(snapshot: Snapshot): string {
  const known = ids.get(snapshot) ?? String(++count);
  ids.set(snapshot, known);
  return known;
}

/** What is wrong with one policy; nothing anew where the client has it by that id. */
export function documentDiagnostics(
  snapshot: Snapshot,
  uri: string,
  docs: Docs,
  previous: string | undefined,
): DocumentDiagnosticReport {
  const resultId = idOf(snapshot);
  if (previous === resultId) return { kind: DocumentDiagnosticReportKind.Unchanged, resultId };
  const items: Diagnostic[] = toLsp(snapshot.diagnostics, snapshot.lines, uri, docs);
  return { kind: DocumentDiagnosticReportKind.Full, resultId, items };
}

/** What is wrong with the policies of the workspace, one after the other: other messages are answered in between. */
export async function workspaceDiagnostics(
  files: WorkspaceFiles,
  docs: Docs,
  previous: ReadonlyMap<string, string>,
  token: CancellationToken,
): Promise<WorkspaceDiagnosticReport> {
  const items: WorkspaceDiagnosticReport['items'] = [];
  for (const { uri, snapshot } of files.policies()) {
    await new Promise((resolve) => setImmediate(resolve));
    if (token.isCancellationRequested) break;
    items.push({ uri, version: null, ...documentDiagnostics(snapshot, uri, docs, previous.get(uri)) });
  }
  return { items };
}
