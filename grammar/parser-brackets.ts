import { EOF } from 'chevrotain';
import type { TokenType } from 'chevrotain';
import type { Related } from '../server/src/diagnostics/diagnostic.ts';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import { ParserBase } from './parser-base.ts';
import { misaligned } from './parser-braces.ts';
import type { Token } from './parser-layout.ts';
import { spanOf } from './parser-lexical.ts';
import * as T from './tokens.ts';

const DECLARATIONS: ReadonlySet<TokenType> = new Set([T.Policy, ...T.DECLARATION_TOKENS]);

/** What is between two braces: how messages name it, and how it is named when it is not closed. */
export interface Body {
  /** One of what it holds, as in "expected a statement". */
  readonly item: string;
  /** The whole, as in "to close the block". */
  readonly what: string;
  /** Whether it holds declarations, so that one at the start of a line does not show that a '}' is missing. */
  readonly declarations?: boolean;
  /** Tokens that never stand in it and show, where a '}' is missing in the file, that it is this one's. */
  readonly endedBy?: ReadonlySet<TokenType>;
}

/** Lists between brackets and braces: their items, their ends, and what is said where an end is missing. */
export abstract class BracketParser extends ParserBase {
  /** `{ item* }`. Each item ends itself with `endOfItem`. */
  protected braces(body: Body, item: () => void): void {
    const open = this.openBrace();
    if (open === undefined) {
      // A file with a '}' too many lacks this '{' rather than the whole block.
      if (this.balance >= 0) return;
      this.skipItem();
    }
    this.settle();
    let junk = false;
    do {
      const at = this.currIdx;
      this.MANY9({ GATE: () => !this.startsDeclaration() || body.declarations === true, DEF: item });
      if (this.currIdx > at) junk = false;
    } while (this.skipJunk(body, junk) && (junk = true));
    if (this.is(T.RBrace) || this.RECORDING_PHASE) this.CONSUME9(T.RBrace);
    else this.unclosed(open, '}', body.what);
  }

  private openBrace(): Token | undefined {
    if (!this.RECORDING_PHASE && !this.is(T.LBrace)) {
      this.fail("'{'");
      let ahead = 1;
      while (!this.is(T.LBrace, ahead) && !this.endsItem(ahead)) ahead++;
      if (this.is(T.LBrace, ahead)) this.currIdx += ahead - 1;
      else return undefined;
    }
    return this.CONSUME8(T.LBrace);
  }

  /** Reports a bracket that is not closed, with the place where it was opened. */
  protected unclosed(open: Token | undefined, closer: string, what: string): void {
    if (open === undefined) {
      this.fail(`'${closer}'`);
      return;
    }
    if (this.isQuiet) return;
    const culprit = closer === '}' ? misaligned(this.text, this.tokVector, open, this.offset()) : undefined;
    const opener = culprit?.opener ?? open;
    const end = this.lastEnd();
    const related: Related[] = [{ message: 'opened here', span: spanOf(opener) }];
    const args = {
      closer,
      what: culprit === undefined ? what : 'the block',
      line: this.lineOf(opener.startOffset),
    };
    const span = culprit === undefined ? { start: end, end } : spanOf(culprit.closer);
    this.report(diagnostic('PV1011', span, args, { related }));
  }

  /**
   * Skips what is no item. False at the end of the body, true where another item may follow. Junk behind junk
   * (`again`) is the same mistake and not reported.
   */
  private skipJunk(body: Body, again: boolean): boolean {
    if (this.RECORDING_PHASE || this.is(T.RBrace) || this.is(EOF) || this.startsDeclaration()) return false;
    if (this.ends(body)) return false;
    if (this.is(T.Sep)) this.skip();
    else {
      if (!again) this.reportJunk(body);
      this.skipItem();
    }
    this.settle();
    return true;
  }

  /** Whether the next token shows that a body is not closed. */
  private ends(body: Body): boolean {
    return this.balance > 0 && body.endedBy?.has(this.LA(1).tokenType) === true;
  }

  protected reportJunk(body: Body): void {
    const type = this.LA(1).tokenType;
    if (DECLARATIONS.has(type)) {
      this.report(diagnostic('PV1021', this.here(), { word: this.LA(1).image }));
    } else if (type === T.RParen || type === T.RBracket) {
      this.report(diagnostic('PV1012', spanOf(this.LA(1)), { closer: this.LA(1).image }));
    } else this.fail(body.item);
  }

  /**
   * Whether the next token shows that the body before it is not closed: it starts a declaration, its line is not
   * indented, and a '}' is missing somewhere.
   */
  private startsDeclaration(): boolean {
    if (this.balance <= 0 || !DECLARATIONS.has(this.LA(1).tokenType) || this.is(T.Colon, 2)) return false;
    return this.atMargin();
  }

  /** Whether the next token starts a line, without indentation. */
  protected atMargin(): boolean {
    const at = this.offset();
    return at === 0 || /[\r\n]/.test(this.text.charAt(at - 1));
  }

  private readonly comma = (): Token => this.CONSUME9(T.Comma);
  private readonly sep = (): Token => this.CONSUME8(T.Sep);

  /**
   * The end of a statement, field or declaration: a line end, ';', or a '}' that is left to the caller. Where `next` sees
   * another item instead, only the ',' before it is missing.
   */
  protected endOfItem(expected: string, comma: boolean, next?: () => boolean): void {
    if (comma) this.OPTION9(this.comma);
    this.OPTION8(this.sep);
    if (this.RECORDING_PHASE) return;
    const last = this.LA(0).tokenType;
    if (last === T.Comma || last === T.Newline || last === T.Semi) {
      if (!this.startsDeclaration()) this.settle();
      return;
    }
    if (this.is(EOF)) return;
    if (!this.is(T.RBrace)) {
      // The '}' in front of this 'else' is missing: the block reports it.
      if (this.is(T.Else) && this.balance > 0) return;
      if (next?.() === true) {
        const end = this.lastEnd();
        const edits = [{ span: { start: end, end }, newText: ',' }];
        this.fail(expected, [{ title: "Insert ','", edits }]);
        this.settle();
        return;
      }
      this.reportTrailing(expected);
      this.skipItem();
      if (this.is(T.Sep)) this.skip();
    }
    this.settle();
  }

  protected reportTrailing(expected: string): void {
    const type = this.LA(1).tokenType;
    if (type === T.RParen || type === T.RBracket) {
      this.report(diagnostic('PV1012', spanOf(this.LA(1)), { closer: this.LA(1).image }));
    } else this.fail(expected);
  }

  /** Skips to the end of the item, over whole blocks. */
  protected skipItem(): void {
    let braces = 0;
    while (!this.is(EOF)) {
      const type = this.LA(1).tokenType;
      if (braces === 0 && (type === T.RBrace || type === T.Newline || type === T.Semi)) return;
      if (braces > 0 && this.startsDeclaration()) return;
      if (type === T.LBrace) braces++;
      else if (type === T.RBrace) braces--;
      this.skip();
    }
  }

  /**
   * `item, item, …` up to a closing bracket; a comma may stand after the last. `item` is read in two places of the
   * rule, which Chevrotain tells apart by the number it is given.
   */
  protected commaList<R>(item: (nth: 1 | 2) => R, what: string): R[] {
    const items: R[] = [];
    this.OPTION6(() => {
      items.push(item(1));
      this.MANY8(() => {
        this.CONSUME8(T.Comma);
        const more = this.OPTION7(() => items.push(item(2)));
        if (more === undefined && this.is(T.Comma)) this.fail(what);
      });
    });
    return items;
  }

  /** Goes on after the bracket that closes `open`, if it is there, whatever stands before it. */
  protected closeBracket(open: Token | undefined, closer: TokenType, what: string, expected: string): void {
    if (this.is(closer) || this.RECORDING_PHASE) {
      this.CONSUME7(closer);
      return;
    }
    const text = T.textOf(closer);
    if (this.endsItem(1) || this.is(T.LBrace)) this.unclosed(open, text, what);
    else this.fail(expected);
    let parens = 0;
    for (let ahead = 1; !this.endsItem(ahead) && !this.is(T.LBrace, ahead); ahead++) {
      const type = this.LA(ahead).tokenType;
      if (parens === 0 && type === closer) {
        this.currIdx += ahead;
        return;
      }
      if (type === T.LParen || type === T.LBracket) parens++;
      else if (type === T.RParen || type === T.RBracket) parens--;
    }
  }
}
