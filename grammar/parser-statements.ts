import type { ParserMethod } from 'chevrotain';
import { closest } from '../server/src/diagnostics/suggest.ts';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type { AssignStmt, Block, Expr, Ident, IfLetStmt, IfStmt, MatchArm, Pattern, Stmt } from './ast.ts';
import type { Body } from './parser-brackets.ts';
import { ExpressionParser } from './parser-expressions.ts';
import { spanOf } from './parser-lexical.ts';
import { unescape } from './parser-literals.ts';
import { innerText } from './parser-log.ts';
import { foreignWord } from './parser-words.ts';
import * as T from './tokens.ts';

const BLOCK: Body = { item: 'a statement', what: 'the block', endedBy: new Set([T.Else]) };
const ARMS: Body = { item: 'a pattern', what: "the 'match'", endedBy: new Set(T.STATEMENT_TOKENS) };
const WORDS = [...T.STATEMENT_TOKENS, T.Else].map(T.textOf);

/** One `if` of a chain, before the chain is folded from its end. */
interface Condition {
  readonly start: number;
  readonly name: Ident | undefined;
  readonly value: Expr;
  readonly then: Block;
}

/** Blocks and statements. */
export abstract class StatementParser extends ExpressionParser {
  readonly block: ParserMethod<[], Block> = this.rule('block', () => {
    const stmts: Stmt[] = [];
    const before = this.lastEnd();
    const start = this.is(T.LBrace) ? this.offset() : before;
    if (this.enter('blocks are nested')) {
      this.braces(BLOCK, () => {
        stmts.push(this.SUBRULE(this.stmt));
        this.endOfItem('the end of the statement', false);
      });
      this.leave();
    }
    return { kind: 'block', span: this.spanFrom(start), stmts };
  });

  readonly stmt: ParserMethod<[], Stmt> = this.rule('stmt', () => {
    this.correctWord();
    const start = this.offset();
    const stmt = this.OR<Stmt | undefined>(this.statements);
    return stmt ?? { kind: 'error-stmt', span: this.spanFrom(start) };
  });

  private readonly statements = {
    ERR_MSG: 'a statement',
    DEF: [
      { ALT: (): Stmt => this.SUBRULE(this.letStmt) },
      { ALT: (): Stmt => this.SUBRULE(this.ifStmt) },
      { ALT: (): Stmt => this.SUBRULE(this.matchStmt) },
      { ALT: (): Stmt => this.SUBRULE(this.forStmt) },
      { ALT: (): Stmt => this.keyword('break') },
      { ALT: (): Stmt => this.keyword('continue') },
      { ALT: (): Stmt => this.SUBRULE(this.returnStmt) },
      { ALT: (): Stmt => this.SUBRULE(this.deferStmt) },
      { ALT: (): Stmt => this.SUBRULE(this.logStmt) },
      { ALT: (): Stmt => this.SUBRULE(this.simpleStmt) },
    ],
  };

  /** Takes a misspelt keyword, as in `retrun x`, for what it stands for. */
  private correctWord(): void {
    if (this.RECORDING_PHASE || this.LA(1).tokenType !== T.Ident) return;
    if (!this.is(T.Word, 2) && !this.is(T.Literal, 2) && this.LA(2).tokenType !== T.LBrace) return;
    if (this.is(T.BinaryOp, 2) || this.is(T.As, 2)) return;
    const { image } = this.LA(1);
    const foreign = foreignWord(image);
    const word = foreign?.instead ?? closest(image, WORDS);
    if (foreign === undefined && word === undefined) return;
    const span = spanOf(this.LA(1));
    const hint = foreign?.hint ?? `; did you mean '${word}'?`;
    const fixes =
      word === undefined ? [] : [{ title: `Change to '${word}'`, edits: [{ span, newText: word }] }];
    this.report(diagnostic('PV1026', span, { word: image, hint }, { fixes }));
    const type = word === undefined ? undefined : T.keywordType(word);
    if (type !== undefined) this.retypeNext(type);
  }

  private keyword(kind: 'break' | 'continue'): Stmt {
    const start = this.offset();
    this.CONSUME(kind === 'break' ? T.Break : T.Continue);
    return { kind, span: this.spanFrom(start) };
  }

  readonly letStmt: ParserMethod<[], Stmt> = this.rule('letStmt', () => {
    const start = this.offset();
    const mutable = this.OR([
      { ALT: () => this.CONSUME(T.Let) === undefined },
      { ALT: () => this.CONSUME(T.Var) !== undefined },
    ]);
    this.allowReserved();
    const names = this.OR1<Ident[] | undefined>({
      ERR_MSG: `a name after '${mutable ? 'var' : 'let'}'`,
      DEF: [
        { ALT: () => this.tuple() },
        { ALT: () => [this.nameHere(`a name after '${mutable ? 'var' : 'let'}'`)] },
      ],
    });
    const type = this.OPTION(() => {
      this.CONSUME(T.Colon);
      return this.SUBRULE(this.type);
    });
    this.CONSUME(T.Assign, { ERR_MSG: "'=' and a value" });
    const value = this.SUBRULE(this.expr);
    return {
      kind: 'let',
      span: this.spanFrom(start),
      mutable,
      names: names ?? [this.ident(undefined)],
      type,
      value,
    };
  });

  private tuple(): Ident[] {
    const open = this.CONSUME(T.LParen);
    const names = this.commaList((nth) => this.ident(this.consume(nth, T.Ident)), 'a name');
    this.closeBracket(open, T.RParen, "the '('", "',' or ')'");
    return names.length === 0 ? [this.ident(undefined)] : names;
  }

  /** A chain of `else if` is one loop here: its length is no nesting of the parser. */
  readonly ifStmt: ParserMethod<[], IfStmt | IfLetStmt> = this.rule('ifStmt', () => {
    const chain = [this.SUBRULE(this.condition)];
    let entered = 0;
    this.MANY({
      GATE: () => this.LA(2).tokenType === T.If,
      DEF: () => {
        this.CONSUME(T.Else);
        chain.push(this.SUBRULE1(this.condition));
        if (this.enter("'else if' is repeated")) entered++;
      },
    });
    while (entered-- > 0) this.leave();
    let otherwise: IfStmt['otherwise'] = this.OPTION(() => {
      this.CONSUME1(T.Else);
      return this.SUBRULE(this.block);
    });
    const { end } = this.spanFrom(0);
    for (let i = chain.length - 1; i > 0; i--) otherwise = conditional(chain[i] as Condition, end, otherwise);
    return conditional(chain[0] as Condition, end, otherwise);
  });

  /** `if COND {…}` or `if let NAME = EXPR {…}` */
  readonly condition: ParserMethod<[], Condition> = this.rule('condition', () => {
    const start = this.offset();
    this.CONSUME(T.If);
    const name = this.OPTION(() => {
      this.CONSUME(T.Let);
      const bound = this.nameHere("a name after 'let'");
      this.CONSUME(T.Assign, { ERR_MSG: "'=' and a value that may be absent" });
      return bound;
    });
    const tested = this.SUBRULE(this.expr);
    const value: Expr = this.is(T.Assign) ? this.assignmentAsCondition(start) : tested;
    return { start, name, value, then: this.SUBRULE(this.block) };
  });

  private assignmentAsCondition(start: number): Expr {
    const span = spanOf(this.LA(1));
    const fixes = [{ title: "Compare with '=='", edits: [{ span, newText: '==' }] }];
    this.report(diagnostic('PV1028', span, undefined, { fixes }));
    return { kind: 'error', span: this.spanFrom(start) };
  }

  readonly matchStmt: ParserMethod<[], Stmt> = this.rule('matchStmt', () => {
    const start = this.offset();
    const arms: MatchArm[] = [];
    this.CONSUME(T.Match);
    const subject = this.SUBRULE(this.expr);
    if (this.enter('blocks are nested')) {
      this.braces(ARMS, () => {
        arms.push(this.SUBRULE(this.arm));
        this.endOfItem("',' or the end of the line", true);
      });
      this.leave();
    }
    return { kind: 'match', span: this.spanFrom(start), subject, arms };
  });

  readonly arm: ParserMethod<[], MatchArm> = this.rule('arm', () => {
    const start = this.offset();
    const patterns = [this.SUBRULE(this.pattern)];
    this.MANY(() => {
      this.CONSUME(T.Pipe);
      patterns.push(this.SUBRULE1(this.pattern));
    });
    this.CONSUME(T.FatArrow, { ERR_MSG: "'=>' and a statement" });
    const body = this.OR<Block | undefined>({
      ERR_MSG: 'a statement',
      DEF: [{ ALT: () => this.SUBRULE(this.block) }, { ALT: () => this.single() }],
    });
    return {
      kind: 'match-arm',
      span: this.spanFrom(start),
      patterns,
      body: body ?? { kind: 'block', span: this.spanFrom(this.lastEnd()), stmts: [] },
    };
  });

  private single(): Block {
    const start = this.offset();
    const stmt = this.SUBRULE(this.stmt);
    return { kind: 'block', span: this.spanFrom(start), stmts: [stmt] };
  }

  readonly pattern: ParserMethod<[], Pattern> = this.rule(
    'pattern',
    () =>
      this.OR<Pattern>({
        IGNORE_AMBIGUITIES: true,
        ERR_MSG: 'a pattern',
        DEF: [
          { ALT: () => ({ kind: 'wildcard', span: spanOf(this.CONSUME(T.Wildcard)) }) },
          {
            ALT: () => {
              this.tight();
              return this.SUBRULE(this.rangeExpr);
            },
          },
        ],
      }) ?? { kind: 'error', span: this.here() },
  );

  readonly forStmt: ParserMethod<[], Stmt> = this.rule('forStmt', () => {
    const start = this.offset();
    this.CONSUME(T.For);
    const name = this.nameHere("a name after 'for'");
    this.CONSUME(T.In, { ERR_MSG: "'in' and what to go through" });
    const iterable = this.SUBRULE(this.rangeExpr);
    const max = this.OPTION(() => {
      this.CONSUME(T.Max);
      return this.SUBRULE(this.expr);
    });
    const body = this.SUBRULE(this.block);
    return { kind: 'for', span: this.spanFrom(start), name, iterable, max, body };
  });

  readonly returnStmt: ParserMethod<[], Stmt> = this.rule('returnStmt', () => {
    const start = this.offset();
    this.CONSUME(T.Return);
    const value = this.OPTION(() => this.SUBRULE(this.expr));
    return { kind: 'return', span: this.spanFrom(start), value };
  });

  readonly deferStmt: ParserMethod<[], Stmt> = this.rule('deferStmt', () => {
    const start = this.offset();
    this.CONSUME(T.Defer);
    const call = this.SUBRULE(this.expr);
    return { kind: 'defer', span: this.spanFrom(start), call };
  });

  /** The layout pass has cut the text at its expressions. */
  readonly logStmt: ParserMethod<[], Stmt> = this.rule('logStmt', () => {
    const start = this.offset();
    const parts: (string | Expr)[] = [];
    const add = (image: string, at: number): void => {
      if (this.RECORDING_PHASE || image === '') return;
      const text = unescape(innerText(image), at + 1, this.diagnostics);
      if (text !== '') parts.push(text);
    };
    this.CONSUME(T.Log);
    this.MANY(() => {
      const text = this.CONSUME(T.LogText);
      add(text.image, text.startOffset);
      parts.push(this.SUBRULE(this.expr));
      this.endOfInterpolation();
    });
    const end = this.CONSUME(T.LogEnd, { ERR_MSG: "a text in double quotes after 'log'" });
    if (end !== undefined) add(end.image, end.startOffset);
    return { kind: 'log', span: this.spanFrom(start), parts };
  });

  private endOfInterpolation(): void {
    if (this.RECORDING_PHASE || this.is(T.LogText) || this.is(T.LogEnd)) return;
    this.fail("'}' after the expression");
    while (!this.is(T.LogText) && !this.is(T.LogEnd) && !this.endsItem(1)) this.skip();
  }

  /** A call or an assignment. */
  readonly simpleStmt: ParserMethod<[], Stmt> = this.rule('simpleStmt', () => {
    const start = this.offset();
    const target = this.SUBRULE(this.expr);
    const assignment = this.OPTION(() => {
      const op = this.CONSUME(T.AssignOp);
      return { op: op.image as AssignStmt['op'], value: this.SUBRULE1(this.expr) };
    });
    if (this.RECORDING_PHASE || assignment === undefined) {
      this.checkEffect(target);
      return { kind: 'expr-stmt', span: this.spanFrom(start), expr: target };
    }
    if (!isPlace(target)) this.report(diagnostic('PV1023', target.span));
    return { kind: 'assign', span: this.spanFrom(start), op: assignment.op, target, value: assignment.value };
  });

  private checkEffect(expr: Expr): void {
    if (this.RECORDING_PHASE || this.isQuiet || expr.kind === 'call' || expr.kind === 'error') return;
    // With something behind it the statement is not finished, which is then what is said about it.
    if (this.endsItem(1) || this.is(T.Comma)) this.report(diagnostic('PV1022', expr.span));
  }
}

const isPlace = (expr: Expr): boolean =>
  expr.kind === 'name' || expr.kind === 'member' || expr.kind === 'index' || expr.kind === 'error';

function conditional(c: Condition, end: number, otherwise: IfStmt['otherwise']): IfStmt | IfLetStmt {
  const span = { start: c.start, end };
  if (c.name === undefined) return { kind: 'if', span, condition: c.value, then: c.then, otherwise };
  return { kind: 'if-let', span, name: c.name, value: c.value, then: c.then, otherwise };
}
