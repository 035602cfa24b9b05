import type { Span } from '../diagnostics/diagnostic.ts';
import type { Expr, IrType } from './ir.ts';
import { intrinsic } from './lower-body.ts';
import { IR_BOOL, IR_CPU, IR_STRING, IR_TASK, IR_U32, IR_U64, IR_VM } from './types.ts';

/** Lowers `object.name` where the language brings the member. */
export function builtinMember(object: Expr, name: string, span: Span): Expr {
  const of = (intr: Parameters<typeof intrinsic>[0], type: IrType): Expr =>
    intrinsic(intr, [object], type, span);
  switch (`${object.type.kind}.${name}`) {
    case 'vcpu.vm':
      return of('vcpu-vm', IR_VM);
    case 'vcpu.task':
      return of('vcpu-task', IR_TASK);
    case 'vcpu.id':
      return of('vcpu-id', IR_U32);
    case 'vcpu.tid':
      return of('vcpu-tid', IR_U32);
    case 'vm.id':
      return of('vm-id', IR_U32);
    case 'task.pid':
      return of('task-pid', IR_U32);
    case 'task.tgid':
      return of('task-tgid', IR_U32);
    case 'task.comm':
      return of('task-comm', IR_STRING);
    case 'dsq.len':
      return of('dsq-len', IR_U64);
    case 'cpumask.empty':
      return of('mask-empty', IR_BOOL);
    case 'cpumask.count':
      return of('mask-count', IR_U64);
    case 'cpumask.any':
      return of('mask-any', { kind: 'optional', inner: IR_CPU });
    case 'cpumask.first':
      return of('mask-first', { kind: 'optional', inner: IR_CPU });
    default:
      throw new Error(`no lowering for the member .${name} of a ${object.type.kind}`);
  }
}
