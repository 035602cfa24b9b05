import type { Expr } from '../../../grammar/ast.ts';
import type { Diagnostic, Span, TextEdit } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { compareVersions } from '../kernel/profiles.ts';
import { ownerOf, type HeldLock } from '../kernel/locks.ts';
import { textOf } from '../semantics/fixes.ts';
import { chain, onKernels } from './explain.ts';
import { Owners } from './owners.ts';
import type { Place } from './place.ts';
import { Reading } from './reading.ts';

const CALLS: ReadonlySet<string> = new Set(['scx_bpf_cpuperf_set', 'scx_bpf_cidperf_set']);

/** From here on the call takes the run queue's lock itself, and refuses another's while one is held. */
const LOCKS_SINCE = '7.1';

/**
 * An op that runs with a run queue locked may ask for the frequency of that CPU alone: kernel/sched/ext.c:scx_bpf_cpuperf_set
 * compares with scx_locked_rq(). Ops for a task run with the run queue of its CPU locked, which need not be the CPU that runs
 * the program. Two expressions for a CPU cannot be told to be equal in general, so this is a warning.
 */
export function checkFrequency(
  name: string,
  [cpu]: readonly (Expr | undefined)[],
  span: Span,
  place: Place,
): readonly Diagnostic[] {
  const { context, selection, handler, step } = place;
  if (!CALLS.has(name) || cpu === undefined || context.kind !== 'scx') return [];
  const locked = context.locks.find((lock) => lock.class === 'rq' && lock.always);
  const bad = selection.profiles.filter(({ version }) => compareVersions(version, LOCKS_SINCE) >= 0);
  if (locked === undefined || bad.length === 0 || isOwn(cpu, locked, place)) return [];
  const own = ownCpu(locked, place);
  const args = {
    cpu: textOf(cpu) ?? 'it',
    own: own?.text ?? 'that one',
    hook: context.title,
    kernels: onKernels(bad, selection),
  };
  return [
    diagnostic('PV4031', span, args, {
      related: chain(handler, context, step, undefined),
      fixes:
        own === undefined || step !== undefined
          ? []
          : [
              {
                title: `Change to '${own.text}'`,
                edits: [...own.edits, { span: cpu.span, newText: own.text }],
              },
            ],
    }),
  ];
}

/** The CPU whose run queue is locked; what a function was given may be it. */
function isOwn(cpu: Expr, locked: HeldLock, place: Place): boolean {
  const value = new Reading(place.model).valueOf(cpu);
  const symbol = value.kind === 'name' ? place.model.names.get(value.name) : undefined;
  if (symbol?.kind === 'local' && symbol.role === 'fn-param') return true;
  return new Owners(place).isCpuOf(cpu, ownerOf(locked.lock));
}

/** The CPU whose run queue is locked, as the handler can write it, and the edit that names an argument which has no name. */
function ownCpu(
  locked: HeldLock,
  place: Place,
): { readonly text: string; readonly edits: readonly TextEdit[] } | undefined {
  const owner = ownerOf(locked.lock);
  if (owner.kind === 'this-cpu') return { text: 'this_cpu()', edits: [] };
  if (owner.kind === 'unknown') return undefined;
  const ident = new Owners(place).argument(owner.argument);
  if (ident === undefined) return undefined;
  const name = ident.text === '_' ? owner.argument : ident.text;
  return {
    text: owner.kind === 'cpu' ? name : `scx_bpf_task_cpu(${name})`,
    edits: ident.text === '_' ? [{ span: ident.span, newText: name }] : [],
  };
}
