import { Anchored } from '../server/src/diagnostics/anchored.ts';
import type { Diagnostic, Span } from '../server/src/diagnostics/diagnostic.ts';
import type { Block, Decl, PolicyFile } from './ast.ts';
import { forget, move } from './move.ts';
import { MOST_DIAGNOSTICS } from './parser-base.ts';
import { layout, notText } from './parser-layout.ts';
import { inOrder, LONGEST_TEXT, parseDeclarations, type Tree } from './parser.ts';
import { changeOf, type Change } from './text.ts';
import * as T from './tokens.ts';

/**
 * The tree of `text`, made from that of an `older` text by reading again the declarations that the edit touches and
 * their neighbours; undefined where what is to be read again is not sure, which is where a neighbour has mistakes. Equal to
 * what `parse` gives.
 *
 * How the parser recovers depends on whether a brace is missing anywhere in the file: more mistakes elsewhere are kept
 * only where that is as before. A declaration without mistakes reads the same either way, but for a `guest { }` whose
 * declarations are not indented.
 *
 * The older tree is used up: its declarations are moved to where they stand now. One of which only the body has changed
 * keeps its identity, so that what is known of it by that holds.
 */
export function reparse(older: Tree, olderText: string, text: string): Tree | undefined {
  if (text.length > LONGEST_TEXT || olderText.length > LONGEST_TEXT) return undefined;
  if (older.file.header === undefined || notText(text) !== undefined) return undefined;
  const edit = changeOf(olderText, text);
  const { decls } = older.file;
  const range = touched(older.file, edit);
  const elsewhere = range && mistakesElsewhere(older, olderText, range);
  if (range === undefined || elsewhere === undefined) return undefined;
  const next = decls[range.to];
  const end = next === undefined ? text.length : next.span.end + edit.delta;
  if (!startsItem(text.slice(range.start, end))) return undefined;
  const outer =
    elsewhere.length === 0 ? 0 : older.balance - balanceOf(olderText, range.start, end - edit.delta);
  const read = parseDeclarations(text, range.start, end, outer);
  if (read.file.header !== undefined) return undefined;
  if ((older.balance !== 0 || read.balance !== 0) && decls.some(({ kind }) => kind === 'guest'))
    return undefined;
  if (read.diagnostics.length + elsewhere.length > MOST_DIAGNOSTICS) return undefined;
  if (elsewhere.length > 0 && Math.sign(read.balance) !== Math.sign(older.balance)) return undefined;
  if (
    namesLines(elsewhere) &&
    linesIn(olderText, edit.start, edit.end) !== linesIn(text, edit.start, edit.end + edit.delta)
  )
    return undefined;
  const fresh = [...read.file.decls];
  const last = next === undefined ? undefined : fresh.pop();
  const until = next === undefined ? text.length + 1 : next.span.start + edit.delta;
  if (next !== undefined && !isSame(last, next, edit.delta)) return undefined;
  if (!read.diagnostics.every((one) => isInside(one, firstLineEnd(text, range.start), until)))
    return undefined;

  const kept = new Anchored(elsewhere, decls);
  const old = decls.slice(range.from, range.to);
  const renewed = fresh.map((decl, index) => {
    const before = fresh.length === old.length ? old[index] : undefined;
    return before !== undefined && graft(before, olderText, decl, text, read.diagnostics) ? before : decl;
  });
  for (const decl of decls.slice(range.to)) move(decl, edit.delta);
  const file = {
    ...older.file,
    span: { start: 0, end: text.length },
    decls: [...decls.slice(0, range.from), ...renewed, ...decls.slice(range.to)],
  };
  const diagnostics = [...read.diagnostics, ...kept.now()].sort(inOrder);
  return { file, diagnostics, balance: read.balance };
}

/** Declarations `from..to`, and the part of the old text that is theirs, with what surrounds them. */
interface Range extends Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The mistakes that an edit of the range leaves as they are; undefined where one may concern the range or its neighbours.
 * A whole line must be between them: what is wrong inside a token silences the rest of its line.
 */
function mistakesElsewhere(
  { file, diagnostics }: Tree,
  text: string,
  range: Range,
): readonly Diagnostic[] | undefined {
  const outside = diagnostics.filter((one) => !isInside(one, range.start, range.end));
  if (outside.length === 0) return outside;
  const before = lastLineEnd(text, (file.decls[range.from - 1] ?? file.header)?.span.start ?? 0);
  const next = file.decls[range.to];
  const after = next === undefined ? Infinity : firstLineEnd(text, next.span.end);
  const stay = outside.every(
    (one) =>
      !OF_THE_WHOLE.has(one.code) &&
      (isInside(one, -1, before) || (after < text.length && isInside(one, after, Infinity))),
  );
  return stay ? outside : undefined;
}

/** Said of the whole text, or of all that follows. */
const OF_THE_WHOLE: ReadonlySet<string> = new Set(['PV1003', 'PV1019', 'PV1020', 'PV1027']);

/** Whether a message tells the number of a line. */
const namesLines = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ code }) => code === 'PV1011');

const linesIn = (text: string, start: number, end: number): number =>
  text.slice(start, end).split(/\r\n|\r|\n/).length;

const balanceOf = (text: string, start: number, end: number): number => layout(text, start, end).balance;

/** What the edit touches. */
function touched({ header, decls }: PolicyFile, edit: Change): Range | undefined {
  let from = decls.findIndex(({ span }) => span.end >= edit.start);
  let to = from < 0 ? decls.length : from;
  while (to < decls.length && ((decls[to]?.span.start ?? 0) <= edit.end || to === from)) to++;
  // What is typed between two declarations may belong to the first, and what could not be read has no firm end.
  if (from < 0 || edit.start < (decls[from]?.span.start ?? 0)) from = (from < 0 ? decls.length : from) - 1;
  while (decls[from]?.kind === 'error-decl') from--;
  while (decls[to]?.kind === 'error-decl') to++;
  const before = decls[from - 1] ?? header;
  if (before === undefined || before.kind === 'error-decl' || from < 0) return undefined;
  const { end: start } = before.span;
  if ((header?.span.end ?? 0) > start || edit.start <= start) return undefined;
  return { from, to, start, end: decls[to]?.span.start ?? Infinity };
}

/** Nothing but white space and comments, a line end among them, and then a keyword that starts a declaration. */
function startsItem(part: string): boolean {
  const found =
    /^(?:[ \t]|\/\/[^\r\n]*)*[\r\n](?:\s|\/\/[^\r\n]*|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*([a-z_]\w*)\s*(.)/.exec(
      part,
    );
  const type = found?.[1] === undefined ? undefined : T.keywordType(found[1]);
  return type !== undefined && T.DECLARATION_TOKENS.includes(type) && found?.[2] !== ':';
}

function lastLineEnd(text: string, from: number): number {
  let at = from;
  while (at > 0 && text[at] !== '\n' && text[at] !== '\r') at--;
  return at;
}

function firstLineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

/** Is everything that a diagnostic speaks of behind `start` and before `end`? */
function isInside({ span, related, fixes }: Diagnostic, start: number, end: number): boolean {
  const inside = (place: Span): boolean => place.start > start && place.end < end;
  return (
    inside(span) &&
    related.every((step) => step.span === undefined || inside(step.span)) &&
    fixes.every((fix) => fix.edits.every((edit) => inside(edit.span)))
  );
}

const isSame = (decl: Decl | undefined, old: Decl, delta: number): boolean =>
  decl !== undefined &&
  decl.kind === old.kind &&
  decl.doc === old.doc &&
  decl.span.start === old.span.start + delta &&
  decl.span.end === old.span.end + delta;

type WithBody = Decl & { readonly kind: 'fn' | 'hook' | 'every' };

const hasBody = (decl: Decl): decl is WithBody =>
  decl.kind === 'fn' || decl.kind === 'hook' || decl.kind === 'every';

/** Gives a declaration the body that it has now, if its head is what it was. */
function graft(
  old: Decl,
  oldText: string,
  now: Decl,
  text: string,
  diagnostics: readonly Diagnostic[],
): boolean {
  if (!hasBody(old) || !hasBody(now) || old.kind !== now.kind || old.doc !== now.doc) return false;
  if (headOf(old, oldText) !== headOf(now, text)) return false;
  if (diagnostics.some(({ span }) => span.start <= now.body.span.start)) return false;
  const { body: _, ...head } = old;
  move(head, now.span.start - old.span.start);
  forget(old);
  (old as { body: Block }).body = now.body;
  (old.span as { end: number }).end = now.span.end;
  return true;
}

const headOf = ({ span, body }: WithBody, text: string): string => text.slice(span.start, body.span.start);
