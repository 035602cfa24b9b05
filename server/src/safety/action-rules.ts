import type { Expr } from '../../../grammar/ast.ts';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { AGENT_DEADLINE, AGENT_LATENCY, delivery, type Delivery } from '../kernel/delivery.ts';
import type { Profile } from '../kernel/profiles.ts';
import type { Model } from '../semantics/model.ts';
import { checkCall } from './call-rules.ts';
import { showIrqs, showLock } from './context.ts';
import { chain, firstWithout, onKernels } from './explain.ts';
import { deferCall, requireKernel } from './fixes.ts';
import type { Place } from './place.ts';
import type { Use } from './uses.ts';
import { judgeCall, judgeWrite, type Verdict } from './verdict.ts';

type ActionUse = Use & { readonly kind: 'action' };

/** Diagnostics of one action: can the target do it, here, at once, in time? */
export function checkAction(use: ActionUse, place: Place): readonly Diagnostic[] {
  const target = place.context.target;
  if (target === undefined) return [];
  const { selection } = place;
  const deliveries = place.cache.once(`${target} ${use.action.name}`, () =>
    selection.profiles.map((profile) => ({
      profile,
      delivery: delivery(use.action.name, target, profile, selection.outOfTree),
    })),
  );
  const first = deliveries[0]?.delivery;
  if (first?.kind === 'none') {
    const targets = first.targets.map((name) => `the target ${name}`).join(' and ');
    return [diagnostic('PV4015', use.span, { action: use.action.name, target, targets })];
  }
  return use.deferred ? checkDeferred(use, place, deliveries) : checkImmediate(use, place, deliveries);
}

interface Delivered {
  readonly profile: Profile;
  readonly delivery: Delivery;
}

/** The record in the ring buffer is all that happens inside the hook. */
function checkDeferred(
  use: ActionUse,
  place: Place,
  deliveries: readonly Delivered[],
): readonly Diagnostic[] {
  return [
    ...checkRingBuffer(`defer ${use.action.name}()`, use.span, place),
    ...checkDeadline(use, place, deliveries),
  ];
}

/**
 * The lock of the ring buffer may be the one that is contended, or held where the NMI came in: a plain spinlock on
 * 6.12, and on 6.15 to 6.18 one that froze the machine for a quarter of a second.
 */
export function checkRingBuffer(what: string, span: Span, place: Place): readonly Diagnostic[] {
  const { context, handler, step } = place;
  if (!context.nmi) return [];
  const related = chain(handler, context, step, `${what} writes a record to a ring buffer, which has a lock`);
  return [diagnostic('PV4006', span, { call: what, hook: context.title, kernels: '' }, { related })];
}

function checkImmediate(
  use: ActionUse,
  place: Place,
  deliveries: readonly Delivered[],
): readonly Diagnostic[] {
  const byAgent = deliveries.filter(({ delivery: how }) => how.kind === 'agent');
  if (byAgent.length > 0) {
    const how = byAgent[0]?.delivery;
    const by = how?.kind === 'agent' ? how.how.replace(/;.*$/, '') : '';
    const reason = `the agent in user space does it, by ${by}`;
    return [
      mustDefer(
        use,
        place,
        byAgent.map(({ profile }) => profile),
        reason,
      ),
      ...checkDeadline(use, place, deliveries),
    ];
  }
  return checkInline(use, place, deliveries);
}

/** Reasons for which leaving the hook first helps. */
const HELPED_BY_DEFER: readonly Verdict['code'][] = [
  'PV4001',
  'PV4002',
  'PV4003',
  'PV4004',
  'PV4005',
  'PV4007',
  'PV4009',
];

function checkInline(use: ActionUse, place: Place, deliveries: readonly Delivered[]): readonly Diagnostic[] {
  const { context, selection } = place;
  const calls = new Set<string>();
  const bad: { profile: Profile; verdict: Verdict }[] = [];
  for (const { profile, delivery: how } of deliveries) {
    if (how.kind === 'inline') calls.add(how.call);
    const verdict =
      how.kind === 'inline'
        ? judgeCall(how.call, context, profile, selection)
        : how.kind === 'write'
          ? judgeWrite(how.field, context)
          : undefined;
    if (verdict !== undefined) bad.push({ profile, verdict });
  }
  const worst = bad.find(({ verdict }) => HELPED_BY_DEFER.includes(verdict.code));
  if (worst !== undefined && 'row' in worst.verdict) {
    const profiles = bad.map(({ profile }) => profile);
    return [mustDefer(use, place, profiles, reasonOf(worst.verdict, place))];
  }
  const written = bad.flatMap(({ profile, verdict }) => (verdict.code === 'PV4021' ? [profile] : []));
  if (written.length > 0) {
    return [cannotWrite('p.scx.slice', written, use.span, place)];
  }
  return [...calls].flatMap((call) => checkCall(call, use.span, place, use.args, use.action.name));
}

/** A store to a field of the task where only the ops of a scheduler may do one. */
export function cannotWrite(
  field: string,
  profiles: readonly Profile[],
  span: Span,
  { context, handler, step, selection, file }: Place,
): Diagnostic {
  return diagnostic(
    'PV4021',
    span,
    { field, hook: context.title, kernels: onKernels(profiles, selection) },
    {
      related: chain(handler, context, step, undefined),
      fixes: requireKernel(file, firstWithout(profiles, selection)),
    },
  );
}

function reasonOf(verdict: Verdict, { context }: Place): string {
  switch (verdict.code) {
    case 'PV4001':
    case 'PV4002':
      return `it takes ${verdict.lock}, and the hook ${verdict.held.always ? 'runs' : 'may run'} with ${showLock(verdict.held)} held`;
    case 'PV4003':
    case 'PV4007':
      return `it would wait for locks, and the hook ${verdict.held.always ? 'runs' : 'may run'} with ${showLock(verdict.held)} held`;
    case 'PV4004':
      return `it needs interrupts on, and the hook runs with interrupts ${showIrqs(context.row?.irqs ?? 'on, but in one')}`;
    case 'PV4005':
      return 'it may sleep, and the hook must not';
    default:
      return 'nobody has read which locks it takes';
  }
}

function mustDefer(use: ActionUse, place: Place, profiles: readonly Profile[], reason: string): Diagnostic {
  const { context, handler, step, selection } = place;
  return diagnostic(
    'PV4016',
    use.span,
    { call: use.action.name, hook: context.title, kernels: onKernels(profiles, selection), reason },
    { related: chain(handler, context, step, undefined), fixes: deferCall(use.span) },
  );
}

/** A boost that the agent begins when it should be over. */
function checkDeadline(
  use: ActionUse,
  place: Place,
  deliveries: readonly Delivered[],
): readonly Diagnostic[] {
  const index = use.action.params.findIndex((param) => param.name === 'for');
  const limit = index < 0 ? undefined : use.args[index];
  if (limit === undefined || !deliveries.some(({ delivery: how }) => how.kind === 'agent')) return [];
  const value = durationOf(limit, place.model);
  if (value === undefined || value >= AGENT_DEADLINE) return [];
  const args = {
    action: use.action.name,
    limit: showTime(value),
    from: showTime(AGENT_LATENCY.from),
    to: showTime(AGENT_LATENCY.to),
  };
  return [diagnostic('PV4017', limit.span, args)];
}

/** The value of a constant, or the default of a parameter, in ns. */
function durationOf(expr: Expr, model: Model): bigint | undefined {
  if (expr.kind === 'paren') return durationOf(expr.inner, model);
  const symbol = expr.kind === 'name' ? model.names.get(expr.name) : undefined;
  const value = model.constants.get(symbol?.kind === 'param' ? symbol.decl.value : expr);
  return typeof value === 'bigint' ? value : undefined;
}

/** '500us', '1.7ms': a time in ns as the language writes it. */
export function showTime(ns: bigint): string {
  if (ns >= 1_000_000n) return `${Number(ns) / 1_000_000}ms`;
  return ns >= 1000n ? `${Number(ns) / 1000}us` : `${ns}ns`;
}
