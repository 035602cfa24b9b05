import { parseFields } from './event-format.ts';

/** How the pages of a ring buffer are laid out: the fields of tracefs' `events/header_page`. */
export interface PageLayout {
  readonly little: boolean;
  readonly timestamp: number;
  readonly commit: number;
  readonly commitSize: number;
  /** Where the records begin. */
  readonly data: number;
}

/** The layout that `text` describes; the one of 64-bit kernels where it does not. */
export function pageLayout(text: string, little: boolean): PageLayout {
  const fields = parseFields(text);
  const commit = fields.get('commit');
  return {
    little,
    timestamp: fields.get('timestamp')?.offset ?? 0,
    commit: commit?.offset ?? 8,
    commitSize: commit?.size === 4 ? 4 : 8,
    data: fields.get('data')?.offset ?? 16,
  };
}
