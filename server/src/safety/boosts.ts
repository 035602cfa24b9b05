import type { CallExpr } from '../../../grammar/ast.ts';
import type { Diagnostic, Fix } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import { titleOf } from './context.ts';
import { Guards, type GuardedCall } from './guards.ts';
import type { Reach } from './reach.ts';
import { Reading } from './reading.ts';
import { onlyIf, stateField } from './rewrites.ts';
import { callStatementIn } from './statements.ts';
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
    (guards.of(handler.decl.body) ?? []).flatMap((boost) => judge(boost, handler, reading, model)),
  );
}

const isBoost = (use: Use): boolean => use.kind === 'action' && use.action.name === 'boost';

function judge(
  { call, guards }: GuardedCall,
  { hook, decl }: HandlerModel,
  reading: Reading,
  model: Model,
): readonly Diagnostic[] {
  if (hook === undefined || guards.some(({ condition }) => reading.bounds(condition))) return [];
  const tests = guards.filter(({ narrows }) => !narrows);
  if (tests.every(({ condition }) => reading.isFixedProperty(condition)))
    return FREQUENT.has(hook.name) || isRenewed(call, decl, model)
      ? [diagnostic('PV5016', call.span, { hook: titleOf(hook) }, { fixes: notTooOften(call, model) })]
      : [];
  return tests.every(({ condition }) => reading.trustsGuest(condition))
    ? [diagnostic('PV5017', call.span, { hook: titleOf(hook) }, { fixes: notTooOften(call, model) })]
    : [];
}

/** Does the timer boost again before the boost is over? */
function isRenewed(call: CallExpr, decl: HandlerModel['decl'], model: Model): boolean {
  const resolved = model.calls.get(call);
  if (decl.kind !== 'every' || resolved?.callee.kind !== 'action') return false;
  const limit = resolved.args[resolved.callee.action.params.findIndex(({ name }) => name === 'for')];
  const [period, length] = [model.constants.get(decl.period), limit && model.constants.get(limit)];
  return typeof period === 'bigint' && typeof length === 'bigint' && period <= length;
}

/** The pause between two boosts that the fix writes: of a hundred milliseconds others have most. */
const PAUSE = '100ms';

/** Boosts again only a while after the last boost, of which state of the thread tells. */
function notTooOften(call: CallExpr, model: Model): readonly Fix[] {
  const [subject] = model.calls.get(call)?.args ?? [];
  const stmt = callStatementIn(model, call.callee.span);
  if (subject?.kind !== 'name' || stmt === undefined) return [];
  const scope = model.types.get(subject)?.kind;
  if (scope !== 'vcpu' && scope !== 'task') return [];
  const field = stateField(model, scope, 'boosted_at', 'instant');
  if (field === undefined) return [];
  const last = `${subject.name.text}.boosted_at`;
  const edits = [field, ...onlyIf(stmt, `now() - ${last} > ${PAUSE}`, `${last} = now()`)];
  return [{ title: `Boost again after ${PAUSE} at the earliest`, edits }];
}
