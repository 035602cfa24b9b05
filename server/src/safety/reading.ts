import type { Expr, FnDecl, Ident } from '../../../grammar/ast.ts';
import type { Model } from '../semantics/model.ts';
import { eachChild, type Part } from './children.ts';

/** What the conditions of a policy are made of, locals and functions followed to what they were made from. */
export class Reading {
  private readonly model: Model;
  private readonly origins = new Map<Ident, Expr>();
  private readonly changing = new Set<Ident>();

  constructor(model: Model) {
    this.model = model;
    for (const { decl } of model.handlers) this.collect(decl.body);
    for (const { body } of model.functions) this.collect(body);
  }

  /** Is any node of the expression, or of what it was computed from, of that kind? */
  some(expr: Expr, test: (node: Part) => boolean, seen = new Set<Ident | FnDecl>()): boolean {
    const look = (node: Part): boolean => {
      if (test(node)) return true;
      if (this.follow(node, look, seen)) return true;
      let found = false;
      eachChild(node, (child) => (found ||= look(child)));
      return found;
    };
    return look(expr);
  }

  /** What the expression stands for: names that never change followed to what they were declared with. */
  valueOf(expr: Expr): Expr {
    if (expr.kind === 'paren') return this.valueOf(expr.inner);
    const symbol = expr.kind === 'name' ? this.model.names.get(expr.name) : undefined;
    const origin =
      symbol?.kind === 'local' && !this.changing.has(symbol.decl) ? this.origins.get(symbol.decl) : undefined;
    return origin === undefined ? expr : this.valueOf(origin);
  }

  /**
   * Can the condition change while the task or vCPU does what it did before: does it compare, look at the policy's own
   * state, at the clock or at a variable?
   */
  bounds(expr: Expr): boolean {
    return this.some(expr, (node) => {
      switch (node.kind) {
        case 'binary':
          return (
            ['<', '<=', '>', '>='].includes(node.op) && !(this.isFixed(node.left) && this.isFixed(node.right))
          );
        case 'name': {
          const symbol = this.model.names.get(node.name);
          return isKept(symbol?.kind) || (symbol?.kind === 'local' && this.changing.has(symbol.decl));
        }
        case 'member':
          return isKept(this.model.names.get(node.member)?.kind);
        case 'call': {
          const callee = this.model.calls.get(node)?.callee;
          return callee?.kind === 'builtin' && ['now', 'before'].includes(callee.builtin.name);
        }
        default:
          return false;
      }
    });
  }

  /** Is it about nothing but what a task is and stays: its niceness, its affinity, being a thread of the kernel? */
  isFixedProperty(condition: Expr): boolean {
    if (condition.kind === 'paren') return this.isFixedProperty(condition.inner);
    if (condition.kind === 'unary') return this.isFixedProperty(condition.operand);
    if (condition.kind === 'binary' && ['&&', '||'].includes(condition.op))
      return this.isFixedProperty(condition.left) && this.isFixedProperty(condition.right);
    if (condition.kind === 'binary') return this.isOfTask(condition.left) && this.isOfTask(condition.right);
    const callee = condition.kind === 'call' ? this.model.calls.get(condition)?.callee : undefined;
    return callee?.kind === 'builtin' && callee.builtin.name === 'is_kthread';
  }

  private isOfTask(expr: Expr): boolean {
    if (expr.kind === 'paren') return this.isOfTask(expr.inner);
    if (expr.kind === 'cast') return this.isOfTask(expr.operand);
    if (expr.kind === 'binary') return this.isOfTask(expr.left) && this.isOfTask(expr.right);
    return this.isFixed(expr);
  }

  /** Stays what it is for as long as the task lives, whatever it does: its niceness, the CPUs that it may use. */
  private isFixed(expr: Expr): boolean {
    if (this.model.constants.has(expr)) return true;
    const name = expr.kind === 'member' ? expr.member : expr.kind === 'name' ? expr.name : undefined;
    const symbol = name && this.model.names.get(name);
    if (symbol?.kind === 'kernel-field') return FIXED.has(symbol.field.name);
    if (symbol?.kind === 'builtin-member') return FIXED.has(symbol.name);
    return symbol?.kind === 'param' || symbol?.kind === 'const';
  }

  /** Does a word of the guest decide it? */
  trustsGuest(expr: Expr): boolean {
    return this.some(expr, (node) => {
      const symbol = node.kind === 'member' ? this.model.names.get(node.member) : undefined;
      return symbol?.kind === 'shared-field' && symbol.shared.direction.text === 'hint';
    });
  }

  private follow(node: Part, look: (node: Part) => boolean, seen: Set<Ident | FnDecl>): boolean {
    if (node.kind === 'name') {
      const symbol = this.model.names.get(node.name);
      if (symbol?.kind !== 'local' || seen.has(symbol.decl)) return false;
      seen.add(symbol.decl);
      const origin = this.origins.get(symbol.decl);
      return origin !== undefined && look(origin);
    }
    const callee = node.kind === 'call' ? this.model.calls.get(node)?.callee : undefined;
    if (callee?.kind !== 'fn' || seen.has(callee.decl)) return false;
    seen.add(callee.decl);
    return look(callee.decl.body);
  }

  private collect(node: Part): void {
    if (node.kind === 'let' || node.kind === 'if-let') {
      const names = node.kind === 'let' ? node.names : [node.name];
      for (const name of names) this.origins.set(name, node.value);
      if (node.kind === 'let' && node.mutable) for (const name of names) this.changing.add(name);
    }
    eachChild(node, (child) => this.collect(child));
  }
}

const isKept = (kind: string | undefined): boolean =>
  kind === 'state-field' || kind === 'counter' || kind === 'histogram';

/** Fields of a task that no running changes. */
const FIXED: ReadonlySet<string> = new Set([
  ...['static_prio', 'normal_prio', 'policy', 'rt_priority', 'nr_cpus_allowed', 'pid', 'tgid', 'weight'],
]);
