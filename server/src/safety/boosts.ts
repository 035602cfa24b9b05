import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import { titleOf } from './context.ts';
import { Guards, type GuardedCall } from './guards.ts';
import { Reading } from './reading.ts';

/** Hooks that fire again and again while a vCPU just runs. A switch or a wake-up is an occasion for a boost. */
const FREQUENT: ReadonlySet<string> = new Set([
  'sched_stat_runtime',
  'kvm_entry',
  'kvm_exit',
  'vmenter',
  'vmexit',
  'running',
  'tick',
]);

/** Boosts that are renewed each time that a frequent hook fires, and boosts that last as long as a guest says. */
export function checkBoosts(model: Model): readonly Diagnostic[] {
  const guards = new Guards(
    model,
    ({ callee }) => callee.kind === 'action' && callee.action.name === 'boost',
  );
  const reading = new Reading(model);
  return model.handlers.flatMap((handler) => {
    if (handler.side === 'guest') return [];
    return (guards.of(handler.decl.body) ?? []).flatMap((boost) => judge(boost, handler, reading));
  });
}

function judge(
  { call, guards }: GuardedCall,
  { hook }: HandlerModel,
  reading: Reading,
): readonly Diagnostic[] {
  if (hook === undefined || guards.some(({ condition }) => reading.bounds(condition))) return [];
  const tests = guards.filter(({ narrows }) => !narrows);
  if (tests.length === 0)
    return FREQUENT.has(hook.name) ? [diagnostic('PV5016', call.span, { hook: titleOf(hook) })] : [];
  return tests.every(({ condition }) => reading.trustsGuest(condition))
    ? [diagnostic('PV5017', call.span, { hook: titleOf(hook) })]
    : [];
}
