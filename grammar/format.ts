import { piecesOf } from './format/pieces.ts';
import { print } from './format/print.ts';
import { rolesOf } from './format/roles.ts';
import { frozen } from './format/segments.ts';
import { parse, tokensOf, type ParseResult, type Tree } from './parser.ts';

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
  tree: Pick<Tree, 'file' | 'diagnostics'> | ParseResult = parse(text),
): string | undefined {
  const { file, diagnostics } = tree;
  if (diagnostics.some((d) => UNREADABLE.has(d.code))) return undefined;
  const { tokens, significant } = 'tokens' in tree ? tree : tokensOf(text);
  const stretches = frozen(text, file, tokens, diagnostics);
  const eol = /\r\n|\n/.exec(text)?.[0] ?? '\n';
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  return mark + print(piecesOf(text, { tokens, significant }, stretches), rolesOf(file, tokens), eol);
}
