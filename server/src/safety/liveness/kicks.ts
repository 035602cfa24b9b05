import type { Expr } from '../../../../grammar/ast.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { Model } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';
import { Guards, type GuardedCall } from '../guards.ts';
import { leaveOut } from '../rewrites.ts';
import { callStatementIn } from '../statements.ts';
import { isThisCpu } from '../this-cpu.ts';

/** Kicks that take the CPU away from each task as soon as it has it. */
export function checkKicks(model: Model): readonly Diagnostic[] {
  const guards = new Guards(
    model,
    ({ callee }) => callee.kind === 'kernel' && callee.call.name === 'scx_bpf_kick_cpu',
  );
  return model.handlers
    .filter(({ hook }) => hook?.family === 'op' && hook.name === 'running')
    .flatMap((handler) => guards.of(handler.decl.body) ?? [])
    .filter((kick) => kick.guards.length === 0 && preemptsItself(kick, model))
    .map(({ call }) => {
      const stmt = callStatementIn(model, call.callee.span);
      return diagnostic(
        'PV5013',
        call.span,
        {},
        { fixes: stmt === undefined ? [] : leaveOut(stmt, 'the kick') },
      );
    });
}

function preemptsItself({ resolved }: GuardedCall, model: Model): boolean {
  const [cpu, flags] = resolved.args;
  if (cpu === undefined || flags === undefined || !names(flags, 'SCX_KICK_PREEMPT', model)) return false;
  return isThisCpu(cpu, model) || isTaskCpu(cpu, model);
}

function isTaskCpu(cpu: Expr, model: Model): boolean {
  const callee = cpu.kind === 'call' ? model.calls.get(cpu)?.callee : undefined;
  return callee?.kind === 'kernel' && callee.call.name === 'scx_bpf_task_cpu';
}

function names(node: Part, constant: string, model: Model): boolean {
  const symbol = node.kind === 'name' ? model.names.get(node.name) : undefined;
  if (symbol?.kind === 'kernel-constant' && symbol.constant.name === constant) return true;
  let found = false;
  eachChild(node, (child) => (found ||= names(child, constant, model)));
  return found;
}
