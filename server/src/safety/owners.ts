import type { Expr, Ident } from '../../../grammar/ast.ts';
import { callInfoOfRow } from '../kernel/calls.ts';
import type { CallRow } from '../kernel/catalogue.ts';
import { ownerOf, type HeldLock, type Owner } from '../kernel/locks.ts';
import type { Place } from './place.ts';
import { Reading } from './reading.ts';
import { isThisCpu } from './this-cpu.ts';

/** Tasks among the arguments of a hook that are on the CPU whose run queue the hook holds. */
const ON_THIS_CPU: Readonly<Record<string, readonly string[]>> = {
  sched_switch: ['prev', 'next'],
  tick: ['p'],
};

/**
 * Is the CPU or task certainly the one whose lock is held? 'maybe' where that cannot be told: a number, another task. Locks are
 * forbidden by their class all the same; this decides what happens, and which CPU an op may ask about.
 */
export class Owners {
  private readonly place: Place;
  private readonly reading: Reading;

  constructor(place: Place) {
    this.place = place;
    this.reading = new Reading(place.model);
  }

  /** Is the lock that the call takes certainly the one that is held? */
  isSame(held: HeldLock, taken: string, row: CallRow, args: readonly (Expr | undefined)[]): boolean {
    const [mine, wanted] = [ownerOf(held.lock), ownerOf(taken)];
    if (mine.kind === 'unknown' || wanted.kind === 'unknown' || wanted.kind === 'this-cpu') return false;
    const at = callInfoOfRow(row).params.findIndex(({ name }) => name === wanted.argument);
    const argument = args[at];
    if (argument === undefined) return false;
    if (wanted.kind === 'cpu') return this.isCpuOf(argument, mine);
    if (wanted.kind === 'cpu-of') return this.isOnCpuOf(argument, mine);
    return mine.kind === 'task' && this.isArgument(argument, mine.argument);
  }

  /** Is it the CPU whose run queue `owner` locks? */
  isCpuOf(cpu: Expr, owner: Owner): boolean {
    const value = this.reading.valueOf(cpu);
    if (owner.kind === 'cpu') return this.isArgument(value, owner.argument);
    if (owner.kind === 'this-cpu' && isThisCpu(value, this.place.model)) return true;
    const task = this.taskOfCpu(value);
    return task !== undefined && this.isOnCpuOf(task, owner);
  }

  private isOnCpuOf(task: Expr, owner: Owner): boolean {
    if (owner.kind === 'cpu-of') return this.isArgument(task, owner.argument);
    if (owner.kind !== 'this-cpu') return false;
    const here = ON_THIS_CPU[this.place.context.row?.name ?? ''] ?? [];
    return this.isCurrent(task) || here.some((argument) => this.isArgument(task, argument));
  }

  /** `t` of `scx_bpf_task_cpu(t)`. */
  private taskOfCpu(cpu: Expr): Expr | undefined {
    const resolved = cpu.kind === 'call' ? this.place.model.calls.get(cpu) : undefined;
    const isTaskCpu = resolved?.callee.kind === 'kernel' && resolved.callee.call.name === 'scx_bpf_task_cpu';
    return isTaskCpu ? resolved.args[0] : undefined;
  }

  private isCurrent(task: Expr): boolean {
    const value = this.reading.valueOf(task);
    const callee = value.kind === 'call' ? this.place.model.calls.get(value)?.callee : undefined;
    return callee?.kind === 'builtin' && callee.builtin.name === 'current';
  }

  /** Is it the argument of the hook that the catalogue calls so? What a function was given may be it. */
  private isArgument(expr: Expr, name: string): boolean {
    const value = this.reading.valueOf(expr);
    const symbol = value.kind === 'name' ? this.place.model.names.get(value.name) : undefined;
    if (symbol?.kind !== 'local') return false;
    return symbol.role === 'fn-param' || symbol.decl === this.argument(name);
  }

  /** What the handler calls the argument. */
  argument(name: string): Ident | undefined {
    const { context, handler } = this.place;
    const at = context.row?.params.findIndex(([own]) => own === name) ?? -1;
    return handler.params[at]?.ident;
  }
}
