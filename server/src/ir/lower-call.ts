import type * as ast from '../../../grammar/ast.ts';
import type { BuiltinInfo } from '../semantics/builtins.ts';
import type { CallInfo } from '../semantics/kernel-view.ts';
import type { ResolvedCall } from '../semantics/model.ts';
import { coerce } from './coerce.ts';
import type { Action, BinaryOp, Expr, IrType } from './ir.ts';
import { bare, intrinsic, typeOf, type Body } from './lower-body.ts';
import { lowerAs, lowerExpr } from './lower-expr.ts';
import { collectionOf } from './lower-place.ts';
import { meet } from './operators.ts';
import { IR_BOOL, IR_CPU, IR_CPUMASK, IR_S64, IR_TASK, irType, wide } from './types.ts';

export function resolved(body: Body, expr: ast.CallExpr): ResolvedCall {
  const call = body.model.calls.get(expr);
  if (!call) throw new Error(`the call at ${expr.span.start} was not resolved`);
  return call;
}

/** Lowers a call that is used for its value (or whose value is dropped). Actions and effects are statements. */
export function lowerCall(body: Body, expr: ast.CallExpr): Expr {
  const call = resolved(body, expr);
  const { span } = expr;
  switch (call.callee.kind) {
    case 'fn': {
      const { decl } = call.callee;
      const symbol = body.model.names.get(decl.name);
      if (symbol?.kind !== 'fn') throw new Error(`${decl.name.text} is no function`);
      const args = symbol.params.map((type, i) => {
        const arg = call.args[i];
        if (!arg) throw new Error(`argument ${i} of ${decl.name.text} is missing`);
        return lowerAs(body, arg, irType(type));
      });
      return { kind: 'call', fn: decl.name.text, args, type: irType(symbol.result), span };
    }
    case 'kernel':
      return {
        kind: 'kernel-call',
        call: call.callee.call,
        args: kernelArgs(body, call.callee.call, call.args),
        type: irType(call.callee.call.result),
        span,
      };
    case 'builtin':
      return lowerBuiltin(body, expr, call.callee.builtin, call);
    case 'action':
      throw new Error(`the action ${call.callee.action.name} has no value`);
  }
}

/** Arguments of a kernel call in the order of its parameters that the caller writes (out-parameters are left out). */
function kernelArgs(body: Body, call: CallInfo, args: readonly (ast.Expr | undefined)[]): Expr[] {
  const params = call.params.filter((param) => !param.out);
  const written = args.filter((arg): arg is ast.Expr => arg !== undefined);
  if (written.length !== params.length) {
    throw new Error(`${call.name} takes ${params.length} arguments and was given ${written.length}`);
  }
  return written.map((arg, i) => {
    const param = params[i];
    const value = lowerExpr(body, arg);
    return param ? coerce(value, irType(param.type)) : value;
  });
}

/** Lowers the call of an action: its arguments in the order of its parameters. */
export function lowerAction(body: Body, call: ResolvedCall, deferred: boolean): Action {
  if (call.callee.kind !== 'action') throw new Error('only actions can be deferred');
  const { action } = call.callee;
  const args = action.params.map((param, i) => {
    const arg = call.args[i];
    if (!arg) throw new Error(`${action.name} lacks its argument ${param.name}`);
    return lowerAs(body, arg, irType(param.type));
  });
  return { name: action.name, args, deferred };
}

function lowerBuiltin(body: Body, expr: ast.CallExpr, builtin: BuiltinInfo, call: ResolvedCall): Expr {
  if (call.receiver) return lowerMethod(body, expr, builtin, call.receiver, call);
  const { span } = expr;
  const type = irType(typeOf(body, expr));
  const arg = (i: number): ast.Expr => {
    const value = call.args[i];
    if (!value) throw new Error(`${builtin.name} lacks argument ${i}`);
    return value;
  };
  const of = (name: Parameters<typeof intrinsic>[0], ...args: Expr[]): Expr =>
    intrinsic(name, args, type, span);
  switch (builtin.name) {
    case 'now':
    case 'current':
      return of(builtin.name);
    case 'current_vcpu':
      return of('current-vcpu');
    case 'this_cpu':
      return of('this-cpu');
    case 'vcpu':
      return of('vcpu-of-task', lowerAs(body, arg(0), IR_TASK));
    case 'is_kthread':
      return of('is-kthread', lowerAs(body, arg(0), IR_TASK));
    case 'can_run_on':
      return of('can-run-on', lowerAs(body, arg(0), IR_TASK), lowerAs(body, arg(1), IR_CPU));
    case 'waiting':
      return of('waiting', lowerAs(body, arg(0), IR_TASK));
    case 'boosted_for':
      return of('boosted-for', lowerAs(body, arg(0), IR_TASK));
    case 'abs':
      return of('abs', lowerAs(body, arg(0), IR_S64));
    case 'min':
    case 'max':
      return choose(builtin.name, lowerExpr(body, arg(0)), lowerExpr(body, arg(1)), type);
    case 'clamp': {
      const raised = choose('max', lowerExpr(body, arg(0)), lowerExpr(body, arg(1)), type);
      return choose('min', raised, lowerExpr(body, arg(2)), type);
    }
    case 'before': {
      const [left, right] = [lowerExpr(body, arg(0)), lowerExpr(body, arg(1))];
      return { kind: 'binary', op: 'before', left, right, type: IR_BOOL, span };
    }
    case 'ratio': {
      const [left, right] = [lowerExpr(body, arg(0)), lowerExpr(body, arg(1))];
      const widened = coerce(right, { ...wide(right.type), signed: false });
      return {
        kind: 'binary',
        op: 'div-ratio',
        left: coerce(left, { ...wide(left.type), signed: false }),
        right: widened,
        type,
        span,
      };
    }
    case 'cpus':
      return lowerCpus(body, expr, call);
    case 'local_on':
      return { kind: 'dsq', which: { kind: 'local-on', cpu: lowerAs(body, arg(0), IR_CPU) }, type, span };
    default:
      throw new Error(`no lowering for ${builtin.name}`);
  }
}

/** `min` and `max` in 64 bits; by wrapped order where the unit is vtime. */
function choose(op: BinaryOp & ('min' | 'max'), left: Expr, right: Expr, result: IrType): Expr {
  const meeting = result.kind === 'int' ? wide(result) : wide(meet(left, right));
  return coerce(
    {
      kind: 'binary',
      op,
      left: coerce(left, meeting),
      right: coerce(right, meeting),
      type: meeting,
      span: { start: left.span.start, end: right.span.end },
    },
    result,
  );
}

/** `cpus(0, 2..3)`: a mask from CPUs and ranges; `cpus(mask)` is the mask. */
function lowerCpus(body: Body, expr: ast.CallExpr, call: ResolvedCall): Expr {
  const { span } = expr;
  const bounds: Expr[] = [];
  for (const arg of call.args) {
    const item = arg && bare(arg);
    if (!item) continue;
    if (item.kind === 'range') {
      bounds.push(lowerAs(body, item.from, IR_CPU), lowerAs(body, item.to, IR_CPU));
      continue;
    }
    const value = lowerExpr(body, item);
    if (value.type.kind === 'cpumask') return value;
    const cpu = coerce(value, IR_CPU);
    bounds.push(cpu, cpu);
  }
  return intrinsic('mask-literal', bounds, IR_CPUMASK, span);
}

function lowerMethod(
  body: Body,
  expr: ast.CallExpr,
  builtin: BuiltinInfo,
  receiver: ast.Expr,
  call: ResolvedCall,
): Expr {
  const { span } = expr;
  const [arg] = call.args;
  if (builtin.receiver === 'cpumask' && builtin.name === 'has' && arg) {
    const args = [lowerExpr(body, receiver), lowerAs(body, arg, IR_CPU)];
    return intrinsic('mask-has', args, IR_BOOL, span);
  }
  const collection = collectionOf(body, receiver);
  if (collection && builtin.name === 'contains' && arg) {
    const { instance, field, type } = collection;
    const value = lowerAs(body, arg, irType(type.of));
    return { kind: 'collection', op: 'contains', instance, field, arg: value, type: IR_BOOL, span };
  }
  throw new Error(`no lowering for the method .${builtin.name}`);
}
