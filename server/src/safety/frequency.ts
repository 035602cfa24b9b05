import type { Expr } from '../../../grammar/ast.ts';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { compareVersions } from '../kernel/profiles.ts';
import { textOf } from '../semantics/fixes.ts';
import type { Model } from '../semantics/model.ts';
import { chain, onKernels } from './explain.ts';
import { renameTo } from './fixes.ts';
import type { Place } from './place.ts';
import { Reading } from './reading.ts';
import { isThisCpu } from './this-cpu.ts';

const CALLS: ReadonlySet<string> = new Set(['scx_bpf_cpuperf_set', 'scx_bpf_cidperf_set']);

/** From here on the call takes the run queue's lock itself, and refuses another's while one is held. */
const LOCKS_SINCE = '7.1';

/**
 * An op that runs with a run queue locked may ask for the frequency of that CPU alone: kernel/sched/ext.c:scx_bpf_cpuperf_set
 * compares with scx_locked_rq(). Two expressions for a CPU cannot be told to be equal in general, so this is a warning.
 */
export function checkFrequency(
  name: string,
  [cpu]: readonly (Expr | undefined)[],
  span: Span,
  { context, selection, model, handler, step }: Place,
): readonly Diagnostic[] {
  if (!CALLS.has(name) || cpu === undefined || context.kind !== 'scx') return [];
  if (!context.locks.some((lock) => lock.class === 'rq' && lock.always)) return [];
  const bad = selection.profiles.filter(({ version }) => compareVersions(version, LOCKS_SINCE) >= 0);
  if (bad.length === 0 || isOwn(cpu, model)) return [];
  const args = { cpu: textOf(cpu) ?? 'it', hook: context.title, kernels: onKernels(bad, selection) };
  return [
    diagnostic('PV4031', span, args, {
      related: chain(handler, context, step, undefined),
      fixes: renameTo(cpu.span, 'this_cpu()'),
    }),
  ];
}

/** The CPU that runs, a parameter, or the CPU of a task. */
function isOwn(cpu: Expr, model: Model): boolean {
  const value = new Reading(model).valueOf(cpu);
  if (value.kind === 'call') return isThisCpu(value, model) || isTaskCpu(value, model);
  const symbol = value.kind === 'name' ? model.names.get(value.name) : undefined;
  return symbol?.kind === 'local' && (symbol.role === 'hook-param' || symbol.role === 'fn-param');
}

function isTaskCpu(call: Expr & { readonly kind: 'call' }, model: Model): boolean {
  const callee = model.calls.get(call)?.callee;
  return callee?.kind === 'kernel' && callee.call.name === 'scx_bpf_task_cpu';
}
