import type { TextEdit } from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { toEdit } from './convert.ts';
import { formatEdits } from './format-edits.ts';

/** The edits that format the whole text. */
export const formatting = (snapshot: Snapshot): readonly TextEdit[] =>
  formatEdits(snapshot).map((edit) => toEdit(snapshot, edit));
