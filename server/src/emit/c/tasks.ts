import type { Expr } from '../../ir/ir.ts';
import { atom, fetchOnce, type Body, type C } from './body.ts';
import { exprC, exprText } from './expressions.ts';
import { nameFor } from './state.ts';
import { helper } from './unit.ts';
import { entityKey } from './walk.ts';

/**
 * C for a thread as a `struct task_struct *`. That of a vCPU is known where the policy came to the vCPU from it;
 * elsewhere it is looked up by its id, and the pointer has to be tested (`guards`), for the thread may be gone.
 */
export function taskC(body: Body, task: Expr): C {
  const vcpu =
    task.kind === 'intrinsic' && task.name === 'vcpu-task'
      ? task.args[0]
      : task.type.kind === 'vcpu'
        ? task
        : undefined;
  if (vcpu === undefined) return exprC(body, task);
  const known = vcpu.kind === 'local' ? body.threads.get(vcpu.local.id) : undefined;
  if (known !== undefined) return atom(known, 'none');
  helper(body.unit, 'pv_put_task');
  body.unit.kfuncs.add('bpf_task_from_pid');
  const text = exprText(body, vcpu);
  const declaration = (name: string): string =>
    `struct task_struct *${name} pv_auto(task) = bpf_task_from_pid(${text}->tid);`;
  const name = fetchOnce(body, `thread ${entityKey(vcpu)}`, vcpu, nameFor(vcpu, 'task'), declaration);
  return atom(name, 'none', [name]);
}
