import { EOF } from 'chevrotain';
import type { ParserMethod } from 'chevrotain';
import type { Diagnostic, Fix, Span } from '../server/src/diagnostics/diagnostic.ts';
import { closest } from '../server/src/diagnostics/suggest.ts';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type { Decl, Header, PolicyFile } from './ast.ts';
import { CHOICES } from './choices.ts';
import type { Choice } from './lookahead.ts';
import { MOST_DIAGNOSTICS } from './parser-base.ts';
import { DeclarationParser } from './parser-declarations.ts';
import { layout, notText } from './parser-layout.ts';
import type { Layout, Token } from './parser-layout.ts';
import { spanOf } from './parser-lexical.ts';
import { foreignWord } from './parser-words.ts';
import { LineIndex } from './text.ts';
import * as T from './tokens.ts';

/** Longer texts are no policies; the budget of a keystroke is for one fiftieth of this. */
export const LONGEST_TEXT = 1 << 20;

const DECLARATION_WORDS = T.DECLARATION_TOKENS.map(T.textOf);

/** What a text is, and what is wrong with it. */
export interface Tree {
  readonly file: PolicyFile;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /** How many more '{' than '}' the text has. */
  readonly balance: number;
}

/** What a text is cut into. */
export interface Tokens {
  /** Every token of the text with comments and line ends, without white space. */
  readonly tokens: readonly Token[];
  /** The tokens that the grammar sees: no comments, and of the line ends those that end something. */
  readonly significant: readonly Token[];
}

/** A tree with its tokens. */
export type ParseResult = Tree & Tokens;

/** The whole language. One instance parses one text after the other. */
export class PolicyParser extends DeclarationParser {
  /**
   * `validate` has Chevrotain check the grammar for ambiguities, which takes longer than the rest of the start; `choices`
   * are those of the grammar, if they are known.
   */
  constructor(validate: boolean, choices?: readonly Choice[]) {
    super(validate);
    this.decideBy(choices);
  }

  /** Reads the tokens of `text`; with `continued` those of some declarations out of its middle. */
  read(text: string, tokens: Layout, continued = false): { file: PolicyFile; diagnostics: Diagnostic[] } {
    this.start(text, tokens);
    this.headless = continued;
    const file = this.file();
    const { diagnostics } = this;
    this.finish();
    return { file: { ...file, span: { start: 0, end: text.length } }, diagnostics };
  }

  /** Whether there is no header to be missed: it was reported, or stands further up. */
  private headless = false;

  readonly file: ParserMethod<[], PolicyFile> = this.rule('file', () => {
    let header: Header | undefined;
    const decls: Decl[] = [];
    do {
      this.MANY(() => {
        this.OR([
          {
            ALT: () => {
              const found = this.SUBRULE(this.header);
              if (header !== undefined || decls.length > 0) this.misplaced(found, header === undefined);
              header ??= found;
            },
          },
          { ALT: () => decls.push(this.SUBRULE(this.decl)) },
        ]);
        this.endOfItem('the end of the declaration', false);
      });
    } while (this.skipAtTop(decls));
    if (header === undefined && !this.headless && !this.RECORDING_PHASE) this.missingHeader(decls);
    return { kind: 'file', span: { start: 0, end: 0 }, header, decls };
  });

  readonly header: ParserMethod<[], Header> = this.rule('header', () => {
    if (!this.corrected) this.settle();
    this.corrected = false;
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.Policy);
    const name = this.nameHere("the name of the policy after 'policy'");
    this.CONSUME(T.For, { ERR_MSG: "'for' and a target: pvsched, tracing or sched_ext" });
    const target = this.ident(
      this.CONSUME1(T.Ident, { ERR_MSG: "a target after 'for': pvsched, tracing or sched_ext" }),
    );
    const requires = this.OPTION(() => this.SUBRULE(this.requirement));
    return { kind: 'header', span: this.spanFrom(start), doc, name, target, requires };
  });

  /** `requires kernel >= 6.12`. A version is its text: 7.10 is later than 7.9, and not 7.1. */
  readonly requirement: ParserMethod<[], NonNullable<Header['requires']>> = this.rule('requirement', () => {
    const start = this.offset();
    this.CONSUME(T.Requires);
    this.CONSUME(T.Kernel, { ERR_MSG: "'kernel >= VERSION' after 'requires'" });
    this.CONSUME(T.Ge, { ERR_MSG: "'>=' and a version" });
    const version = this.OR<Token | undefined>({
      ERR_MSG: 'a kernel version such as 6.12',
      DEF: [
        { ALT: () => this.CONSUME(T.Version) },
        { ALT: () => this.CONSUME(T.Decimal) },
        { ALT: () => this.CONSUME(T.Int) },
      ],
    });
    return { version: version?.image ?? '', span: this.spanFrom(start) };
  });

  private misplaced(header: Header, first: boolean): void {
    this.note(diagnostic('PV1010', header.span, { first }));
  }

  /** An empty file has no mistake but this one; where the first thing is unreadable, that is said first. */
  private missingHeader(decls: readonly Decl[]): void {
    const first = decls[0];
    const span = first === undefined ? { start: 0, end: 0 } : firstLine(this.text, first.span);
    const newText = `policy new_policy for ${likelyTarget(decls)}\n\n`;
    const fix: Fix = { title: 'Add a header', edits: [{ span: { start: 0, end: 0 }, newText }] };
    this.settle();
    this.report(diagnostic('PV1009', span, undefined, { fixes: [fix] }));
  }

  /** Skips what is no declaration; false at the end of the file. */
  private skipAtTop(decls: Decl[]): boolean {
    if (this.RECORDING_PHASE || this.is(EOF)) return false;
    this.settle();
    if (this.is(T.Sep)) {
      this.skip();
      return true;
    }
    const doc = this.docHere();
    const start = this.offset();
    // Indented junk behind junk, and a '}' behind it, are the rest of the same mistake.
    const same = decls.at(-1)?.kind === 'error-decl' && (!this.atMargin() || this.is(T.RBrace));
    if (!same && this.reportAtTop(decls.length === 0)) return true;
    if (this.is(T.RBrace)) while (this.is(T.RBrace)) this.skip();
    else this.skipItem();
    decls.push({ kind: 'error-decl', span: this.spanFrom(start), doc });
    return true;
  }

  /** Reports what is no declaration; true if it is now to be read as the keyword that it resembles. */
  private reportAtTop(first: boolean): boolean {
    const span = this.here();
    const { image, tokenType } = this.LA(1);
    if (first && tokenType === T.Ident && this.is(T.For, 2)) {
      const edits = [{ span: { start: span.start, end: span.start }, newText: 'policy ' }];
      this.fail("'policy' in front of the name", [{ title: "Add 'policy'", edits }]);
      this.headless = true;
      return false;
    }
    if (tokenType === T.RBrace || tokenType === T.RParen || tokenType === T.RBracket) {
      this.report(diagnostic('PV1012', spanOf(this.LA(1)), { closer: image }));
    } else if (T.STATEMENT_TOKENS.includes(tokenType)) {
      this.report(diagnostic('PV1029', span, { word: image }));
    } else if (this.is(T.Word)) {
      const foreign = foreignWord(image);
      const word = foreign === undefined ? closest(image, ['policy', ...DECLARATION_WORDS]) : foreign.instead;
      const hint = foreign?.hint ?? (word === undefined ? '' : `; did you mean '${word}'?`);
      const fixes: Fix[] =
        word === undefined ? [] : [{ title: `Change to '${word}'`, edits: [{ span, newText: word }] }];
      this.report(diagnostic('PV1014', span, { word: image, hint }, { fixes }));
      const type = word === undefined ? undefined : T.keywordType(word);
      if (type === undefined || (type !== T.Policy && !T.DECLARATION_TOKENS.includes(type))) return false;
      this.retypeNext(type);
      this.corrected = true;
      return true;
    } else this.fail('a declaration');
    return false;
  }
}

/** The part of `span` that is on its first line. */
function firstLine(text: string, span: Span): Span {
  const length = text.slice(span.start, span.end).search(/[\r\n]/);
  return length < 0 ? span : { start: span.start, end: span.start + length };
}

/** The target that the hooks of a policy without a header ask for. */
function likelyTarget(decls: readonly Decl[]): string {
  const families = decls.map((d) => (d.kind === 'hook' ? d.hook.family : undefined));
  if (families.includes('op')) return 'sched_ext';
  return families.includes('pvsched') ? 'pvsched' : 'tracing';
}

let parser: PolicyParser | undefined;

/** Reads a policy. Any text yields a tree; what is wrong is in the diagnostics. */
export function parse(text: string): ParseResult {
  const bad = notText(text);
  if (bad !== undefined)
    return { file: emptyFile(text), diagnostics: [bad], balance: 0, tokens: [], significant: [] };
  const tokens = layout(text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text);
  const { file, diagnostics } = theParser().read(text, tokens);
  const all = capped(merge(text, tokens.diagnostics, diagnostics));
  if (text.length > LONGEST_TEXT) {
    const span = { start: LONGEST_TEXT, end: LONGEST_TEXT };
    all.push(diagnostic('PV1027', span, { limit: '1 MiB' }));
  }
  const { raw, tokens: kept, balance } = tokens;
  return { file, diagnostics: all, balance, tokens: raw, significant: kept };
}

const theParser = (): PolicyParser => (parser ??= new PolicyParser(false, CHOICES));

/**
 * Reads the declarations of `text` between two offsets, which stand between others: the header is further up. The first
 * token must start a declaration, on a line of its own. In the text around them there are `outer` more '{' than '}'.
 */
export function parseDeclarations(text: string, from: number, to: number, outer = 0): Tree {
  const cut = layout(text, from, to);
  const tokens = { ...cut, balance: cut.balance + outer };
  const { file, diagnostics } = theParser().read(text, tokens, true);
  return { file, diagnostics: merge(text, tokens.diagnostics, diagnostics), balance: tokens.balance };
}

/** Reads the beginning of `text`, to an offset at which a declaration ends. */
export function parseFirst(text: string, to: number): Tree {
  const bad = notText(text);
  if (bad !== undefined) return { file: emptyFile(text), diagnostics: [bad], balance: 0 };
  const tokens = layout(text, 0, to);
  const { file, diagnostics } = theParser().read(text, tokens);
  return { file, diagnostics: merge(text, tokens.diagnostics, diagnostics), balance: tokens.balance };
}

const emptyFile = (text: string): PolicyFile => ({
  kind: 'file',
  span: { start: 0, end: text.length },
  header: undefined,
  decls: [],
});

/** The first diagnostics, with a note that there are more. */
function capped(all: Diagnostic[]): Diagnostic[] {
  if (all.length <= MOST_DIAGNOSTICS) return all;
  const kept = all.slice(0, MOST_DIAGNOSTICS);
  const { span } = all[MOST_DIAGNOSTICS] as Diagnostic;
  return [...kept, diagnostic('PV1020', span, { shown: MOST_DIAGNOSTICS })];
}

/** Drops what the parser says about a line, or an end of file, that a mistake inside a token explains. */
function merge(text: string, lexical: readonly Diagnostic[], parsed: readonly Diagnostic[]): Diagnostic[] {
  if (lexical.length === 0) return [...parsed].sort(inOrder);
  const lines = new LineIndex(text);
  const explained = new Set(lexical.map((d) => lines.lineAt(d.span.start)));
  const swallowed = lexical.find((d) => d.code === 'PV1003')?.span.start ?? Infinity;
  const kept = parsed.filter(
    (d) =>
      !explained.has(lines.lineAt(d.span.start)) &&
      d.span.start < swallowed &&
      !endsBefore(text, d, swallowed),
  );
  return [...lexical, ...kept].sort(inOrder);
}

/** Whether a report is about what is missing where the rest of the file became a comment. */
const endsBefore = (text: string, d: Diagnostic, swallowed: number): boolean =>
  swallowed !== Infinity && d.span.start === d.span.end && text.slice(d.span.end, swallowed).trim() === '';

/** By place: the order of diagnostics in a tree. */
export const inOrder = (a: Diagnostic, b: Diagnostic): number =>
  a.span.start - b.span.start || a.span.end - b.span.end;
