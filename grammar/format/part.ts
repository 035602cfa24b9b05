import { layout } from '../parser-layout.ts';
import { solidStart, type Part } from './parts.ts';
import { lineEnds, piecesOf } from './pieces.ts';
import { print } from './print.ts';
import { rolesOf } from './roles.ts';

/** Some lines of a text, and what stands in their place once they are formatted. */
export interface FormattedPart {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Stands for what was formatted: the same object for the same lines of the same declarations. */
  readonly key: object;
}

/** What the lines of a declaration were formatted to, by the first declaration in them. */
const known = new WeakMap<object, Known>();

interface Known {
  readonly source: string;
  readonly first: boolean;
  readonly eol: string;
  readonly text: string;
}

/** Formats a part without mistakes. */
export function formatPart(text: string, part: Part, eol: string): FormattedPart {
  const { start, end, items, first } = part;
  const source = text.slice(start, end);
  const by = part.last ? undefined : items[0];
  const before = by && known.get(by);
  if (before?.source === source && before.first === first && before.eol === eol)
    return { start, end, text: before.text, key: before };
  const { raw, tokens } = layout(text, start, end);
  const pieces = piecesOf(raw, tokens);
  const printed = print(pieces, rolesOf(items, raw), eol);
  const made = { source, first, eol, text: framed(printed, pieces[0]?.lines ?? 0, part, eol) };
  if (by) known.set(by, made);
  return { start, end, text: made.text, key: made };
}

/** Leaves a part with mistakes as it is, but for the empty lines around it. */
export function leftAsItIs(text: string, part: Part, eol: string): FormattedPart {
  const { start, end } = part;
  const from = solidStart(text, part);
  const inner = text.slice(from, end);
  const solid = inner.trimEnd().length;
  const rest = inner.slice(solid).search(/[\r\n]/);
  const kept = inner.slice(0, rest < 0 ? inner.length : solid + rest);
  const lines = Math.min(2, lineEnds(text.slice(start, from)));
  return { start, end, text: framed(kept, lines, part, eol), key: {} };
}

/** With its line ends in front, and at the end of the text. */
function framed(printed: string, lines: number, { first, last }: Part, eol: string): string {
  const body = printed === '' || first ? printed : eol.repeat(lines) + printed;
  return last && !(first && body === '') ? body + eol : body;
}
