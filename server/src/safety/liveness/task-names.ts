import type { CallExpr, Expr, Ident } from '../../../../grammar/ast.ts';
import type { Model } from '../../semantics/model.ts';

/** The names that mean one task inside of a body: its parameter, and what is declared with it. */
export class TaskNames {
  private readonly model: Model;
  private readonly names = new Set<Ident>();

  constructor(model: Model, task: Ident | undefined) {
    this.model = model;
    if (task !== undefined) this.names.add(task);
  }

  /** From here on `local` means the task as well. */
  alias(local: Ident): void {
    this.names.add(local);
  }

  /** Is it the task, or its vCPU? */
  is(expr: Expr): boolean {
    if (expr.kind === 'paren') return this.is(expr.inner);
    if (expr.kind === 'call') {
      const resolved = this.model.calls.get(expr);
      const [argument] = resolved?.args ?? [];
      const isVcpu = resolved?.callee.kind === 'builtin' && resolved.callee.builtin.name === 'vcpu';
      return isVcpu && argument !== undefined && this.is(argument);
    }
    const symbol = expr.kind === 'name' ? this.model.names.get(expr.name) : undefined;
    return symbol?.kind === 'local' && this.names.has(symbol.decl);
  }

  /** Position of the task among the arguments; -1 where it is not passed on. */
  argument(expr: CallExpr): number {
    return expr.args.findIndex((arg) => this.is(arg.value));
  }
}
