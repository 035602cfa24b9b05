import type { Expr } from '../../ir/ir.ts';
import { atMost, atom, isFalse, LEVEL, type Body, type C } from './body.ts';
import { widthOf, type Width } from './ctypes.ts';
import { exprC, exprText } from './expressions.ts';
import { isFrom, kfunc } from './kfuncs.ts';
import { guardsOf } from './operators.ts';
import { stringC } from './constants.ts';
import { maskAskC, maskC, maskHasC } from './masks.ts';
import { threadIds } from './owners.ts';
import { taskC } from './tasks.ts';
import { helper, type Unit } from './unit.ts';

const BOOL: Width = widthOf({ kind: 'bool' });
const U32: Width = { bits: 32, signed: false };
const U64: Width = { bits: 64, signed: false };
const S32: Width = { bits: 32, signed: true };

/** C for an operation of the language itself. */
export function intrinsicC(body: Body, expr: Expr & { kind: 'intrinsic' }): C {
  const { unit } = body;
  const [first, second] = expr.args;
  if (isFalse(expr)) return atom('false', BOOL);
  const arg = (): Expr => first ?? missing(expr.name);
  const scx = unit.program.target === 'sched_ext' && unit.side === 'host';
  switch (expr.name) {
    case 'now':
      return atom(scx && !unit.monotonic ? `${nowOf(unit)}()` : 'bpf_ktime_get_ns()', U64);
    case 'current':
      unit.structs.mention('task_struct');
      return atom('bpf_get_current_task_btf()', 'none');
    case 'current-vcpu':
      unit.features.add('vcpus');
      if (body.self) {
        body.self.used = true;
        return atom(body.self.name, 'none');
      }
      unit.features.add('vcpu-of-task');
      return atom('pv_vcpu_of(bpf_get_current_task_btf())', 'none');
    case 'vcpu-of-task':
      unit.features.add('vcpus');
      unit.features.add('vcpu-of-task');
      return vcpuOf(taskC(body, arg()));
    case 'this-cpu':
      return atom('bpf_get_smp_processor_id()', S32);
    case 'vcpu-vm':
      return atom(`${exprText(body, arg())}->tgid`, U32);
    case 'vcpu-task':
      return taskC(body, expr);
    case 'vcpu-id':
      return atom(`${exprText(body, arg())}->id`, U32);
    case 'vcpu-tid':
      return atom(`${exprText(body, arg())}->tid`, U32);
    case 'vm-id':
      return exprC(body, arg());
    case 'task-pid':
      return atom(threadIds(body, arg()).tid, S32);
    case 'task-tgid':
      return atom(threadIds(body, arg()).tgid, S32);
    case 'task-comm':
      return atom(`${helper(unit, 'pv_comm')}(${taskC(body, arg()).text})`, 'none');
    case 'can-run-on': {
      const test = helper(unit, scx ? 'pv_can_run_on' : 'pv_may_run_on');
      return atom(
        `${test}(${taskC(body, arg()).text}, ${exprText(body, second ?? missing(expr.name))})`,
        BOOL,
      );
    }
    case 'is-kthread':
      return isKthread(body, arg());
    case 'dsq-len':
      unit.kfuncs.add('scx_bpf_dsq_nr_queued');
      return atom(`scx_bpf_dsq_nr_queued(${exprText(body, arg())})`, S32);
    case 'abs':
      return atom(`${helper(unit, 'pv_abs')}(${exprText(body, arg())})`, U64);
    case 'string-eq':
      return stringEq(body, arg(), second ?? missing(expr.name));
    case 'mask-literal':
    case 'mask-and':
    case 'mask-or':
    case 'mask-xor':
    case 'mask-not':
      return maskC(body, expr);
    case 'mask-has':
      return maskHasC(body, arg(), second ?? missing(expr.name));
    case 'mask-empty':
    case 'mask-count':
    case 'mask-any':
    case 'mask-first':
      return maskAskC(body, expr.name, arg());
    case 'waiting':
    case 'boosted-for':
      throw new Error(`${expr.name} is asked in invariants only, which are not compiled`);
  }
}

/** A thread that may be gone runs no vCPU. */
const vcpuOf = ({ text, guards }: C): C =>
  guards === undefined
    ? atom(`pv_vcpu_of(${text})`, 'none')
    : {
        text: `${guards.join(' && ')} ? pv_vcpu_of(${text}) : NULL`,
        level: LEVEL.conditional,
        width: 'none',
      };

/** The scheduler's clock, which kernels have from 6.14 on. */
const nowOf = (unit: Unit): string =>
  isFrom(unit, '6.14') ? kfunc(unit, 'scx_bpf_now') : helper(unit, 'pv_now');

const missing = (name: string): never => {
  throw new Error(`${name} lacks an argument`);
};

function isKthread(body: Body, task: Expr): C {
  const { unit } = body;
  unit.structs.use('task_struct', ['flags']);
  unit.constants.set('PF_KTHREAD', { enumName: undefined, value: 0x00200000n });
  const c = taskC(body, task);
  const test = `${c.text}->flags & PF_KTHREAD`;
  const [guard] = c.guards ?? [];
  if (guard !== undefined) return { text: `${guard} && (${test})`, level: LEVEL.logicalAnd, width: BOOL };
  return { text: `(${test}) != 0`, level: LEVEL.equality, width: BOOL, truth: `(${test})` };
}

function stringEq(body: Body, left: Expr, right: Expr): C {
  const eq = helper(body.unit, 'pv_comm_eq');
  const parts = [left, right].map((side) =>
    side.kind === 'const' && typeof side.value === 'string'
      ? atom(stringC(side.value), 'none')
      : exprC(body, side),
  );
  return atom(
    `${eq}(${parts.map((part) => atMost(part, LEVEL.conditional)).join(', ')})`,
    BOOL,
    guardsOf(parts),
  );
}
