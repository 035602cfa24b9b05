import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import { titleOf } from './context.ts';
import { Guards, type GuardedCall } from './guards.ts';
import type { Reach } from './reach.ts';
import { Reading } from './reading.ts';
import type { Use } from './uses.ts';

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
export function checkBoosts(model: Model, reach: Reach): readonly Diagnostic[] {
  const boosting = model.handlers.filter(
    (handler) => handler.side === 'host' && [...reach.from(handler)].some(({ use }) => isBoost(use)),
  );
  if (boosting.length === 0) return [];
  const guards = new Guards(
    model,
    ({ callee }) => callee.kind === 'action' && callee.action.name === 'boost',
  );
  const reading = new Reading(model);
  return boosting.flatMap((handler) =>
    (guards.of(handler.decl.body) ?? []).flatMap((boost) => judge(boost, handler, reading)),
  );
}

const isBoost = (use: Use): boolean => use.kind === 'action' && use.action.name === 'boost';

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
