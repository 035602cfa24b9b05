import {
  DocumentDiagnosticReportKind,
  type Diagnostic,
  type DocumentDiagnosticReport,
  type WorkspaceDiagnosticReport,
} from 'vscode-languageserver';
import type { InParts } from '../../../grammar/in-parts.ts';
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

/** What is wrong with the policies of the workspace, one after the other. */
export function* workspaceDiagnostics(
  files: WorkspaceFiles,
  docs: Docs,
  previous: ReadonlyMap<string, string>,
): InParts<WorkspaceDiagnosticReport> {
  const items: WorkspaceDiagnosticReport['items'] = [];
  for (const policy of files.policies()) {
    yield;
    if (policy === undefined) continue;
    const { uri, snapshot } = policy;
    while (!snapshot.advance('diagnostics', () => false)) yield;
    items.push({ uri, version: null, ...documentDiagnostics(snapshot, uri, docs, previous.get(uri)) });
  }
  return { items };
}
