import type { CodeAction } from 'vscode-languageserver';
import type { TextEdit } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { toEdit } from './convert.ts';

export const FIX_ALL = 'source.fixAll.pvpolicy';

/** Applies the fix of every problem that has just one; of two that touch, the first in the text. */
export function fixAll(snapshot: Snapshot, uri: string): readonly CodeAction[] {
  const edits: TextEdit[] = [];
  for (const { fixes } of snapshot.diagnostics) {
    const [only, another] = fixes;
    if (only === undefined || another !== undefined) continue;
    if (!only.edits.some((edit) => edits.some((other) => touch(edit, other)))) edits.push(...only.edits);
  }
  if (edits.length === 0) return [];
  const changes = { [uri]: edits.map((edit) => toEdit(snapshot, edit)) };
  return [{ title: 'Fix all that has one fix', kind: FIX_ALL, edit: { changes } }];
}

const touch = (a: TextEdit, b: TextEdit): boolean => a.span.start <= b.span.end && b.span.start <= a.span.end;
