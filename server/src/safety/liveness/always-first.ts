import type { Expr } from '../../../../grammar/ast.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import { textOf } from '../../semantics/fixes.ts';
import type { Model } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';
import { Guards, type Guard, type GuardedCall } from '../guards.ts';
import { Reading } from '../reading.ts';
import { isInsertion } from './queues.ts';

/**
 * Insertions in `enqueue` that put a task before others whatever it did: at the head of a queue, at a place in virtual time
 * that never changes, or by taking the CPU from whoever has it.
 */
export function checkAlwaysFirst(model: Model): readonly Diagnostic[] {
  const guards = new Guards(model, ({ callee }) => callee.kind === 'kernel' && WANTED(callee.call.name));
  const reading = new Reading(model);
  const rule = new Rule(model, reading);
  return model.handlers
    .filter(({ hook }) => hook?.family === 'op' && hook.name === 'enqueue')
    .flatMap(({ decl }) => guards.of(decl.body) ?? [])
    .filter(({ guards: asked }) => asked.every((guard) => rule.saysNothing(guard)))
    .flatMap((call) => rule.check(call));
}

const WANTED = (name: string): boolean => isInsertion(name) || name === 'scx_bpf_kick_cpu';

class Rule {
  private readonly model: Model;
  private readonly reading: Reading;

  constructor(model: Model, reading: Reading) {
    this.model = model;
    this.reading = reading;
  }

  /** A condition that holds each time that the task comes by, and not for threads of the kernel alone. */
  saysNothing({ condition, holds, narrows }: Guard): boolean {
    if (narrows) return true;
    return this.reading.isFixedProperty(condition) && !(holds && this.names(condition, 'is_kthread'));
  }

  check({ call, resolved }: GuardedCall): readonly Diagnostic[] {
    const name = resolved.callee.kind === 'kernel' ? resolved.callee.call.name : '';
    const flags = resolved.args.at(-1);
    if (name === 'scx_bpf_kick_cpu')
      return flags !== undefined && this.mentions(flags, 'SCX_KICK_PREEMPT')
        ? [diagnostic('PV5024', call.span, {})]
        : [];
    if (flags !== undefined && this.mentions(flags, 'SCX_ENQ_PREEMPT'))
      return [diagnostic('PV5024', call.span, {})];
    const queue = resolved.args[1];
    if (queue === undefined || !this.isOwnQueue(queue)) return [];
    const args = { queue: textOf(queue) ?? 'the queue' };
    if (flags !== undefined && this.mentions(flags, 'SCX_ENQ_HEAD'))
      return [
        diagnostic('PV5023', flags.span, { ...args, why: 'each task is put at the head of the queue' }),
      ];
    const rank = name.endsWith('_vtime') ? resolved.args[3] : undefined;
    if (rank === undefined || this.changes(rank)) return [];
    return [
      diagnostic('PV5023', rank.span, { ...args, why: 'the place of a task in virtual time never changes' }),
    ];
  }

  private isOwnQueue(queue: Expr): boolean {
    return queue.kind === 'name' && this.model.names.get(queue.name)?.kind === 'dsq';
  }

  /** Anything of the policy's state, the clock, the task's own virtual time, or a variable. */
  private changes(rank: Expr): boolean {
    return (
      this.reading.bounds(rank) ||
      this.reading.some(rank, (node) => {
        if (node.kind === 'call' && this.model.calls.get(node)?.callee.kind !== 'builtin') return true;
        const symbol = node.kind === 'member' ? this.model.names.get(node.member) : undefined;
        return (
          symbol?.kind === 'kernel-field' &&
          !this.reading.isFixedProperty(node as Expr) &&
          CHANGING.has(symbol.field.name)
        );
      })
    );
  }

  private mentions(expr: Expr, constant: string): boolean {
    return this.reading.some(expr, (node) => {
      const symbol = node.kind === 'name' ? this.model.names.get(node.name) : undefined;
      return symbol?.kind === 'kernel-constant' && symbol.constant.name === constant;
    });
  }

  private names(node: Part, builtin: string): boolean {
    const callee = node.kind === 'call' ? this.model.calls.get(node)?.callee : undefined;
    if (callee?.kind === 'builtin' && callee.builtin.name === builtin) return true;
    let found = false;
    eachChild(node, (child) => (found ||= this.names(child, builtin)));
    return found;
  }
}

/** Fields of a task that change while it runs. */
const CHANGING: ReadonlySet<string> = new Set([
  ...[
    'dsq_vtime',
    'slice',
    'sum_exec_runtime',
    'nvcsw',
    'nivcsw',
    'utime',
    'stime',
    'runnable_at',
    'vruntime',
  ],
]);
