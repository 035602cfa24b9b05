import type { Span } from '../../server/src/diagnostics/diagnostic.ts';

/**
 * The tree of a policy. Plain data: every node has a `kind` and the span of its text. Parsing always yields a
 * `PolicyFile`; what could not be read is an `error` node, below which later stages stay silent.
 */
export interface Node {
  readonly kind: string;
  readonly span: Span;
}

/** A name where it is written. `text` is '' where the parser expected a name and found none. */
export interface Ident extends Node {
  readonly kind: 'ident';
  readonly text: string;
}
