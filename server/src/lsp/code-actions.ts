import {
  CodeActionKind,
  type CodeAction,
  type Diagnostic as LspDiagnostic,
  type Range,
} from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { toEdit, toOffset } from './convert.ts';

/**
 * The quick fixes of the diagnostics that touch `range`. `shown` are the client's diagnostics there, so that it can
 * tie a fix to what it fixes.
 */
export function codeActions(
  snapshot: Snapshot,
  uri: string,
  range: Range,
  shown: readonly LspDiagnostic[],
): readonly CodeAction[] {
  const start = toOffset(snapshot, range.start);
  const end = toOffset(snapshot, range.end);
  return snapshot.diagnostics
    .filter(({ span }) => span.start <= end && start <= span.end)
    .flatMap(({ code, message, fixes }) => {
      const fixed = shown.filter((candidate) => candidate.code === code && candidate.message === message);
      return fixes.map((fix) => ({
        title: fix.title,
        kind: CodeActionKind.QuickFix,
        diagnostics: fixed,
        isPreferred: fixes.length === 1,
        edit: { changes: { [uri]: fix.edits.map((edit) => toEdit(snapshot, edit)) } },
      }));
    });
}
