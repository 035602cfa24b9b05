import type { Span } from '../server/src/diagnostics/diagnostic.ts';

/**
 * Spans of a part of a tree, each object once: nodes may share them. Kept for as long as the part is, so that moving it
 * again costs a loop over numbers.
 */
const known = new WeakMap<object, readonly Span[]>();

/** Moves every place in a part of a tree by `by`. The only thing that ever changes a tree; see `reparse`. */
export function move(part: object, by: number): void {
  if (by === 0) return;
  const spans = known.get(part) ?? spansOf(part);
  known.set(part, spans);
  for (const span of spans) moveSpan(span, by);
}

/** Must be called when something else has become part of `part`. */
export const forget = (part: object): void => void known.delete(part);

const moveSpan = (span: { start: number; end: number }, by: number): void => {
  span.start += by;
  span.end += by;
};

function spansOf(part: object): readonly Span[] {
  const found = new Set<Span>();
  collect(part, found);
  return [...found];
}

function collect(value: object, found: Set<Span>): void {
  if (isSpan(value)) {
    found.add(value);
    return;
  }
  for (const key in value) {
    const inner: unknown = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof inner === 'object' && inner !== null) collect(inner, found);
  }
}

const isSpan = (value: object): value is Span => 'start' in value && 'end' in value;
