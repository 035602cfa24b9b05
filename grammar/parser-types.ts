import type { ParserMethod, TokenType } from 'chevrotain';
import type { Expr, TypeRef } from './ast.ts';
import { BracketParser } from './parser-brackets.ts';
import * as T from './tokens.ts';

/** Types. */
export abstract class TypeParser extends BracketParser {
  abstract readonly expr: ParserMethod<[], Expr>;

  readonly type: ParserMethod<[], TypeRef> = this.rule('type', () => {
    const start = this.offset();
    if (!this.enter('types are nested')) return { kind: 'error-type', span: this.spanFrom(start) };
    const base = this.SUBRULE(this.baseType);
    this.leave();
    if (this.OPTION(() => this.CONSUME(T.Question)) === undefined) return base;
    return { kind: 'optional-type', span: this.spanFrom(start), inner: base };
  });

  readonly baseType: ParserMethod<[], TypeRef> = this.rule('baseType', () => {
    const start = this.offset();
    const named = (): TypeRef => {
      const name = this.ident(this.CONSUME(T.Ident));
      return { kind: 'named-type', span: name.span, name };
    };
    const type = this.OR<TypeRef | undefined>({
      ERR_MSG: 'a type',
      IGNORE_AMBIGUITIES: true,
      DEF: [
        { GATE: () => this.is(T.LParen, 2), ALT: () => this.ewma(start) },
        { GATE: () => this.is(T.Of, 2), ALT: () => this.sized(start, 'list-type', T.List, 0) },
        { GATE: () => this.is(T.Of, 2), ALT: () => this.sized(start, 'ring-type', T.Ring, 1) },
        { ALT: named },
        // Reserved, since it starts a declaration; where a type is due it is one.
        {
          ALT: () => {
            const name = this.ident(this.CONSUME(T.Dsq));
            return { kind: 'named-type', span: name.span, name };
          },
        },
      ],
    });
    return type ?? { kind: 'error-type', span: this.spanFrom(start) };
  });

  /** `ewma(1/8) of T` */
  private ewma(start: number): TypeRef {
    this.CONSUME(T.Ewma);
    const open = this.CONSUME(T.LParen);
    const alpha = this.SUBRULE(this.expr);
    this.closeBracket(open, T.RParen, "the '('", "')'");
    this.CONSUME(T.Of, { ERR_MSG: "'of' and a type" });
    const of = this.SUBRULE(this.type);
    return { kind: 'ewma-type', span: this.spanFrom(start), alpha, of };
  }

  /** `list of T max N`, `ring of T max N` */
  private sized(start: number, kind: 'list-type' | 'ring-type', keyword: TokenType, nth: 0 | 1): TypeRef {
    // The two alternatives of one rule need numbers of their own; Chevrotain knows its calls by them.
    this.consume(nth + 1, keyword);
    this.consume(nth + 3, T.Of);
    const of = this.subrule(nth + 1, this.type);
    this.consume(nth + 5, T.Max, { ERR_MSG: "'max' and the largest number of elements" });
    const max = this.subrule(nth + 3, this.expr);
    return { kind, span: this.spanFrom(start), of, max };
  }
}
