import fc from 'fast-check';

/** What people type, and what they break while they type it. */
const PIECES = [
  'x', '1', ' ', '\n', '\n\n', '{', '}', '{}', '(', ')', '[', ']', '.', ',', ':', '"', '//', '/*', '*/', '///', '=', '-',
  'if true { }\n', 'return', 'let a = 1\n', '\nfn f() {\n}\n', '\ncounter c per vm\n', '\non ', 'param', 'boost(v)', 'v.',
  '\npolicy q for tracing\n', 'log "a{b', 'now()', ' + 1', '\u00e9', '\ud83d\ude00', '\ufffd', '\r\n', 'guest {', 'match',
  '\nenum e { a, b }\n', 'else', ';',
]; // prettier-ignore

/** One edit: where, relative to the last one or in the whole text; what goes and what comes; and if it is undone. */
export interface Edit {
  readonly near: boolean;
  readonly at: number;
  readonly remove: number;
  readonly piece: string;
  readonly undo: boolean;
}

/** Up to `most` edits in a row, near one another as those of a person are, many of them undone soon. */
export const edits = (most: number): fc.Arbitrary<readonly Edit[]> =>
  fc.array(
    fc.record({
      near: fc.boolean(),
      // Without the bias towards the ends that fast-check has: most of a text is its middle.
      at: fc.noBias(fc.nat(999)),
      remove: fc.constantFrom(0, 0, 0, 1, 1, 3, 20),
      piece: fc.constantFrom('', ...PIECES),
      undo: fc.constantFrom(true, true, true, true, false),
    }),
    { minLength: 1, maxLength: most },
  );

/** The texts that the edits make of `text`, one after the other. */
export function* texts(text: string, made: readonly Edit[]): Generator<string> {
  let last = 0;
  let current = text;
  for (const { near, at, remove, piece, undo } of made) {
    last = Math.min(near ? last + (at % 8) : Math.floor((at / 1000) * current.length), current.length);
    const before = current;
    yield (current = current.slice(0, last) + piece + current.slice(last + remove));
    if (undo) yield (current = before);
  }
}
