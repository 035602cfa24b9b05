import type { CallExpr, Expr } from '../../../../grammar/ast.ts';
import type { Diagnostic, Fix } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { HandlerModel, Model } from '../../semantics/model.ts';
import { Guards } from '../guards.ts';
import { Reading } from '../reading.ts';
import { onlyIf } from '../rewrites.ts';
import { callStatement } from '../statements.ts';

const SENDING_BACK = ['scx_bpf_reenqueue_local', 'scx_bpf_dsq_reenq'];

/** Calls that send tasks back to `enqueue`, made in `enqueue` itself whatever brought the task there. */
export function checkReenqueue(model: Model): readonly Diagnostic[] {
  const guards = new Guards(
    model,
    ({ callee }) => callee.kind === 'kernel' && SENDING_BACK.includes(callee.call.name),
  );
  const reading = new Reading(model);
  const asksWhy = (condition: Expr): boolean =>
    reading.bounds(condition) ||
    reading.some(condition, (node) => {
      const symbol = node.kind === 'name' ? model.names.get(node.name) : undefined;
      return symbol?.kind === 'kernel-constant' && symbol.constant.name === 'SCX_ENQ_REENQ';
    });
  return model.handlers
    .filter(({ hook }) => hook?.family === 'op' && hook.name === 'enqueue')
    .flatMap((handler) =>
      (guards.of(handler.decl.body) ?? [])
        .filter((sent) => !sent.guards.some(({ condition }) => asksWhy(condition)))
        .flatMap(({ call, resolved }) => {
          if (resolved.callee.kind !== 'kernel') return [];
          const args = { call: `${resolved.callee.call.name}()` };
          return [diagnostic('PV5015', call.callee.span, args, { fixes: askWhy(call, handler) })];
        }),
    );
}

/** Asks whether the task was sent back before; only `enqueue` itself knows. */
function askWhy(call: CallExpr, { decl, params }: HandlerModel): readonly Fix[] {
  const flags = params[1]?.ident.text;
  const stmt = callStatement(decl.body, call.callee.span);
  if (stmt === undefined || flags === undefined || flags === '_') return [];
  const test = `!(${flags} has SCX_ENQ_REENQ)`;
  return [{ title: `Test '${test}'`, edits: onlyIf(stmt, test) }];
}
