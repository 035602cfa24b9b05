import type { CallExpr, FnDecl } from '../../../grammar/ast.ts';
import { report, type Context } from './context.ts';

interface Edge {
  readonly to: FnDecl;
  readonly call: CallExpr;
}

/** One call on the way from a function to itself. */
interface Step {
  readonly fn: FnDecl;
  readonly edge: Edge;
}

/** Far beyond the 8 frames of BPF (MAX_CALL_FRAMES of include/linux/bpf_verifier.h), which inlining stretches. */
const DEEPEST = 400;

/**
 * Finds functions that call themselves, directly or through others; each cycle is reported once. So is a chain of
 * calls that no stage after this one should have to follow.
 */
export function recursion(cx: Context): void {
  const edges = new Map<FnDecl, Edge[]>();
  for (const { from, to, call } of cx.edges) {
    const known = edges.get(from);
    if (known === undefined) edges.set(from, [{ to, call }]);
    else known.push({ to, call });
  }
  const done = new Set<FnDecl>();
  const reported = new Set<FnDecl>();
  const path: Step[] = [];
  const position = new Map<FnDecl, number>();
  let tooDeep = false;
  const visit = (fn: FnDecl): void => {
    if (path.length >= DEEPEST) {
      if (!tooDeep) report(cx, 'PV2035', fn.name.span, { name: fn.name.text, most: DEEPEST });
      tooDeep = true;
      return;
    }
    position.set(fn, path.length);
    for (const edge of edges.get(fn) ?? []) {
      const start = position.get(edge.to);
      path.push({ fn, edge });
      if (start === undefined) {
        if (!done.has(edge.to)) visit(edge.to);
      } else {
        const cycle = path.slice(start);
        if (!cycle.some((step) => reported.has(step.fn))) reportCycle(cx, cycle);
        for (const step of cycle) reported.add(step.fn);
      }
      path.pop();
    }
    position.delete(fn);
    done.add(fn);
  };
  for (const fn of cx.functions) if (!done.has(fn)) visit(fn);
}

function reportCycle(cx: Context, cycle: readonly Step[]): void {
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
