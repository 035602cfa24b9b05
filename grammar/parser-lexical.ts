import type { ILexingError, TokenType } from 'chevrotain';
import type { Diagnostic, Fix, Span } from '../server/src/diagnostics/diagnostic.ts';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type { Token } from './parser-layout.ts';
import { foreignOperator } from './parser-words.ts';
import * as T from './tokens.ts';

/** Reports what is wrong inside single tokens: characters that start none, texts and comments without an end. */
export function lexicalDiagnostics(
  text: string,
  tokens: readonly Token[],
  errors: readonly ILexingError[],
  out: Diagnostic[],
): void {
  for (const error of errors.slice(0, MOST)) {
    const span = { start: error.offset, end: error.offset + error.length };
    out.push(badCharacters(text.slice(span.start, span.end), span));
  }
  for (const token of tokens) {
    const type = token.tokenType;
    if (!FAULTY.has(type)) continue;
    if (out.length > MOST) return;
    if (type === T.UnterminatedString) {
      const span = spanOf(token);
      const fix: Fix = {
        title: `Add the closing '"'`,
        edits: [{ span: { start: span.end, end: span.end }, newText: '"' }],
      };
      out.push(diagnostic('PV1002', span, undefined, { fixes: [fix] }));
    } else if (type === T.UnterminatedComment) {
      // The whole rest of the file is the comment; its start is what the user looks for.
      out.push(diagnostic('PV1003', { start: token.startOffset, end: token.startOffset + 2 }));
    } else if (type === T.BadNumber) out.push(badNumber(token));
    else if (type === T.WrongQuotes) out.push(wrongQuotes(token));
    else if (type === T.ForeignOp)
      out.push(diagnostic('PV1031', spanOf(token), foreignOperator(token.image)));
    else out.push(badCharacters(token.image, spanOf(token)));
  }
}

const FAULTY: ReadonlySet<TokenType> = new Set([
  T.UnterminatedString,
  T.UnterminatedComment,
  T.BadNumber,
  T.Unknown,
  T.WrongQuotes,
  T.ForeignOp,
]);

/** More than this many of these in one file help nobody. */
const MOST = 1000;

/** The range of a token in its text. */
export const spanOf = (token: Token): Span => ({
  start: token.startOffset,
  end: token.startOffset + token.image.length,
});

const LOOKALIKES: ReadonlyMap<string, string> = new Map([
  ['\u201c', '"'], ['\u201d', '"'], ['\u201e', '"'], ['\u2018', '"'], ['\u2019', '"'], ["'", '"'],
  ['\u00a0', ' '], ['\u2013', '-'], ['\u2014', '-'], ['\u2212', '-'], ['\u00d7', '*'], ['\u2264', '<='],
  ['\u2265', '>='], ['\u2260', '!='], ['\u2026', '..'], ['\u2192', '->'], ['\u21d2', '=>'], ['\u200b', ''],
]); // prettier-ignore

function badCharacters(found: string, span: Span): Diagnostic {
  const plain = [...found].map((c) => LOOKALIKES.get(c));
  if (plain.every((c) => c !== undefined)) {
    const newText = plain.join('');
    const hint = newText.trim() === '' ? '; it only looks like a blank' : `; did you mean '${newText}'?`;
    const fix: Fix = { title: `Replace by '${newText}'`, edits: [{ span, newText }] };
    return diagnostic('PV1004', span, { found: quote(found), hint }, { fixes: [fix] });
  }
  return diagnostic('PV1004', span, { found: quote(found), hint: '' });
}

/** A run of characters as a message shows it: quoted if it can be seen, by code point if not, cut if long. */
function quote(found: string): string {
  const [first = '', ...rest] = [...found];
  const visible = /^[\p{L}\p{N}\p{P}\p{S}\p{M}]+$/u.test(found);
  if (visible) return `'${found.length > 20 ? `${[...found].slice(0, 20).join('')}…` : found}'`;
  const point = `U+${(first.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return rest.length === 0 ? `the character ${point}` : `a run of characters that starts with ${point}`;
}

function wrongQuotes(token: Token): Diagnostic {
  const span = spanOf(token);
  const newText = `"${token.image.slice(1, -1)}"`;
  return diagnostic('PV1030', span, undefined, {
    fixes: [{ title: `Write ${newText}`, edits: [{ span, newText }] }],
  });
}

function badNumber(token: Token): Diagnostic {
  const { image } = token;
  const span = spanOf(token);
  const text = image.length > 40 ? `${image.slice(0, 40)}…` : image;
  if (/^0[xX]/.test(image)) {
    return diagnostic('PV1006', span, { text, hint: 'after 0x come the digits 0-9 and a-f' });
  }
  const unit = /[A-Za-z_]\w*$/.exec(image)?.[0] ?? '';
  const asMs = /^(?:msec|millis|msecs)$/.test(unit) ? 'ms' : undefined;
  const near =
    asMs ??
    (/^(?:usec|usecs|micros)$/.test(unit)
      ? 'us'
      : /^(?:nsec|nsecs|nanos)$/.test(unit)
        ? 'ns'
        : /^(?:sec|secs|seconds)$/.test(unit)
          ? 's'
          : /^(?:min|mins|minutes)$/.test(unit)
            ? 'm'
            : undefined);
  const fixes: Fix[] =
    near === undefined
      ? []
      : [
          {
            title: `Write the unit as '${near}'`,
            edits: [{ span: { start: span.end - unit.length, end: span.end }, newText: near }],
          },
        ];
  const hint =
    unit === ''
      ? 'a number has at most one point'
      : near === undefined
        ? 'the units are ns, us, ms, s and m'
        : `did you mean the unit '${near}'? The units are ns, us, ms, s and m`;
  return diagnostic('PV1006', span, { text, hint }, { fixes });
}
