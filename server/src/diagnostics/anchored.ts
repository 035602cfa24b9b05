import type { Diagnostic, Span } from './diagnostic.ts';

/** A part of a text that may move as a whole. */
interface Anchor {
  readonly span: Span;
}

interface Place {
  readonly anchor: Anchor | undefined;
  readonly edge: 'start' | 'end';
  readonly from: number;
  readonly to: number;
}

/**
 * Diagnostics that are kept while the parts of the text which they speak of move. Each of their places is counted from
 * the start of the last of `anchors` (in the order of the text) that begins before it. One at its end is counted from
 * there: a fix may add to a declaration, or behind it, while its body becomes another.
 */
export class Anchored {
  private readonly kept: readonly (readonly [Diagnostic, readonly Place[]])[];

  constructor(diagnostics: readonly Diagnostic[], anchors: readonly Anchor[]) {
    this.kept = diagnostics.map((one) => [one, placesOf(one).map((span) => placeOf(span, anchors))] as const);
  }

  /** The diagnostics where they stand now. */
  now(): readonly Diagnostic[] {
    return this.kept.map(([one, places]) => at(one, places.map(spanNow)));
  }
}

/** Diagnostics that stay where they are, whatever moves. */
export const fixed = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.length === 0 ? diagnostics : new Anchored(diagnostics, []).now();

function placesOf({ span, related, fixes }: Diagnostic): readonly Span[] {
  return [
    span,
    ...related.flatMap((step) => step.span ?? []),
    ...fixes.flatMap(({ edits }) => edits.map((edit) => edit.span)),
  ];
}

function placeOf({ start, end }: Span, anchors: readonly Anchor[]): Place {
  let low = 0;
  let high = anchors.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((anchors[middle]?.span.start ?? 0) <= start) low = middle + 1;
    else high = middle;
  }
  const anchor = anchors[low - 1];
  // The last character of a declaration is its closing brace, before which statements are added.
  const edge = anchor !== undefined && start >= anchor.span.end - 1 ? 'end' : 'start';
  const base = anchor?.span[edge] ?? 0;
  return { anchor, edge, from: start - base, to: end - base };
}

function spanNow({ anchor, edge, from, to }: Place): Span {
  const base = anchor?.span[edge] ?? 0;
  return { start: base + from, end: base + to };
}

/** The diagnostic at other places, which are in the order of `placesOf`. */
function at(one: Diagnostic, spans: readonly Span[]): Diagnostic {
  let next = 0;
  const take = (): Span => spans[next++] ?? one.span;
  return {
    ...one,
    span: take(),
    related: one.related.map((step) => (step.span === undefined ? step : { ...step, span: take() })),
    fixes: one.fixes.map((fix) => ({ ...fix, edits: fix.edits.map((edit) => ({ ...edit, span: take() })) })),
  };
}
