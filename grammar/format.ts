import { formatPart, leftAsItIs, type FormattedPart } from './format/part.ts';
import { partsOf, wrongParts } from './format/parts.ts';
import { finish, type InParts } from './in-parts.ts';
import { parse, type Tree } from './parser.ts';

export type { FormattedPart };

/** With one of these there is no tree of the whole text. */
const UNREADABLE: ReadonlySet<string> = new Set(['PV1013', 'PV1019', 'PV1027']);

/**
 * The text in the one style of the language: four blanks a level, one blank around operators, '{' on the line of
 * what it belongs to, at most one empty line. Line breaks inside statements, and all comments, stay where they are; a
 * declaration with a mistake in it stays as it is, byte for byte. Undefined for what is no text, or no tree: too
 * large, nested too deep. `tree`: that of the text, where it is known.
 */
export function format(
  text: string,
  tree: Pick<Tree, 'file' | 'diagnostics'> = parse(text),
): string | undefined {
  const parts = finish(formatInParts(text, tree));
  return parts && text.slice(0, parts[0]?.start) + parts.map((part) => part.text).join('');
}

/**
 * The same, part by part: each is some lines of the text, together they are all of it. A declaration that was formatted
 * before, in this text or an older one whose tree this one took over, is not formatted again.
 */
export function* formatInParts(
  text: string,
  { file, diagnostics }: Pick<Tree, 'file' | 'diagnostics'>,
): InParts<readonly FormattedPart[] | undefined> {
  if (diagnostics.some((d) => UNREADABLE.has(d.code))) return undefined;
  const eol = /\r\n|\n/.exec(text)?.[0] ?? '\n';
  const parts = partsOf(text, file);
  const wrong = wrongParts(text, parts, file, diagnostics);
  const formatted: FormattedPart[] = [];
  for (const [index, part] of parts.entries()) {
    const made = wrong.has(part) ? leftAsItIs(text, part, eol) : formatPart(text, part, eol);
    formatted.push(made);
    if (index % TOGETHER === 0) yield;
  }
  return formatted;
}

/** Declarations that are formatted in one go. */
const TOGETHER = 8;
