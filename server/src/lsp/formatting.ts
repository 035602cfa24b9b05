import type { TextEdit } from 'vscode-languageserver';
import { format } from '../../../grammar/format.ts';
import type { Snapshot } from '../pipeline.ts';
import { toEdit } from './convert.ts';

/**
 * The edit that formats the whole text; none where it is formatted already or too broken to format. Only what lies
 * between the first and the last difference is replaced, so that cursors and folds elsewhere stay.
 */
export function formatting(snapshot: Snapshot): readonly TextEdit[] {
  const { text } = snapshot;
  const formatted = format(text);
  if (formatted === undefined || formatted === text) return [];
  const shorter = Math.min(text.length, formatted.length);
  let head = 0;
  while (head < shorter && text.charCodeAt(head) === formatted.charCodeAt(head)) head++;
  let tail = 0;
  while (tail < shorter - head && text.at(-1 - tail) === formatted.at(-1 - tail)) tail++;
  const span = { start: head, end: text.length - tail };
  return [toEdit(snapshot, { span, newText: formatted.slice(head, formatted.length - tail) })];
}
