import type { ParserMethod, TokenType } from 'chevrotain';
import { closest } from '../server/src/diagnostics/suggest.ts';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type {
  CounterDecl,
  ConstDecl,
  Decl,
  DsqDecl,
  EnumDecl,
  EnumMember,
  EveryDecl,
  Field,
  FnDecl,
  GuestDecl,
  HistogramDecl,
  HookDecl,
  HookRef,
  Ident,
  ParamDecl,
  SharedDecl,
  StateDecl,
  TableDecl,
} from './ast.ts';
import type { Body } from './parser-brackets.ts';
import { ScenarioParser } from './parser-scenario.ts';
import * as T from './tokens.ts';

const ENUM: Body = { item: 'the name of a member', what: 'the enum' };
const FIELDS: Body = { item: "a field, 'NAME: TYPE'", what: 'the list of fields' };
const GUEST: Body = { item: 'a declaration', what: "the 'guest' part", declarations: true };
const FAMILIES = T.HOOK_TOKENS.map(T.textOf);

/** Declarations. */
export abstract class DeclarationParser extends ScenarioParser {
  readonly decl: ParserMethod<[], Decl> = this.rule('decl', () => {
    if (!this.corrected) this.settle();
    this.corrected = false;
    return this.OR<Decl>(this.declarations);
  });

  private readonly declarations = [
    { ALT: (): Decl => this.SUBRULE(this.constDecl) },
    { ALT: (): Decl => this.SUBRULE(this.paramDecl) },
    { ALT: (): Decl => this.SUBRULE(this.enumDecl) },
    { ALT: (): Decl => this.SUBRULE(this.tableDecl) },
    { ALT: (): Decl => this.SUBRULE(this.sharedDecl) },
    { ALT: (): Decl => this.SUBRULE(this.stateDecl) },
    { ALT: (): Decl => this.SUBRULE(this.counterDecl) },
    { ALT: (): Decl => this.SUBRULE(this.histogramDecl) },
    { ALT: (): Decl => this.SUBRULE(this.dsqDecl) },
    { ALT: (): Decl => this.SUBRULE(this.fnDecl) },
    { ALT: (): Decl => this.SUBRULE(this.hookDecl) },
    { ALT: (): Decl => this.SUBRULE(this.everyDecl) },
    { ALT: (): Decl => this.SUBRULE(this.guestDecl) },
    { ALT: (): Decl => this.SUBRULE(this.invariant) },
    { ALT: (): Decl => this.SUBRULE(this.scenario) },
  ];

  readonly constDecl: ParserMethod<[], ConstDecl> = this.rule('constDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.Const);
    const name = this.nameHere("a name after 'const'");
    const type = this.OPTION(() => {
      this.CONSUME(T.Colon);
      return this.SUBRULE(this.type);
    });
    this.CONSUME(T.Assign, { ERR_MSG: "'=' and a value" });
    const value = this.SUBRULE(this.expr);
    return { kind: 'const', span: this.spanFrom(start), doc, name, type, value };
  });

  readonly paramDecl: ParserMethod<[], ParamDecl> = this.rule('paramDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    const tunable = this.OR([
      { ALT: () => this.CONSUME(T.Param) === undefined },
      { ALT: () => this.CONSUME(T.Tunable) !== undefined },
    ]);
    const name = this.nameHere(`a name after '${tunable ? 'tunable' : 'param'}'`);
    this.CONSUME(T.Colon, { ERR_MSG: "':' and a type" });
    const type = this.SUBRULE(this.type);
    this.CONSUME(T.Assign, { ERR_MSG: "'=' and a default" });
    const value = this.SUBRULE(this.expr);
    const range = this.OPTION(() => this.SUBRULE(this.bounds));
    return { kind: 'param', span: this.spanFrom(start), doc, tunable, name, type, value, range };
  });

  /** `in LO..HI` */
  readonly bounds: ParserMethod<[], NonNullable<ParamDecl['range']>> = this.rule('bounds', () => {
    this.CONSUME(T.In);
    const start = this.offset();
    const lo = this.SUBRULE(this.expr);
    this.CONSUME(T.DotDot, { ERR_MSG: "'..' and the largest value" });
    const hi = this.SUBRULE1(this.expr);
    return { lo, hi, span: this.spanFrom(start) };
  });

  readonly enumDecl: ParserMethod<[], EnumDecl> = this.rule('enumDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    const members: EnumMember[] = [];
    this.CONSUME(T.Enum);
    const name = this.nameHere("a name after 'enum'");
    this.braces(ENUM, () => {
      members.push(this.SUBRULE(this.enumMember));
      this.endOfItem("',' or the end of the line", true, () => this.is(T.Ident));
    });
    return { kind: 'enum', span: this.spanFrom(start), doc, name, members };
  });

  readonly enumMember: ParserMethod<[], EnumMember> = this.rule('enumMember', () => {
    const doc = this.docHere();
    const start = this.offset();
    const name = this.ident(this.CONSUME(T.Ident));
    const value = this.OPTION(() => {
      this.CONSUME(T.Assign);
      return this.SUBRULE(this.expr);
    });
    return { kind: 'enum-member', span: this.spanFrom(start), doc, name, value };
  });

  readonly tableDecl: ParserMethod<[], TableDecl> = this.rule('tableDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.Table);
    const name = this.nameHere("a name after 'table'");
    this.CONSUME(T.Colon, { ERR_MSG: "':' and the type of the keys" });
    const key = this.SUBRULE(this.type);
    this.CONSUME(T.Arrow, { ERR_MSG: "'->' and the type of the values" });
    const value = this.SUBRULE1(this.type);
    this.CONSUME(T.Assign, { ERR_MSG: "'=' and the value of keys that are not in the table" });
    const fallback = this.SUBRULE(this.expr);
    return { kind: 'table', span: this.spanFrom(start), doc, name, key, value, fallback };
  });

  readonly sharedDecl: ParserMethod<[], SharedDecl> = this.rule('sharedDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.Shared);
    this.checkDirection();
    const direction = this.ident(this.CONSUME(T.Ident));
    const fields = this.fields();
    return { kind: 'shared', span: this.spanFrom(start), doc, direction, fields };
  });

  private checkDirection(): void {
    const { image } = this.LA(1);
    if (this.RECORDING_PHASE || image === 'hint' || image === 'feedback') return;
    const near = this.is(T.Ident) ? closest(image, ['hint', 'feedback']) : undefined;
    const span = this.here();
    const fixes =
      near === undefined ? [] : [{ title: `Change to '${near}'`, edits: [{ span, newText: near }] }];
    const hint = near === undefined ? '' : `; did you mean '${near}'?`;
    this.report(diagnostic('PV1024', span, { found: this.found(), hint }, { fixes }));
  }

  readonly stateDecl: ParserMethod<[], StateDecl> = this.rule('stateDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.State);
    const scope = this.OPTION(() => this.ident(this.CONSUME(T.Ident)));
    const fields = this.fields();
    return { kind: 'state', span: this.spanFrom(start), doc, scope, fields };
  });

  private fields(): Field[] {
    const fields: Field[] = [];
    this.braces(FIELDS, () => {
      fields.push(this.SUBRULE(this.field));
      this.endOfItem("',' or the end of the line", true, () => this.is(T.Word) && this.is(T.Colon, 2));
    });
    return fields;
  }

  /** `NAME: TYPE`. The ':' makes any word a name. */
  readonly field: ParserMethod<[], Field> = this.rule('field', () => {
    const doc = this.docHere();
    const start = this.offset();
    const name = this.ident(this.CONSUME(T.Word));
    this.CONSUME(T.Colon, { ERR_MSG: "':' and a type" });
    const type = this.SUBRULE(this.type);
    return { kind: 'field', span: this.spanFrom(start), doc, name, type };
  });

  readonly counterDecl: ParserMethod<[], CounterDecl> = this.rule('counterDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.Counter);
    const name = this.nameHere("a name after 'counter'");
    const per = this.OPTION(() => this.SUBRULE(this.per));
    return { kind: 'counter', span: this.spanFrom(start), doc, name, per };
  });

  readonly histogramDecl: ParserMethod<[], HistogramDecl> = this.rule('histogramDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.Histogram);
    const name = this.nameHere("a name after 'histogram'");
    this.CONSUME(T.Colon, { ERR_MSG: "':' and a type" });
    const type = this.SUBRULE(this.type);
    const per = this.OPTION(() => this.SUBRULE(this.per));
    return { kind: 'histogram', span: this.spanFrom(start), doc, name, type, per };
  });

  readonly per: ParserMethod<[], Ident> = this.rule('per', () => {
    this.CONSUME(T.Per);
    return this.ident(this.CONSUME(T.Ident, { ERR_MSG: "'vm', 'vcpu', 'cpu' or 'task' after 'per'" }));
  });

  readonly dsqDecl: ParserMethod<[], DsqDecl> = this.rule('dsqDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.Dsq);
    const name = this.nameHere("a name after 'dsq'");
    const order = this.OPTION(() => this.ident(this.CONSUME1(T.Ident)));
    return { kind: 'dsq', span: this.spanFrom(start), doc, name, order };
  });

  readonly fnDecl: ParserMethod<[], FnDecl> = this.rule('fnDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.Fn);
    const name = this.nameHere("a name after 'fn'");
    const open = this.CONSUME(T.LParen, { ERR_MSG: "'(' and the parameters" });
    const params = this.commaList((nth) => this.subrule(nth, this.field), 'a parameter');
    this.closeBracket(open, T.RParen, "the '('", "',' or ')'");
    const result = this.OPTION(() => {
      this.CONSUME(T.Arrow);
      return this.SUBRULE(this.type);
    });
    const body = this.SUBRULE(this.block);
    return { kind: 'fn', span: this.spanFrom(start), doc, name, params, result, body };
  });

  readonly hookDecl: ParserMethod<[], HookDecl> = this.rule('hookDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.On);
    const hook = this.SUBRULE(this.hookRef);
    const params = this.OPTION(() => {
      const open = this.CONSUME(T.LParen);
      const names = this.commaList((nth) => this.ident(this.consume(nth, T.Ident)), 'a name');
      this.closeBracket(open, T.RParen, "the '('", "',' or ')'");
      return names;
    });
    const body = this.SUBRULE(this.block);
    return { kind: 'hook', span: this.spanFrom(start), doc, hook, params: params ?? [], body };
  });

  readonly hookRef: ParserMethod<[], HookRef> = this.rule('hookRef', () => {
    this.checkFamily();
    const start = this.offset();
    let system: Ident | undefined;
    let name: Ident | undefined;
    const word = (nth: 0 | 1 | 2 | 3, expected: string): Ident =>
      this.ident(this.consume(nth, T.Word, { ERR_MSG: expected }));
    const family = this.OR<HookRef['family'] | undefined>([
      {
        ALT: () => {
          this.CONSUME(T.Tracepoint);
          system = word(0, "a tracepoint, 'SYSTEM:NAME', after 'tracepoint'");
          this.CONSUME(T.Colon, { ERR_MSG: "':' and the name of the tracepoint" });
          name = word(1, "the name of the tracepoint after ':'");
          return 'tracepoint';
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.Pvsched);
          name = word(2, "the name of a callback after 'pvsched'");
          return 'pvsched';
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.Op);
          name = word(3, "the name of a callback after 'op'");
          return 'op';
        },
      },
      { ALT: () => this.plain(T.Init, 'init') },
      { ALT: () => this.plain(T.Exit, 'exit') },
    ]);
    return { kind: 'hook-ref', span: this.spanFrom(start), family: family ?? 'error', system, name };
  });

  private plain(type: TokenType, family: 'init' | 'exit'): HookRef['family'] {
    this.CONSUME(type);
    return family;
  }

  /** Reports a word after `on` that is none, and takes it for the one that it resembles. */
  private checkFamily(): void {
    if (this.RECORDING_PHASE || T.HOOK_TOKENS.includes(this.LA(1).tokenType)) return;
    const near = this.is(T.Word) ? closest(this.LA(1).image, FAMILIES) : undefined;
    const span = this.here();
    const fixes =
      near === undefined ? [] : [{ title: `Change to '${near}'`, edits: [{ span, newText: near }] }];
    const hint = near === undefined ? familyFor(this.LA(1).image) : `; did you mean '${near}'?`;
    this.report(diagnostic('PV1015', span, { found: this.found(), hint }, { fixes }));
    const type = near === undefined ? undefined : T.keywordType(near);
    if (type !== undefined) this.retypeNext(type);
  }

  readonly everyDecl: ParserMethod<[], EveryDecl> = this.rule('everyDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    this.CONSUME(T.Every);
    const period = this.SUBRULE(this.expr);
    const body = this.SUBRULE(this.block);
    return { kind: 'every', span: this.spanFrom(start), doc, period, body };
  });

  readonly guestDecl: ParserMethod<[], GuestDecl> = this.rule('guestDecl', () => {
    const doc = this.docHere();
    const start = this.offset();
    const decls: Decl[] = [];
    this.CONSUME(T.Guest);
    if (this.enter("'guest' parts are nested")) {
      this.braces(GUEST, () => {
        decls.push(this.SUBRULE(this.decl));
        this.endOfItem('the end of the declaration', false);
      });
      this.leave();
    }
    return { kind: 'guest', span: this.spanFrom(start), doc, decls };
  });
}

/** How a policy says what other tools call by this word. */
function familyFor(word: string): string {
  if (/^(timer|interval|profile|hz)$/u.test(word)) return "; a timer is 'every 10ms { … }'";
  if (/^(fentry|fexit|k(ret)?probe|u(ret)?probe|usdt)$/u.test(word))
    return '; functions have no hooks: their locks are not known, those of tracepoints are';
  if (/^(tp_btf|tp|rawtracepoint|raw_tp|raw_tracepoint)$/u.test(word)) return "; did you mean 'tracepoint'?";
  return /^[a-z]/u.test(word) ? "; a tracepoint is 'on tracepoint SYSTEM:NAME(…)'" : '';
}
