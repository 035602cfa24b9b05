import type { ParserMethod, TokenType } from 'chevrotain';
import { closest } from '../server/src/diagnostics/suggest.ts';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type {
  AssumeItem,
  Expr,
  Field,
  Ident,
  InvariantDecl,
  ScenarioDecl,
  ScenarioItem,
  StringExpr,
  VmSelector,
} from './ast.ts';
import type { Body } from './parser-brackets.ts';
import { StatementParser } from './parser-statements.ts';
import * as T from './tokens.ts';

const SCENARIO: Body = { item: 'a line of a scenario', what: 'the scenario' };
const INVARIANT: Body = { item: "'always' and a condition", what: 'the invariant' };
const WORDS = T.SCENARIO_TOKENS.map(T.textOf);

/** Scenarios and invariants: what to simulate, and what must hold. */
export abstract class ScenarioParser extends StatementParser {
  abstract readonly field: ParserMethod<[], Field>;

  readonly invariant: ParserMethod<[], InvariantDecl> = this.rule('invariant', () => {
    const doc = this.docHere();
    const start = this.offset();
    const always: Expr[] = [];
    this.CONSUME(T.Invariant);
    const name = this.nameHere("a name after 'invariant'");
    const params = this.OPTION(() => {
      const open = this.CONSUME(T.LParen);
      const fields = this.commaList((nth) => this.subrule(nth, this.field), 'a parameter');
      this.closeBracket(open, T.RParen, "the '('", "',' or ')'");
      return fields;
    });
    this.braces(INVARIANT, () => {
      this.CONSUME(T.Always);
      always.push(this.SUBRULE(this.expr));
      this.endOfItem('the end of the condition', false);
    });
    return { kind: 'invariant', span: this.spanFrom(start), doc, name, params: params ?? [], always };
  });

  readonly scenario: ParserMethod<[], ScenarioDecl> = this.rule('scenario', () => {
    const doc = this.docHere();
    const start = this.offset();
    const items: ScenarioItem[] = [];
    this.CONSUME(T.Scenario);
    const name = this.nameHere("a name after 'scenario'");
    this.braces(SCENARIO, () => {
      items.push(this.SUBRULE(this.scenarioItem));
      this.endOfItem('the end of the line', false);
    });
    return { kind: 'scenario', span: this.spanFrom(start), doc, name, items };
  });

  readonly scenarioItem: ParserMethod<[], ScenarioItem> = this.rule('scenarioItem', () =>
    this.OR<ScenarioItem>([
      { ALT: () => this.traceItem() },
      { ALT: () => this.SUBRULE(this.vmItem) },
      { ALT: () => this.SUBRULE(this.assumeItem) },
      { ALT: () => this.SUBRULE(this.compareItem) },
      { ALT: () => this.SUBRULE(this.setItem) },
      { ALT: () => this.expectItem() },
    ]),
  );

  private traceItem(): ScenarioItem {
    const start = this.offset();
    this.CONSUME(T.Trace);
    const path = this.SUBRULE(this.string);
    return { kind: 'trace', span: this.spanFrom(start), path };
  }

  private expectItem(): ScenarioItem {
    const start = this.offset();
    this.CONSUME(T.Expect);
    const condition = this.SUBRULE(this.expr);
    return { kind: 'expect', span: this.spanFrom(start), condition };
  }

  readonly vmItem: ParserMethod<[], ScenarioItem> = this.rule('vmItem', () => {
    const start = this.offset();
    this.CONSUME(T.Vm);
    const name = this.nameHere("a name after 'vm'");
    this.CONSUME(T.Assign, { ERR_MSG: "'=' and 'comm', 'pid' or 'cgroup'" });
    const selectors = [this.SUBRULE(this.selector)];
    this.MANY(() => {
      this.CONSUME(T.Pipe);
      selectors.push(this.SUBRULE1(this.selector));
    });
    return {
      kind: 'vm',
      span: this.spanFrom(start),
      name,
      selectors: selectors.filter((s) => s !== undefined),
    };
  });

  readonly selector: ParserMethod<[], VmSelector | undefined> = this.rule('selector', () => {
    const start = this.offset();
    const glob = (by: 'comm' | 'cgroup', nth: 0 | 1, keyword: TokenType): VmSelector => {
      this.CONSUME(keyword);
      const value = this.subrule(nth, this.string);
      return { kind: 'vm-selector', span: this.spanFrom(start), by, value };
    };
    return this.OR<VmSelector | undefined>({
      ERR_MSG: "'comm', 'pid' or 'cgroup'",
      DEF: [
        { ALT: () => glob('comm', 0, T.Comm) },
        { ALT: () => glob('cgroup', 1, T.Cgroup) },
        {
          ALT: () => {
            this.CONSUME(T.Pid);
            this.tight();
            const value = this.SUBRULE(this.expr);
            return { kind: 'vm-selector', span: this.spanFrom(start), by: 'pid', value };
          },
        },
      ],
    });
  });

  readonly assumeItem: ParserMethod<[], AssumeItem> = this.rule('assumeItem', () => {
    const start = this.offset();
    this.CONSUME(T.Assume);
    const field = this.nameHere("the name of a hint after 'assume'");
    const value = this.OPTION(() => {
      this.CONSUME(T.Assign);
      return this.SUBRULE(this.expr);
    });
    this.CONSUME(T.On, { ERR_MSG: "'on' and the name of a VM" });
    const vm = this.ident(this.CONSUME1(T.Ident, { ERR_MSG: "the name of a VM after 'on'" }));
    const when = this.OR<AssumeItem['when'] | undefined>({
      ERR_MSG: "'for DURATION after HOOK' or 'always'",
      DEF: [
        {
          ALT: () => {
            this.CONSUME(T.Always);
            return { kind: 'always' };
          },
        },
        { ALT: () => this.span() },
      ],
    });
    return { kind: 'assume', span: this.spanFrom(start), field, value, vm, when: when ?? { kind: 'always' } };
  });

  /** `for DURATION after HOOK` */
  private span(): AssumeItem['when'] {
    this.CONSUME(T.For);
    const duration = this.SUBRULE1(this.expr);
    this.CONSUME(T.After, { ERR_MSG: "'after' and the name of a hook" });
    const hook = this.ident(this.CONSUME(T.Word, { ERR_MSG: "the name of a hook after 'after'" }));
    return { kind: 'after', duration, hook };
  }

  readonly compareItem: ParserMethod<[], ScenarioItem> = this.rule('compareItem', () => {
    const start = this.offset();
    this.CONSUME(T.Compare);
    const baselines = [this.SUBRULE(this.baseline)];
    this.MANY(() => {
      this.CONSUME(T.Comma);
      baselines.push(this.SUBRULE1(this.baseline));
    });
    return {
      kind: 'compare',
      span: this.spanFrom(start),
      baselines: baselines.filter((b) => b !== undefined),
    };
  });

  readonly baseline: ParserMethod<[], Ident | StringExpr | undefined> = this.rule('baseline', () =>
    this.OR<Ident | StringExpr | undefined>({
      ERR_MSG: "'eevdf', 'pinned' or the file of a policy",
      DEF: [{ ALT: () => this.ident(this.CONSUME(T.Ident)) }, { ALT: () => this.SUBRULE(this.string) }],
    }),
  );

  readonly setItem: ParserMethod<[], ScenarioItem> = this.rule('setItem', () => {
    const start = this.offset();
    this.CONSUME(T.Set_);
    const param = this.ident(this.CONSUME(T.Ident, { ERR_MSG: "the name of a param or table after 'set'" }));
    const key = this.OPTION(() => {
      this.CONSUME(T.LBracket);
      const expr = this.SUBRULE(this.expr);
      this.CONSUME(T.RBracket, { ERR_MSG: "']'" });
      return expr;
    });
    this.CONSUME(T.Assign, { ERR_MSG: "'=' and a value" });
    const value = this.SUBRULE1(this.expr);
    return { kind: 'set', span: this.spanFrom(start), param, key, value };
  });

  protected override reportJunk(body: Body): void {
    if (body !== SCENARIO) {
      super.reportJunk(body);
      return;
    }
    const word = T.isReserved(this.LA(1).tokenType) ? undefined : closest(this.LA(1).image, WORDS);
    const span = this.here();
    const hint = word === undefined ? '' : `; did you mean '${word}'?`;
    const fixes =
      word === undefined ? [] : [{ title: `Change to '${word}'`, edits: [{ span, newText: word }] }];
    this.report(diagnostic('PV1016', span, { found: this.found(), hint }, { fixes }));
  }
}
