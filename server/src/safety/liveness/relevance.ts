import type { Block, Expr, Ident } from '../../../../grammar/ast.ts';
import type { Model } from '../../semantics/model.ts';
import type { Reach } from '../reach.ts';
import { eachChild, type Part } from '../children.ts';
import type { Use } from '../uses.ts';
import { conditionOf, type Condition } from './conditions.ts';
import { isPlacing } from './queues.ts';

/**
 * What has to be looked at: bodies that put a task anywhere, and conditions that a body asks more than once. All else
 * makes no difference to where a task goes, and is what most of a policy consists of.
 */
export class Relevance {
  private readonly model: Model;
  private readonly reach: Reach;
  private readonly bodies = new Map<Block, boolean>();
  /** How often each condition is asked in the bodies that matter. */
  private readonly asked = new Map<string, number>();

  constructor(model: Model, reach: Reach) {
    this.model = model;
    this.reach = reach;
  }

  /** Does the body, or a function that it calls, put a task into a queue or into state? */
  matters(body: Block): boolean {
    const known = this.bodies.get(body);
    if (known !== undefined) return known;
    // Recursion is reported by the checker; it must only come to an end here.
    this.bodies.set(body, false);
    const uses = this.reach.uses(body);
    const found = uses.some(places) || uses.some((use) => use.kind === 'fn' && this.matters(use.decl.body));
    this.bodies.set(body, found);
    if (found) this.count(body);
    return found;
  }

  /** The condition that `expr` is, where knowing it can matter later on a path. */
  conditionOf(expr: Expr): Condition | undefined {
    const condition = conditionOf(expr, this.model);
    return condition !== undefined && this.isWorthKnowing(condition.key) ? condition : undefined;
  }

  /** The condition that a bool local is, where it is asked for at all. */
  ofLocal(local: Ident): Condition | undefined {
    const key = `${local.text}@${local.span.start}`;
    return this.isWorthKnowing(key) ? { key, positive: true, locals: [local], stable: true } : undefined;
  }

  private isWorthKnowing(key: string): boolean {
    return (this.asked.get(key) ?? 0) > 1 || key.startsWith('can_run_on(');
  }

  private count(node: Part): void {
    const condition = conditionIn(node);
    if (condition !== undefined) this.countCondition(condition);
    eachChild(node, (child) => this.count(child));
  }

  private countCondition(expr: Expr): void {
    if (expr.kind === 'paren') return this.countCondition(expr.inner);
    if (expr.kind === 'unary') return this.countCondition(expr.operand);
    if (expr.kind === 'binary' && (expr.op === '&&' || expr.op === '||')) {
      this.countCondition(expr.left);
      this.countCondition(expr.right);
      return;
    }
    const key = conditionOf(expr, this.model)?.key;
    if (key !== undefined) this.asked.set(key, (this.asked.get(key) ?? 0) + weightOf(expr));
  }
}

/** A local is set before it is asked, so asking once is enough to make it worth knowing. */
const weightOf = (expr: Expr): number => (expr.kind === 'name' ? 2 : 1);

const places = (use: Use): boolean => use.kind === 'keep' || (use.kind === 'call' && isPlacing(use.name));

/** The condition that the node itself asks, or remembers in a local. */
function conditionIn(node: Part): Expr | undefined {
  switch (node.kind) {
    case 'if':
    case 'cond':
      return node.condition;
    case 'if-let':
    case 'let':
    case 'assign':
    case 'return':
      return node.value;
    default:
      return undefined;
  }
}
