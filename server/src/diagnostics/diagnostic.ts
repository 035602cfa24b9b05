import type { Code } from './table.ts';

/** A range of UTF-16 offsets in one text: `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Severity = 'error' | 'warning' | 'info';

/** A second place that explains a diagnostic: one step of a chain such as hook → function → call → lock. */
export interface Related {
  readonly message: string;
  /** Absent: the place is in the kernel, not in the policy; it is then shown at the diagnostic's own span. */
  readonly span?: Span;
}

/** Replacement of the text in `span` by `newText` (an insertion has an empty span). */
export interface TextEdit {
  readonly span: Span;
  readonly newText: string;
}

/** A quick fix: its edits are applied together or not at all. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

/** What a user is told about their text. A user's mistake is one of these, never an exception. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  readonly related: readonly Related[];
  readonly fixes: readonly Fix[];
}
