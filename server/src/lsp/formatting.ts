import type { TextEdit } from 'vscode-languageserver';
import type { InParts } from '../../../grammar/in-parts.ts';
import type { Snapshot } from '../pipeline.ts';
import { toEdit } from './convert.ts';
import { formatEdits } from './format-edits.ts';

/** The edits that format the whole text. */
export function* formatting(snapshot: Snapshot): InParts<readonly TextEdit[]> {
  return (yield* formatEdits(snapshot)).map((edit) => toEdit(snapshot, edit));
}
