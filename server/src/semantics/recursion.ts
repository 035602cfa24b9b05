import type { CallExpr, FnDecl } from '../../../grammar/ast.ts';
import { report, type Context } from './context.ts';
import { eachExprOf } from './walk.ts';

interface Edge {
  readonly to: FnDecl;
  readonly call: CallExpr;
}

/** Finds functions that call themselves, directly or through others; each cycle is reported once. */
export function recursion(cx: Context): void {
  const edges = new Map<FnDecl, readonly Edge[]>(cx.functions.map((fn) => [fn, callsOf(cx, fn)]));
  const done = new Set<FnDecl>();
  const reported = new Set<FnDecl>();
  const visit = (fn: FnDecl, path: readonly { readonly fn: FnDecl; readonly edge: Edge }[]): void => {
    for (const edge of edges.get(fn) ?? []) {
      const steps = [...path, { fn, edge }];
      const start = steps.findIndex((step) => step.fn === edge.to);
      if (start >= 0) {
        const cycle = steps.slice(start);
        if (!cycle.some((step) => reported.has(step.fn))) reportCycle(cx, cycle);
        for (const step of cycle) reported.add(step.fn);
      } else if (!done.has(edge.to)) {
        visit(edge.to, steps);
      }
    }
    done.add(fn);
  };
  for (const fn of cx.functions) if (!done.has(fn)) visit(fn, []);
}

function callsOf(cx: Context, fn: FnDecl): readonly Edge[] {
  const found: Edge[] = [];
  eachExprOf(fn.body, (expr) => {
    const callee = expr.kind === 'call' ? cx.calls.get(expr)?.callee : undefined;
    if (expr.kind === 'call' && callee?.kind === 'fn') found.push({ to: callee.decl, call: expr });
  });
  return found;
}

function reportCycle(cx: Context, cycle: readonly { readonly fn: FnDecl; readonly edge: Edge }[]): void {
  const [first] = cycle;
  if (first === undefined) return;
  const names = [...cycle.map((step) => step.fn.name.text), first.fn.name.text];
  report(
    cx,
    'PV2022',
    first.fn.name.span,
    { name: first.fn.name.text, chain: names.join(' \u2192 ') },
    {
      related: cycle.map(({ fn, edge }) => ({
        message: `'${fn.name.text}' calls '${edge.to.name.text}' here`,
        span: edge.call.span,
      })),
    },
  );
}
