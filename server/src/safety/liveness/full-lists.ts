import type { Expr, Field } from '../../../../grammar/ast.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { Model } from '../../semantics/model.ts';
import { Guards } from '../guards.ts';
import { Reading } from '../reading.ts';

/**
 * Tasks that `enqueue` puts into a list which may lose them: it is full, or CPUs share it, and a push takes more than one step. A
 * list of each CPU is changed by programs that run there with interrupts off, one after the other.
 */
export function checkFullLists(model: Model): readonly Diagnostic[] {
  const guards = new Guards(
    model,
    ({ callee }) => callee.kind === 'builtin' && callee.builtin.name === 'push',
  );
  const reading = new Reading(model);
  return model.handlers
    .filter(({ hook }) => hook?.family === 'op' && hook.name === 'enqueue')
    .flatMap(({ decl }) => guards.of(decl.body) ?? [])
    .flatMap(({ call, resolved, guards: asked }) => {
      const type = resolved.receiver && model.types.get(resolved.receiver);
      const field = resolved.receiver && fieldOf(resolved.receiver, model);
      if (type?.kind !== 'list' || field === undefined || !['task', 'vcpu'].includes(type.of.kind)) return [];
      const isAsked = asked.some(({ condition }) =>
        reading.some(condition, (node) => fieldOf(node as Expr, model) === field),
      );
      const shared = isShared(field, model);
      if (isAsked && !shared) return [];
      const why = shared
        ? 'CPUs share it: one may push while another pushes or takes'
        : `it holds ${type.max}, and stays as it is when it is full`;
      return [diagnostic('PV5025', call.span, { list: field.name.text, why })];
    });
}

const isShared = (field: Field, model: Model): boolean =>
  !model.file.decls.some(
    (decl) => decl.kind === 'state' && decl.scope?.text === 'cpu' && decl.fields.includes(field),
  );

function fieldOf(node: Expr, model: Model): Field | undefined {
  const name = node.kind === 'name' ? node.name : node.kind === 'member' ? node.member : undefined;
  const symbol = name && model.names.get(name);
  return symbol?.kind === 'state-field' ? symbol.decl : undefined;
}
