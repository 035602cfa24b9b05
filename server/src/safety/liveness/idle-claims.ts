import type { CallExpr, Expr, Ident } from '../../../../grammar/ast.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { Model } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';

/** Calls that take an idle CPU out of the kernel's record: nobody else will find it. */
const CLAIMS: ReadonlySet<string> = new Set(['scx_bpf_pick_idle_cpu', 'scx_bpf_pick_idle_cpu_node']);

/** Idle CPUs that are claimed and then left alone. */
export function checkIdleClaims(model: Model): readonly Diagnostic[] {
  const bodies = [...model.handlers.map(({ decl }) => decl.body), ...model.functions.map(({ body }) => body)];
  return bodies.flatMap((body) => {
    const claims: { readonly call: CallExpr; readonly into: Ident | undefined }[] = [];
    const used = new Set<Ident>();
    const visit = (node: Part): void => {
      const claim = claimIn(node, model);
      if (claim !== undefined) claims.push(claim);
      if (node.kind === 'name' && !claims.some(({ into }) => into === node.name)) {
        const symbol = model.names.get(node.name);
        if (symbol?.kind === 'local') used.add(symbol.decl);
      }
      // A question about the CPU does not use it.
      if (node.kind === 'binary' && isComparison(node.op)) return;
      eachChild(node, visit);
    };
    visit(body);
    return claims
      .filter(({ into }) => into === undefined || !used.has(into))
      .map(({ call }) => diagnostic('PV5019', call.span, {}));
  });
}

/** A claim whose result is dropped, asked about, or kept in a local. */
function claimIn(
  node: Part,
  model: Model,
): { readonly call: CallExpr; readonly into: Ident | undefined } | undefined {
  switch (node.kind) {
    case 'expr-stmt':
      return claimOf(node.expr, undefined, model);
    case 'let':
      return claimOf(node.value, node.names[0], model);
    case 'if-let':
      return claimOf(node.value, node.name, model);
    default:
      return undefined;
  }
}

function claimOf(
  value: Expr,
  into: Ident | undefined,
  model: Model,
): { readonly call: CallExpr; readonly into: Ident | undefined } | undefined {
  if (value.kind !== 'call') return undefined;
  const callee = model.calls.get(value)?.callee;
  return callee?.kind === 'kernel' && CLAIMS.has(callee.call.name) ? { call: value, into } : undefined;
}

const isComparison = (op: string): boolean => ['==', '!=', '<', '<=', '>', '>='].includes(op);
