import type { Expr } from '../../../grammar/ast.ts';
import type { Model } from '../semantics/model.ts';

/** Is the expression the CPU that the program runs on? */
export function isThisCpu(expr: Expr | undefined, model: Model): boolean {
  if (expr?.kind === 'paren') return isThisCpu(expr.inner, model);
  if (expr?.kind !== 'call') return false;
  const callee = model.calls.get(expr)?.callee;
  if (callee?.kind === 'builtin') return callee.builtin.name === 'this_cpu';
  return callee?.kind === 'kernel' && callee.call.name === 'bpf_get_smp_processor_id';
}
