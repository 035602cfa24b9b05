import type { AssignStmt, Expr } from '../../../../grammar/ast.ts';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { HandlerModel, Model } from '../../semantics/model.ts';
import { showTime } from '../action-rules.ts';
import { eachChild, type Part } from '../children.ts';
import { renameTo } from '../fixes.ts';
import { Guards, type GuardedCall } from '../guards.ts';
import { Reading } from '../reading.ts';
import type { Use } from '../uses.ts';
import { branches } from './conditions.ts';
import { isInsertion, isMoveToLocal } from './queues.ts';

/** The compiler has the watchdog look after 5 s: a longer slice is as good as none. In ns. */
const WATCHDOG = 5_000_000_000n;

/** Slices that nothing ends: infinite ones, those longer than the watchdog waits, and those renewed whenever they get short. */
export function checkEndlessSlices(uses: ReadonlySet<Use>, model: Model): readonly Diagnostic[] {
  if ([...uses].some((use) => preempts(use, model))) return [];
  const endless = [...uses].find((use) => use.kind === 'constant' && use.name === 'SCX_SLICE_INF');
  if (endless !== undefined) {
    const fixes = renameTo(endless.span, 'SCX_SLICE_DFL');
    return [diagnostic('PV5005', endless.span, { slice: 'a slice of SCX_SLICE_INF' }, { fixes })];
  }
  return [...tooLong(uses, model), ...renewed(model)];
}

/**
 * What takes a CPU away from a task, or its slice. A kick without SCX_KICK_PREEMPT does neither: the task that runs goes on
 * while it has slice left (kernel/sched/ext.c:balance_one), which the action `kick` leaves it.
 */
function preempts(use: Use, model: Model): boolean {
  switch (use.kind) {
    case 'action':
      return use.action.name === 'set_slice' && endsSlice(use.args[1], model);
    case 'call':
      if (use.name === 'scx_bpf_task_set_slice') return endsSlice(use.args[1], model);
      return use.name === 'scx_bpf_kick_cpu' && !isGentle(use.args[1]);
    case 'constant':
      return use.name === 'SCX_ENQ_PREEMPT';
    case 'write':
      return use.field === 'slice' && endsSlice(valueAt(use.span, model), model);
    default:
      return false;
  }
}

/** A slice that is computed, or known to be none: it may end one that runs. */
function endsSlice(value: Expr | undefined, model: Model): boolean {
  const ns = value === undefined ? undefined : model.constants.get(value);
  const isParam = value?.kind === 'name' && model.names.get(value.name)?.kind === 'param';
  return ns === undefined ? !isParam : ns === 0n;
}

/** What is stored by the assignment that `span` lies in. */
function valueAt(span: Span, model: Model): Expr | undefined {
  let found: AssignStmt | undefined;
  const visit = (node: Part): void => {
    if (node.span.start > span.start || node.span.end < span.end) return;
    if (node.kind === 'assign') found = node;
    eachChild(node, visit);
  };
  for (const { decl } of model.handlers) visit(decl.body);
  for (const { body } of model.functions) visit(body);
  return found?.op === '=' ? found.value : undefined;
}

/** Flags of a kick that are known to preempt nobody. */
const isGentle = (flags: Expr | undefined): boolean =>
  (flags?.kind === 'int' && flags.value === 0n) ||
  (flags?.kind === 'name' && flags.name.text === 'SCX_KICK_IDLE');

function tooLong(uses: ReadonlySet<Use>, model: Model): readonly Diagnostic[] {
  const values = [...uses].flatMap((use) => {
    if (use.kind === 'call' && isInsertion(use.name))
      return use.args[2] === undefined ? [] : branches(use.args[2]);
    const stored = use.kind === 'write' && use.field === 'slice' ? valueAt(use.span, model) : undefined;
    return stored === undefined ? [] : branches(stored);
  });
  return values.flatMap((value) => {
    const ns = model.constants.get(value);
    if (typeof ns !== 'bigint' || ns < WATCHDOG) return [];
    return [
      diagnostic(
        'PV5005',
        value.span,
        { slice: `a slice of ${showTime(ns)}` },
        { fixes: renameTo(value.span, '5ms') },
      ),
    ];
  });
}

/** Slices that `tick` renews whatever is left of them, or `dispatch` before it has looked for others. */
function renewed(model: Model): readonly Diagnostic[] {
  const guards = new Guards(
    model,
    ({ callee }) =>
      (callee.kind === 'kernel' && callee.call.name === 'scx_bpf_task_set_slice') ||
      (callee.kind === 'action' && callee.action.name === 'set_slice'),
  );
  const reading = new Reading(model);
  return model.handlers.flatMap((handler) => {
    if (handler.hook?.family !== 'op') return [];
    const calls = guards.of(handler.decl.body) ?? [];
    if (handler.hook.name === 'tick')
      return [
        ...calls
          .filter((call) => isUnconditional(call, reading))
          .map(({ call }) => tell(call.span, 'at each tick')),
        ...storesOf(handler).map((span) => tell(span, 'at each tick')),
      ];
    if (handler.hook.name !== 'dispatch') return [];
    return calls
      .filter(
        ({ guards: asked }) => !asked.some(({ condition }) => looksForOthers(condition, model, reading)),
      )
      .map(({ call }) => tell(call.span, "by 'dispatch', before it has looked for others,"));
  });
}

const tell = (span: Span, when: string): Diagnostic =>
  diagnostic('PV5005', span, { slice: `a slice that is renewed ${when}` });

const isUnconditional = ({ guards }: GuardedCall, reading: Reading): boolean =>
  guards.every(({ condition, narrows }) => narrows || reading.isFixedProperty(condition));

/** Stores to `p.scx.slice` that the body makes whatever happens. */
const storesOf = ({ decl }: HandlerModel): readonly Span[] =>
  decl.body.stmts.flatMap((stmt) =>
    stmt.kind === 'assign' && stmt.target.kind === 'member' && stmt.target.member.text === 'slice'
      ? [stmt.span]
      : [],
  );

/** Does the condition take a task from a queue, or ask about one? */
const looksForOthers = (condition: Expr, model: Model, reading: Reading): boolean =>
  reading.some(condition, (node) => {
    const callee = node.kind === 'call' ? model.calls.get(node)?.callee : undefined;
    if (callee?.kind === 'kernel' && isMoveToLocal(callee.call.name)) return true;
    return node.kind === 'name' && model.names.get(node.name)?.kind === 'dsq';
  });
