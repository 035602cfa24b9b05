import type { Expr, FnDecl, Ident } from '../../../../grammar/ast.ts';
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Model } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';
import { affinityTest, branches, conditionOf, type Condition } from './conditions.ts';
import { assume, known, type PathState } from './state.ts';

/** An insertion to a CPU of which nothing on the path says that the task may run there. */
export interface Unchecked {
  readonly task: Expr;
  readonly cpu: Expr;
  /** Of the queue, `local_on(cpu)`; of the CPU where a function makes the insertion. */
  readonly span: Span;
  readonly byFunction: boolean;
}

/**
 * Collects insertions to one CPU that are not tested. A CPU that was chosen by looking at the task (from its mask, by
 * a call that takes it) needs no test. Where a function is given both, its callers are asked.
 */
export class Affinity {
  /** By the place of the queue. */
  readonly unchecked = new Map<number, Unchecked>();
  private readonly model: Model;
  /** CPUs that functions are given and do not test, each with the task that is inserted there. */
  private readonly owed = new Map<Ident, Ident>();
  /** What each local was declared with. */
  private readonly origins = new Map<Ident, Expr>();

  constructor(model: Model) {
    this.model = model;
  }

  declare(local: Ident, value: Expr): void {
    this.origins.set(local, value);
  }

  /** The task is put into the queue on these paths. */
  place(task: Expr | undefined, queue: Expr | undefined, states: readonly PathState[]): void {
    if (task === undefined || queue === undefined) return;
    if (queue.kind === 'paren') return this.place(task, queue.inner, states);
    if (queue.kind === 'cond') {
      const asked = conditionOf(queue.condition, this.model);
      this.place(task, queue.then, assumed(states, asked, true));
      this.place(task, queue.otherwise, assumed(states, asked, false));
      return;
    }
    for (const branch of branches(queue)) {
      const resolved = branch.kind === 'call' ? this.model.calls.get(branch) : undefined;
      const [cpu] = resolved?.args ?? [];
      if (resolved?.callee.kind !== 'builtin' || resolved.callee.builtin.name !== 'local_on') continue;
      if (cpu === undefined || !this.isOpen(cpu, task, states)) continue;
      const [where, whom] = [this.parameter(cpu), this.parameter(task)];
      if (where !== undefined && whom !== undefined) this.owed.set(where, whom);
      else if (where === undefined)
        this.unchecked.set(branch.span.start, { task, cpu, span: branch.span, byFunction: false });
    }
  }

  /** A function was called on these paths, after its body was walked. */
  call(fn: FnDecl, args: readonly (Expr | undefined)[], states: readonly PathState[]): void {
    fn.params.forEach(({ name }, i) => {
      const whom = this.owed.get(name);
      const [cpu, task] = [args[i], args[fn.params.findIndex((param) => param.name === whom)]];
      if (whom === undefined || cpu === undefined || task === undefined) return;
      if (!this.isOpen(cpu, task, states)) return;
      const [mine, own] = [this.parameter(cpu), this.parameter(task)];
      if (mine !== undefined && own !== undefined) this.owed.set(mine, own);
      else if (mine === undefined)
        this.unchecked.set(cpu.span.start, { task, cpu, span: cpu.span, byFunction: true });
    });
  }

  /** Does nothing say that the task may run there? */
  private isOpen(cpu: Expr, task: Expr, states: readonly PathState[]): boolean {
    if (this.comesFrom(cpu, task)) return false;
    const asked = affinityTest(task, cpu, this.model);
    return states.some((state) => known(state, asked) !== true);
  }

  /** The parameter of a function that the expression is. */
  private parameter(expr: Expr): Ident | undefined {
    if (expr.kind === 'paren') return this.parameter(expr.inner);
    const symbol = expr.kind === 'name' ? this.model.names.get(expr.name) : undefined;
    return symbol?.kind === 'local' && symbol.role === 'fn-param' ? symbol.decl : undefined;
  }

  private comesFrom(cpu: Expr, task: Expr): boolean {
    const wanted = task.kind === 'name' ? this.model.names.get(task.name) : undefined;
    const seen = new Set<Ident>();
    const look = (node: Part): boolean => {
      // What was kept of a task was true when it was kept; its affinity may have changed since.
      if (node.kind === 'member' && this.model.names.get(node.member)?.kind === 'state-field') return false;
      if (node.kind !== 'name') {
        let found = false;
        eachChild(node, (child) => (found ||= look(child)));
        return found;
      }
      const symbol = this.model.names.get(node.name);
      if (symbol?.kind !== 'local') return false;
      if (symbol === wanted) return true;
      if (seen.has(symbol.decl)) return false;
      seen.add(symbol.decl);
      const origin = this.origins.get(symbol.decl);
      return origin !== undefined && look(origin);
    };
    return look(cpu);
  }
}

/** The paths on which a condition in the middle of an expression turned out so. */
const assumed = (
  states: readonly PathState[],
  condition: Condition | undefined,
  holds: boolean,
): readonly PathState[] => states.map((state) => assume(state, condition, holds, undefined));
