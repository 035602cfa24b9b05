import type { ParserMethod } from 'chevrotain';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type { Arg, Expr, Ident, StringExpr } from './ast.ts';
import { LONGEST_EXPRESSION } from './parser-base.ts';
import type { Layout, Token } from './parser-layout.ts';
import { spanOf } from './parser-lexical.ts';
import { durationValue, intValue, ratioValue, unescape } from './parser-literals.ts';
import { innerText } from './parser-log.ts';
import { ALTERNATIVE, fold, precedence, signed } from './parser-operators.ts';
import type { Step } from './parser-operators.ts';
import { TypeParser } from './parser-types.ts';
import * as T from './tokens.ts';

/** Expressions. */
export abstract class ExpressionParser extends TypeParser {
  /** The loosest operator that the next `expr` may take; `expr` itself sets it back. */
  private floor = 0;
  /** Levels of the tree that the current outermost expression adds by chains of operators and members. */
  private links = 0;
  private inside = 0;

  /** While Chevrotain records the rules, no `expr` runs that would put the floor back. */
  protected override start(text: string, layout: Layout): void {
    super.start(text, layout);
    this.floor = 0;
    this.links = 0;
    this.inside = 0;
  }

  /** An expression whose operators all bind tighter than '|'. */
  protected tight(): void {
    this.floor = ALTERNATIVE + 1;
  }

  /** `expr` or `a..b`. */
  readonly rangeExpr: ParserMethod<[], Expr> = this.rule('rangeExpr', () => {
    const start = this.offset();
    const floor = this.floor;
    const from = this.SUBRULE(this.expr);
    if (!this.maybe(T.DotDot)) return from;
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
    const row = this.maybe(T.BinaryOp) ? this.row(start, first, floor) : first;
    if (floor > 0 || !this.maybe(T.Question)) return row;
    const branches = this.OPTION(() => {
      this.CONSUME(T.Question);
      const then = this.SUBRULE2(this.expr);
      this.CONSUME(T.Colon, { ERR_MSG: "':' and what holds otherwise" });
      return { then, otherwise: this.SUBRULE3(this.expr) };
    });
    if (branches === undefined) return row;
    return { kind: 'cond', span: this.spanFrom(start), condition: row, ...branches };
  }

  private row(start: number, first: Expr, floor: number): Expr {
    const rest: Step[] = [];
    this.MANY({
      GATE: () => precedence(this.LA(1)) >= floor,
      DEF: () => {
        const operator = this.CONSUME(T.BinaryOp);
        rest.push({ operator, operand: this.SUBRULE1(this.operand) });
        this.link();
      },
    });
    if (this.RECORDING_PHASE) return first;
    return fold(start, first, rest, (operator) => this.report(diagnostic('PV1017', spanOf(operator))));
  }

  /** Counts a level of the tree that a chain adds; a chain without end is given up. */
  private link(): void {
    if (this.RECORDING_PHASE) return;
    if (++this.links === LONGEST_EXPRESSION) this.giveUp('an expression is a chain', LONGEST_EXPRESSION);
  }

  /** Signs in front, members, elements and calls behind, then casts. */
  readonly operand: ParserMethod<[], Expr> = this.rule('operand', () => {
    const from = this.offset();
    const signs: Token[] | undefined = this.maybe(T.UnaryOp) ? this.signs() : undefined;
    const start = this.offset();
    let tree = this.SUBRULE(this.primary);
    this.MANY1(() => {
      tree = this.suffix(start, tree);
      this.link();
    });
    if (signs !== undefined && !this.RECORDING_PHASE) tree = signed(signs, tree);
    if (!this.maybe(T.As)) return tree;
    this.MANY2(() => {
      this.CONSUME(T.As);
      const type = this.SUBRULE(this.baseType);
      tree = { kind: 'cast', span: this.spanFrom(from), operand: tree, type };
      this.link();
    });
    return tree;
  });

  private signs(): Token[] {
    const signs: Token[] = [];
    this.MANY(() => {
      signs.push(this.CONSUME(T.UnaryOp));
      this.link();
    });
    return signs;
  }

  private suffix(start: number, tree: Expr): Expr {
    return this.OR([
      { ALT: () => this.member(start, tree) },
      { ALT: () => this.element(start, tree) },
      { ALT: () => this.call(start, tree) },
    ]);
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
    const label = this.maybe(T.Colon, 2) ? this.label() : undefined;
    const value = this.SUBRULE(this.rangeExpr);
    return { kind: 'arg', span: this.spanFrom(start), label, value };
  });

  private label(): Ident | undefined {
    return this.OPTION(() => {
      const name = this.ident(this.CONSUME(T.Word));
      this.CONSUME(T.Colon);
      return name;
    });
  }

  readonly primary: ParserMethod<[], Expr> = this.rule('primary', () => {
    const start = this.offset();
    const expr = this.OR<Expr | undefined>(this.primaries);
    return expr ?? { kind: 'error', span: this.spanFrom(start) };
  });

  // Built once: an array of closures for each operand is a quarter of the time of the parse.
  private readonly primaries = {
    ERR_MSG: 'an expression',
    DEF: [
      { ALT: (): Expr => this.nameOrMetric() },
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
  private nameOrMetric(): Expr {
    const start = this.offset();
    const name = this.ident(this.CONSUME(T.Ident));
    const plain: Expr = { kind: 'name', span: name.span, name };
    if (!this.maybe(T.Of)) return plain;
    const of = this.OPTION(() => {
      this.CONSUME(T.Of);
      return this.ident(this.CONSUME1(T.Ident, { ERR_MSG: "the name of a VM after 'of'" }));
    });
    return of === undefined ? plain : { kind: 'metric', span: this.spanFrom(start), metric: name, of };
  }

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
