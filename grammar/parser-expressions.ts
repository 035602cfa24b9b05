import type { ParserMethod, TokenType } from 'chevrotain';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type { Arg, BinaryOp, Expr, Ident, StringExpr, TypeRef, UnaryExpr } from './ast.ts';
import { LONGEST_EXPRESSION } from './parser-base.ts';
import { BracketParser } from './parser-brackets.ts';
import type { Token } from './parser-layout.ts';
import { innerText } from './parser-log.ts';
import { spanOf } from './parser-lexical.ts';
import { durationValue, intValue, ratioValue, unescape } from './parser-literals.ts';
import * as T from './tokens.ts';

/** How tightly an operator binds, loosest first; the order is Rust's. */
const PRECEDENCE: ReadonlyMap<TokenType, number> = new Map(
  [
    [T.OrOr],
    [T.AndAnd],
    [T.Eq, T.Ne, T.Lt, T.Le, T.Gt, T.Ge, T.Has],
    [T.Pipe],
    [T.Caret],
    [T.Amp],
    [T.Shl, T.Shr],
    [T.Plus, T.Minus],
    [T.Star, T.Slash, T.Modulo],
  ].flatMap((types, level) => types.map((type) => [type, level + 1] as const)),
);
const COMPARISON = 3;
/** The level of '|', which separates patterns and selectors. */
const ALTERNATIVE = 4;

const precedence = (token: Token): number => PRECEDENCE.get(token.tokenType) ?? 0;

/** Types and expressions. */
export abstract class ExpressionParser extends BracketParser {
  /** The loosest operator that the next `expr` may take; `expr` itself sets it back. */
  private floor = 0;
  /** Levels of the tree that the current outermost expression adds by chains of operators and members. */
  private links = 0;
  private inside = 0;

  /** An expression whose operators all bind tighter than '|'. */
  protected tight(): void {
    this.floor = ALTERNATIVE + 1;
  }

  // --- types

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

  // --- expressions

  /** `expr` or `a..b`. */
  readonly rangeExpr: ParserMethod<[], Expr> = this.rule('rangeExpr', () => {
    const start = this.offset();
    const floor = this.floor;
    const from = this.SUBRULE(this.expr);
    const to = this.OPTION(() => {
      this.CONSUME(T.DotDot);
      this.floor = floor;
      return this.SUBRULE1(this.expr);
    });
    return to === undefined ? from : { kind: 'range', span: this.spanFrom(start), from, to };
  });

  readonly expr: ParserMethod<[], Expr> = this.rule('expr', () => {
    const floor = this.floor;
    this.floor = 0;
    if (this.inside === 0) this.links = 0;
    this.inside++;
    const start = this.offset();
    const entered = this.enter('expressions are nested');
    const result: Expr = entered ? this.binary(start, floor) : { kind: 'error', span: this.spanFrom(start) };
    if (entered) this.leave();
    this.inside--;
    return result;
  });

  /** Operands and operators in a row, then '?'. The row is one loop: a rule a level would cost ten times as much. */
  private binary(start: number, floor: number): Expr {
    const first = this.SUBRULE(this.operand);
    let rest: { readonly operator: Token; readonly operand: Expr }[] | undefined;
    this.MANY({
      GATE: () => floor === 0 || precedence(this.LA(1)) >= floor,
      DEF: () => {
        const operator = this.CONSUME(T.BinaryOp);
        const operand = this.SUBRULE1(this.operand);
        (rest ??= []).push({ operator, operand });
        this.link();
      },
    });
    const condition = rest === undefined ? first : this.ACTION(() => this.fold(start, first, rest ?? []));
    const branches = this.OPTION({
      GATE: () => floor === 0,
      DEF: () => {
        this.CONSUME(T.Question);
        const then = this.SUBRULE2(this.expr);
        this.CONSUME(T.Colon, { ERR_MSG: "':' and what holds otherwise" });
        return { then, otherwise: this.SUBRULE3(this.expr) };
      },
    });
    if (branches === undefined) return condition;
    return { kind: 'cond', span: this.spanFrom(start), condition, ...branches };
  }

  /** Counts a level of the tree that a chain adds; a chain without end is given up. */
  private link(): void {
    if (this.RECORDING_PHASE) return;
    if (++this.links === LONGEST_EXPRESSION) this.giveUp('an expression is a chain', LONGEST_EXPRESSION);
  }

  /** Builds the tree of a row of operands by precedence climbing. */
  private fold(start: number, first: Expr, rest: readonly { operator: Token; operand: Expr }[]): Expr {
    let at = 0;
    const climb = (left: Expr, from: number, floor: number): Expr => {
      let tree = left;
      let chained = false;
      for (let step = rest[at]; step !== undefined && precedence(step.operator) >= floor; step = rest[at]) {
        at++;
        const level = precedence(step.operator);
        let right = step.operand;
        const rightStart = right.span.start;
        for (let next = rest[at]; next !== undefined && precedence(next.operator) > level; next = rest[at]) {
          right = climb(right, rightStart, level + 1);
        }
        const span = { start: from, end: Math.max(tree.span.end, right.span.end) };
        if (chained && level === COMPARISON) {
          this.report(diagnostic('PV1017', spanOf(step.operator)));
          tree = { kind: 'error', span };
          continue;
        }
        chained = level === COMPARISON;
        tree = {
          kind: 'binary',
          span,
          op: step.operator.image as BinaryOp,
          opSpan: spanOf(step.operator),
          left: tree,
          right,
        };
      }
      return tree;
    };
    return climb(first, start, 1);
  }

  /** Signs in front, members, elements and calls behind, then casts. */
  readonly operand: ParserMethod<[], Expr> = this.rule('operand', () => {
    let signs: Token[] | undefined;
    this.MANY(() => {
      const sign = this.CONSUME(T.UnaryOp);
      (signs ??= []).push(sign);
      this.link();
    });
    const start = this.offset();
    let tree = this.SUBRULE(this.primary);
    this.MANY1(() => {
      tree = this.OR([
        { ALT: () => this.member(start, tree) },
        { ALT: () => this.element(start, tree) },
        { ALT: () => this.call(start, tree) },
      ]);
      this.link();
    });
    if (signs !== undefined && !this.RECORDING_PHASE) tree = this.signed(signs, tree);
    this.MANY2(() => {
      this.CONSUME(T.As);
      const type = this.SUBRULE(this.baseType);
      const from = signs?.[0]?.startOffset ?? start;
      tree = { kind: 'cast', span: this.spanFrom(from), operand: tree, type };
      this.link();
    });
    return tree;
  });

  private signed(signs: readonly Token[], operand: Expr): Expr {
    return signs.reduceRight<Expr>(
      (inner, sign) => ({
        kind: 'unary',
        span: { start: sign.startOffset, end: Math.max(inner.span.end, spanOf(sign).end) },
        op: sign.image as UnaryExpr['op'],
        operand: inner,
      }),
      operand,
    );
  }

  private member(start: number, object: Expr): Expr {
    this.CONSUME(T.Dot);
    const member = this.ident(this.CONSUME(T.Word, { ERR_MSG: "a name after '.'" }));
    return { kind: 'member', span: this.spanFrom(start), object, member };
  }

  private element(start: number, object: Expr): Expr {
    const open = this.CONSUME(T.LBracket);
    const index = this.SUBRULE(this.expr);
    this.closeBracket(open, T.RBracket, "the '['", "']'");
    return { kind: 'index', span: this.spanFrom(start), object, index };
  }

  private call(start: number, callee: Expr): Expr {
    const open = this.CONSUME(T.LParen);
    const args = this.commaList((nth) => this.subrule(nth, this.arg), 'an argument');
    this.closeBracket(open, T.RParen, "the '('", "',' or ')'");
    const checked = this.RECORDING_PHASE ? args : this.withoutRanges(callee, args);
    return { kind: 'call', span: this.spanFrom(start), callee, args: checked };
  }

  /** The arguments; a range among them, where the call is not `cpus(…)`, is reported and no value. */
  private withoutRanges(callee: Expr, args: readonly Arg[]): readonly Arg[] {
    if (callee.kind === 'name' && callee.name.text === 'cpus') return args;
    if (!args.some(({ value }) => value.kind === 'range')) return args;
    return args.map((arg) => {
      const { span } = arg.value;
      if (arg.value.kind !== 'range') return arg;
      this.note(diagnostic('PV1025', span));
      return { ...arg, value: { kind: 'error', span } };
    });
  }

  readonly arg: ParserMethod<[], Arg> = this.rule('arg', () => {
    const start = this.offset();
    const label = this.OPTION<Ident>({
      GATE: () => this.is(T.Colon, 2),
      DEF: () => {
        const name = this.ident(this.CONSUME(T.Word));
        this.CONSUME(T.Colon);
        return name;
      },
    });
    const value = this.SUBRULE(this.rangeExpr);
    return { kind: 'arg', span: this.spanFrom(start), label, value };
  });

  readonly primary: ParserMethod<[], Expr> = this.rule('primary', () => {
    const start = this.offset();
    const expr = this.OR<Expr | undefined>(this.primaries);
    return expr ?? { kind: 'error', span: this.spanFrom(start) };
  });

  // Built once: an array of closures for each operand is a quarter of the time of the parse.
  private readonly primaries = {
    ERR_MSG: 'an expression',
    DEF: [
      { ALT: (): Expr => this.SUBRULE(this.nameOrMetric) },
      { ALT: (): Expr => this.literal(this.CONSUME(T.Literal)) },
      { ALT: (): Expr => this.SUBRULE(this.string) },
      { ALT: (): Expr => this.paren(this.offset()) },
    ],
  };

  private paren(start: number): Expr {
    const open = this.CONSUME(T.LParen);
    const inner = this.SUBRULE(this.expr);
    this.closeBracket(open, T.RParen, "the '('", "')'");
    return { kind: 'paren', span: this.spanFrom(start), inner };
  }

  private literal(token: Token): Expr {
    if (this.RECORDING_PHASE) return { kind: 'none', span: { start: 0, end: 0 } };
    const span = spanOf(token);
    const numeric = (kind: 'int' | 'duration' | 'ratio', value: bigint | undefined): Expr =>
      value === undefined ? { kind: 'error', span } : { kind, span, value };
    switch (token.tokenType) {
      case T.Int:
        return numeric('int', intValue(token, this.diagnostics));
      case T.Duration:
        return numeric('duration', durationValue(token, this.diagnostics));
      case T.Percent:
      case T.Decimal:
        return numeric('ratio', ratioValue(token, this.diagnostics));
      case T.True:
        return { kind: 'bool', span, value: true };
      case T.False:
        return { kind: 'bool', span, value: false };
      case T.None:
        return { kind: 'none', span };
      default:
        return { kind: 'error', span };
    }
  }

  /** A name, or `METRIC of VM`. */
  readonly nameOrMetric: ParserMethod<[], Expr> = this.rule('nameOrMetric', () => {
    const start = this.offset();
    const name = this.ident(this.CONSUME(T.Ident));
    const of = this.OPTION(() => {
      this.CONSUME(T.Of);
      return this.ident(this.CONSUME1(T.Ident, { ERR_MSG: "the name of a VM after 'of'" }));
    });
    if (of === undefined) return { kind: 'name', span: name.span, name };
    return { kind: 'metric', span: this.spanFrom(start), metric: name, of };
  });

  readonly string: ParserMethod<[], StringExpr> = this.rule('string', () => {
    const start = this.offset();
    const token = this.CONSUME(T.StringLiteral);
    const value = this.ACTION(() => this.stringValue(token));
    return { kind: 'string', span: this.spanFrom(start), value: value ?? '' };
  });

  private stringValue(token: Token | undefined): string {
    if (token === undefined) return '';
    return unescape(innerText(token.image), token.startOffset + 1, this.diagnostics);
  }
}
