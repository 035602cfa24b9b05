import type { Block, CallExpr, Expr, FnDecl, Ident, Stmt } from '../../../../grammar/ast.ts';
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Model } from '../../semantics/model.ts';
import type { Reach } from '../reach.ts';
import { Affinity } from './affinity.ts';
import { Relevance } from './relevance.ts';
import { isInsertion, isPlacing } from './queues.ts';
import { START, assume, changed, disturbed, inserted, merge, type PathState } from './state.ts';
import { TaskNames } from './task-names.ts';
import { both, coversAll, on, split, type Choice, type Ways } from './ways.ts';

/** A way out of a body: by `return`, or at its end. */
export interface Exit {
  readonly state: PathState;
  /** Of the `return`; undefined at the end of the body. */
  readonly at: Span | undefined;
  /** What a function returns, where that is a constant. */
  readonly value: boolean | undefined;
}

/** What a function does with the task, for each of its results. */
interface Summary {
  readonly least: number;
  readonly most: number;
  readonly value: boolean | undefined;
}

/**
 * Walks every path through a body and counts how often each inserts one task into a queue. Conditions that are asked
 * twice on a path turn out the same; functions are followed, told apart by what they return. A task that is put into
 * a list or ring of the policy counts as inserted: it can be dispatched from there.
 */
export class Paths {
  /** Filled while bodies are walked. */
  readonly affinity: Affinity;
  private readonly model: Model;
  private readonly relevance: Relevance;
  private readonly summaries = new Map<FnDecl, Map<number, readonly Summary[]>>();
  private exits: Exit[] = [];
  private task: TaskNames;

  constructor(model: Model, reach: Reach) {
    this.model = model;
    this.relevance = new Relevance(model, reach);
    this.affinity = new Affinity(model);
    this.task = new TaskNames(model, undefined);
  }

  /** Every way out of the body, with what happened to the task called `task` on it. */
  through(body: Block, task: Ident | undefined): readonly Exit[] {
    if (!this.relevance.matters(body)) return [{ state: START, at: undefined, value: undefined }];
    const outer = { exits: this.exits, task: this.task };
    this.exits = [];
    this.task = new TaskNames(this.model, task);
    const { next } = this.block(body, [START]);
    const exits = [...this.exits, ...next.map((state) => ({ state, at: undefined, value: undefined }))];
    ({ exits: this.exits, task: this.task } = outer);
    return exits;
  }

  private block(block: Block, from: readonly PathState[]): Ways {
    let next = from;
    const broke: PathState[] = [];
    const continued: PathState[] = [];
    for (const stmt of block.stmts) {
      const ways = this.stmt(stmt, next);
      next = merge(ways.next);
      broke.push(...ways.broke);
      continued.push(...ways.continued);
    }
    return { next, broke, continued };
  }

  private stmt(stmt: Stmt, from: readonly PathState[]): Ways {
    switch (stmt.kind) {
      case 'let':
        return on(this.declare(stmt.names, stmt.value, from));
      case 'assign':
        return on(this.assign(stmt, from));
      case 'if': {
        const { yes, no } = this.choose(stmt.condition, from);
        return both(this.block(stmt.then, yes), this.otherwise(stmt.otherwise, no));
      }
      case 'if-let':
        return this.ifLet(stmt, from);
      case 'match':
        return this.match(stmt, from);
      case 'for':
        return this.loop(stmt.body, stmt.name, this.value(stmt.iterable, from));
      case 'break':
        return { next: [], broke: from, continued: [] };
      case 'continue':
        return { next: [], broke: [], continued: from };
      case 'return':
        this.leave(stmt.value, from, stmt.span);
        return on([]);
      case 'log':
        return on(
          stmt.parts.reduce(
            (states, part) => (typeof part === 'string' ? states : this.value(part, states)),
            from,
          ),
        );
      case 'expr-stmt':
        return on(this.value(stmt.expr, from));
      case 'defer':
        return on(this.value(stmt.call, from));
      case 'error-stmt':
        return on(from);
    }
  }

  private otherwise(stmt: Block | Stmt | undefined, from: readonly PathState[]): Ways {
    if (stmt === undefined) return on(from);
    return stmt.kind === 'block' ? this.block(stmt, from) : this.stmt(stmt, from);
  }

  private declare(names: readonly Ident[], value: Expr, from: readonly PathState[]): readonly PathState[] {
    const [name] = names;
    for (const each of names) this.affinity.declare(each, value);
    if (name !== undefined && names.length === 1) {
      if (this.task.is(value)) this.task.alias(name);
      if (this.model.types.get(value)?.kind === 'bool') return this.assignBool(name, value, from);
    }
    return this.value(value, from);
  }

  private assign(stmt: Stmt & { readonly kind: 'assign' }, from: readonly PathState[]): readonly PathState[] {
    const { target } = stmt;
    const symbol = target.kind === 'name' ? this.model.names.get(target.name) : undefined;
    if (symbol?.kind !== 'local') {
      const states = this.value(stmt.value, from).map(disturbed);
      // Kept in state: it can be dispatched from there.
      return this.task.is(stmt.value) ? states.map((state) => inserted(state, stmt.span, false)) : states;
    }
    if (stmt.op === '=' && symbol.type.kind === 'bool') return this.assignBool(symbol.decl, stmt.value, from);
    return this.value(stmt.value, from).map((state) => changed(state, symbol.decl));
  }

  /** The local has the value of the condition from here on. */
  private assignBool(local: Ident, value: Expr, from: readonly PathState[]): readonly PathState[] {
    const { yes, no } = this.choose(value, from);
    const itself = this.relevance.ofLocal(local);
    const is = (holds: boolean) => (state: PathState) =>
      assume(changed(state, local), itself, holds, undefined);
    return [...yes.map(is(true)), ...no.map(is(false))];
  }

  private ifLet(stmt: Stmt & { readonly kind: 'if-let' }, from: readonly PathState[]): Ways {
    const states = this.value(stmt.value, from);
    this.affinity.declare(stmt.name, stmt.value);
    if (this.task.is(stmt.value)) this.task.alias(stmt.name);
    const some = this.relevance.conditionOf(stmt.value);
    const { yes, no } = split(states, some && { ...some, key: `some ${some.key}` }, stmt.value.span);
    return both(this.block(stmt.then, yes), this.otherwise(stmt.otherwise, no));
  }

  private match(stmt: Stmt & { readonly kind: 'match' }, from: readonly PathState[]): Ways {
    const states = this.value(stmt.subject, from);
    const complete =
      stmt.arms.some((arm) => arm.patterns.some((p) => p.kind === 'wildcard')) || coversAll(stmt, this.model);
    const ways = stmt.arms.map((arm) =>
      this.block(
        arm.body,
        states.map((state) => assume(state, undefined, true, arm.patterns[0]?.span)),
      ),
    );
    return ways.reduce(both, on(complete ? [] : states));
  }

  /** No round, one round, or more; two tell all, since counts stop at two. */
  private loop(body: Block, name: Ident, from: readonly PathState[]): Ways {
    let round = from;
    const left: PathState[] = [...from];
    for (let i = 0; i < 2; i++) {
      const ways = this.block(body, merge(round.map((state) => changed(state, name))));
      round = merge([...ways.next, ...ways.continued]);
      left.push(...round, ...ways.broke);
    }
    return on(merge(left));
  }

  private leave(value: Expr | undefined, from: readonly PathState[], at: Span): void {
    if (value !== undefined && this.model.types.get(value)?.kind === 'bool') {
      const { yes, no } = this.choose(value, from);
      this.exits.push(...yes.map((state) => ({ state, at, value: true })));
      this.exits.push(...no.map((state) => ({ state, at, value: false })));
      return;
    }
    const states = value === undefined ? from : this.value(value, from);
    this.exits.push(...states.map((state) => ({ state, at, value: undefined })));
  }

  /** Takes the paths apart by how a condition turns out. */
  private choose(expr: Expr, from: readonly PathState[]): Choice {
    switch (expr.kind) {
      case 'paren':
        return this.choose(expr.inner, from);
      case 'bool':
        return expr.value ? { yes: from, no: [] } : { yes: [], no: from };
      case 'unary': {
        const { yes, no } = this.choose(expr.operand, from);
        return { yes: no, no: yes };
      }
      case 'binary': {
        if (expr.op !== '&&' && expr.op !== '||') break;
        const left = this.choose(expr.left, from);
        const right = this.choose(expr.right, merge(expr.op === '&&' ? left.yes : left.no));
        return expr.op === '&&'
          ? { yes: right.yes, no: [...left.no, ...right.no] }
          : { yes: [...left.yes, ...right.yes], no: right.no };
      }
      case 'call': {
        const resolved = this.model.calls.get(expr);
        if (resolved?.callee.kind === 'fn') return this.chooseByFunction(expr, resolved.callee.decl, from);
        break;
      }
      default:
        break;
    }
    return split(this.value(expr, from), this.relevance.conditionOf(expr), expr.span);
  }

  private chooseByFunction(expr: CallExpr, fn: FnDecl, from: readonly PathState[]): Choice {
    const states = this.args(expr, from);
    const summaries = this.summary(fn, this.task.argument(expr));
    this.affinity.call(fn, this.model.calls.get(expr)?.args ?? [], states);
    const after = (value: boolean): readonly PathState[] =>
      states.flatMap((state) =>
        summaries
          .filter((one) => one.value !== !value)
          .map((one) => assume(applied(state, one, expr.callee.span), undefined, value, expr.span)),
      );
    return { yes: after(true), no: after(false) };
  }

  /** The paths after an expression was computed, for its effects. */
  private value(expr: Expr, from: readonly PathState[]): readonly PathState[] {
    switch (expr.kind) {
      case 'call':
        return this.call(expr, from);
      case 'binary': {
        if (expr.op !== '&&' && expr.op !== '||') return this.value(expr.right, this.value(expr.left, from));
        const { yes, no } = this.choose(expr, from);
        return [...yes, ...no];
      }
      case 'cond': {
        const { yes, no } = this.choose(expr.condition, from);
        return [...this.value(expr.then, yes), ...this.value(expr.otherwise, no)];
      }
      case 'paren':
        return this.value(expr.inner, from);
      case 'unary':
      case 'cast':
        return this.value(expr.operand, from);
      case 'member':
        return this.value(expr.object, from);
      case 'index':
        return this.value(expr.index, this.value(expr.object, from));
      case 'range':
        return this.value(expr.to, this.value(expr.from, from));
      default:
        return from;
    }
  }

  private args(expr: CallExpr, from: readonly PathState[]): readonly PathState[] {
    const receiver = expr.callee.kind === 'member' ? this.value(expr.callee.object, from) : from;
    return expr.args.reduce((states, arg) => this.value(arg.value, states), receiver);
  }

  private call(expr: CallExpr, from: readonly PathState[]): readonly PathState[] {
    const resolved = this.model.calls.get(expr);
    const states = this.args(expr, from);
    const { callee } = resolved ?? {};
    switch (callee?.kind) {
      case 'fn': {
        const summaries = this.summary(callee.decl, this.task.argument(expr));
        this.affinity.call(callee.decl, resolved?.args ?? [], states);
        return merge(
          states.flatMap((state) => summaries.map((one) => applied(state, one, expr.callee.span))),
        );
      }
      case 'kernel': {
        const [task, queue] = resolved?.args ?? [];
        if (isPlacing(callee.call.name)) this.affinity.place(task, queue, states);
        if (!isInsertion(callee.call.name)) return states;
        const sure = task !== undefined && this.task.is(task);
        return states.map((state) => inserted(state, expr.callee.span, sure));
      }
      case 'builtin':
        // A list keeps the task until `dispatch` takes it out; that it may be full is the policy's business.
        return callee.builtin.name === 'push'
          ? states.map((state) => inserted(disturbed(state), expr.callee.span, false))
          : states;
      default:
        return states;
    }
  }

  private summary(fn: FnDecl, task: number): readonly Summary[] {
    const ofFn = this.summaries.get(fn) ?? new Map<number, readonly Summary[]>();
    this.summaries.set(fn, ofFn);
    const known = ofFn.get(task);
    if (known !== undefined) return known;
    // Recursion is reported by the checker; it must only come to an end here.
    ofFn.set(task, [{ least: 0, most: 0, value: undefined }]);
    const exits = this.exitsOf(fn, task, ofFn);
    const found = new Map(
      exits.map(({ state: { least, most }, value }) => [`${least} ${most} ${value}`, { least, most, value }]),
    );
    ofFn.set(task, [...found.values()]);
    return [...found.values()];
  }

  /** Where a function has too many paths, nothing may be remembered of it. */
  private exitsOf(fn: FnDecl, task: number, summaries: Map<number, readonly Summary[]>): readonly Exit[] {
    try {
      return this.through(fn.body, fn.params[task]?.name);
    } catch (error) {
      summaries.delete(task);
      throw error;
    }
  }
}

const applied = (state: PathState, { least, most }: Summary, at: Span): PathState =>
  inserted(inserted(disturbed(state), at, true, least), at, false, most - least);
