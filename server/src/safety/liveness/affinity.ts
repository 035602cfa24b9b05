import type { Expr, Ident } from '../../../../grammar/ast.ts';
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Model } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';
import { affinityTest, branches, conditionOf, type Condition } from './conditions.ts';
import { assume, known, type PathState } from './state.ts';

/** An insertion to a CPU of which nothing on the path says that the task may run there. */
export interface Unchecked {
  readonly task: Expr;
  readonly cpu: Expr;
  /** Of the queue, `local_on(cpu)`. */
  readonly span: Span;
}

/**
 * Collects insertions to one CPU that are not tested. A CPU that was chosen by looking at the task (from its mask, by
 * a call that takes it) needs no test, nor does one that the caller of a function chose.
 */
export class Affinity {
  /** By the place of the queue. */
  readonly unchecked = new Map<number, Unchecked>();
  private readonly model: Model;
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
      if (cpu === undefined || this.comesFrom(cpu, task)) continue;
      const asked = affinityTest(task, cpu, this.model);
      if (states.some((state) => known(state, asked) !== true))
        this.unchecked.set(branch.span.start, { task, cpu, span: branch.span });
    }
  }

  private comesFrom(cpu: Expr, task: Expr): boolean {
    const wanted = task.kind === 'name' ? this.model.names.get(task.name) : undefined;
    const seen = new Set<Ident>();
    const look = (node: Part): boolean => {
      if (node.kind !== 'name') {
        let found = false;
        eachChild(node, (child) => (found ||= look(child)));
        return found;
      }
      const symbol = this.model.names.get(node.name);
      if (symbol?.kind !== 'local') return false;
      if (symbol === wanted || symbol.role === 'fn-param') return true;
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
