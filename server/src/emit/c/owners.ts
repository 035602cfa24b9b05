import type { Expr, Instance } from '../../ir/ir.ts';
import type { Body } from './body.ts';
import { exprText } from './expressions.ts';
import { taskC } from './tasks.ts';

/** The key under which what is counted per entity is kept: an id, nothing for global ones. */
export function ownerText(body: Body, per: Instance['scope'], entity: Expr | undefined): string {
  if (entity === undefined || per === 'global') return '';
  switch (per) {
    case 'vcpu':
      return `${exprText(body, entity)}->tid`;
    case 'task':
      return threadIds(body, entity).tid;
    case 'vm':
    case 'cpu':
      return exprText(body, entity);
  }
}

/** Ids of the thread that a task or vCPU is. */
export function threadIds(body: Body, entity: Expr): { readonly tid: string; readonly tgid: string } {
  const vcpu = entity.kind === 'intrinsic' && entity.name === 'vcpu-task' ? entity.args[0] : undefined;
  if (vcpu ?? entity.type.kind === 'vcpu') {
    const text = exprText(body, vcpu ?? entity);
    return { tid: `${text}->tid`, tgid: `${text}->tgid` };
  }
  const task = taskC(body, entity);
  body.unit.structs.use('task_struct', ['pid']);
  body.unit.structs.use('task_struct', ['tgid']);
  const [guard] = task.guards ?? [];
  const field = (name: string): string =>
    guard === undefined ? `${task.text}->${name}` : `(${guard} ? ${task.text}->${name} : 0)`;
  return { tid: field('pid'), tgid: field('tgid') };
}
