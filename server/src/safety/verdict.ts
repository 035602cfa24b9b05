import { callRow, type CallRow, type Effect } from '../kernel/catalogue.ts';
import { isForeignCall } from '../kernel/existence.ts';
import { effectsAt, firedBy } from '../kernel/effects.ts';
import { lockClass, mayNest, type HeldLock, type LockClass } from '../kernel/locks.ts';
import type { KernelSelection, Profile } from '../kernel/profiles.ts';
import { availability } from '../kernel/renames.ts';
import type { HookContext } from './context.ts';
import { denial, type Denial } from './permission.ts';

/** What is wrong with one call in one context on one kernel. */
export type Verdict =
  /** The call takes `lock` while `held` is held. */
  | {
      readonly code: 'PV4001' | 'PV4002';
      readonly lock: string;
      readonly held: HeldLock;
      readonly row: CallRow;
    }
  | { readonly code: 'PV4003' | 'PV4007'; readonly held: HeldLock; readonly row: CallRow }
  | { readonly code: 'PV4004' | 'PV4005' | 'PV4006' | 'PV4009'; readonly row: CallRow }
  | { readonly code: 'PV4008'; readonly event: string; readonly row: CallRow }
  | { readonly code: 'PV4010' | 'PV4011'; readonly denial: Denial; readonly row: CallRow }
  /** `sure`: known to be absent, not just unknown. */
  | { readonly code: 'PV4012'; readonly sure: boolean }
  | { readonly code: 'PV4021'; readonly field: string }
  /** The kernel has it, and nobody has read what it does. */
  | { readonly code: 'PV4041' };

/**
 * Holds the call `name` against the context. What is missing comes first, then what the kernel refuses, then what it
 * lets pass and dies of.
 */
export function judgeCall(
  name: string,
  context: HookContext,
  profile: Profile,
  selection: KernelSelection,
): Verdict | undefined {
  const own = selection.outOfTree?.calls.find((row) => row.name === name);
  if (own !== undefined) return judgeRow(own, context, profile);
  const found = availability(name, profile);
  switch (found.kind) {
    case 'absent':
      return isForeignCall(name, profile) ? { code: 'PV4041' } : { code: 'PV4012', sure: true };
    case 'unknown':
      return { code: 'PV4012', sure: false };
    case 'row':
      return judgeRow(found.row, context, profile);
    case 'fallback': {
      const { fallback } = found;
      if (fallback.kind === 'write') return judgeWrite(fallback.field, context);
      const row = callRow(fallback.name);
      return row && judgeRow(row, context, profile);
    }
  }
}

/** A store to a field of the task: the verifier lets only the programs of a sched_ext_ops do it. */
export function judgeWrite(field: string, context: HookContext): Verdict | undefined {
  return context.op === undefined ? { code: 'PV4021', field: `p.${field}` } : undefined;
}

function judgeRow(row: CallRow, context: HookContext, profile: Profile): Verdict | undefined {
  const denied = denial(row, context, profile);
  if (denied !== undefined)
    return { code: denied.kind === 'sleepable' ? 'PV4011' : 'PV4010', denial: denied, row };
  // Inside an op, sched_ext knows which run queue it has locked; its kfuncs are governed by the op table alone.
  // A dump runs under whatever the kernel held when it went wrong, of which sched_ext knows nothing.
  const isDump = context.locks.some(({ lock }) => lock === 'scx_dump_lock');
  if (context.kind === 'scx' && row.scx !== undefined && !isDump) return undefined;
  return judgeEffects(row, context, profile) ?? judgeRecursion(row, context);
}

const TAKES: readonly (readonly [Effect, LockClass])[] = [
  ['acquires_rq_lock', 'rq'],
  ['acquires_pi_lock', 'pi'],
  ['acquires_dsq_lock', 'dsq'],
];

/** The gravest effect that the context forbids. */
export function judgeEffects(row: CallRow, context: HookContext, profile: Profile): Verdict | undefined {
  if (row.unknown && context.kind !== 'syscall') return { code: 'PV4009', row };
  const forbidden = new Set(effectsAt(row, profile).filter((effect) => context.forbids.has(effect)));
  if (forbidden.size === 0) {
    return context.nmi && row.nmi === 'unknown' ? { code: 'PV4009', row } : undefined;
  }
  return (
    judgeLocks(row, context, forbidden) ??
    judgeWakeup(row, context, forbidden) ??
    (forbidden.has('may_sleep') ? { code: 'PV4005', row } : undefined) ??
    (forbidden.has('requires_irqs_enabled') ? { code: 'PV4004', row } : undefined) ?? { code: 'PV4006', row }
  );
}

function judgeLocks(row: CallRow, context: HookContext, forbidden: ReadonlySet<Effect>): Verdict | undefined {
  const taken = TAKES.filter(([effect]) => forbidden.has(effect)).map(([, wanted]) => wanted);
  const [first] = taken;
  if (first === undefined) return undefined;
  for (const wanted of taken) {
    const held = sameLock(context, wanted);
    if (held !== undefined) return { code: 'PV4001', lock: lockOf(row, wanted), held, row };
  }
  for (const wanted of taken) {
    const held = context.locks.find((lock) => !mayNest(lock.class, wanted));
    if (held !== undefined) return { code: 'PV4002', lock: lockOf(row, wanted), held, row };
  }
  return { code: 'PV4001', lock: lockOf(row, first), held: UNNAMED, row };
}

/** A lock of that class, or an open set in which it may be. */
const sameLock = (context: HookContext, wanted: LockClass): HeldLock | undefined =>
  context.locks.find((lock) => lock.class === wanted) ?? context.locks.find((lock) => lock.class === 'any');

const GENERIC: Readonly<Partial<Record<LockClass, string>>> = {
  rq: "a run queue's lock",
  pi: "a task's pi_lock",
  dsq: "a DSQ's lock",
};

/** The lock as the catalogue names it, without its conditions. */
function lockOf(row: CallRow, wanted: LockClass): string {
  const listed = row.acquires?.map((text) =>
    text.replace(/^[\d.]+: /, '').replace(/ (if|by|only|\().*$/, ''),
  );
  return listed?.find((text) => lockClass(text) === wanted) ?? GENERIC[wanted] ?? wanted;
}

function judgeWakeup(
  row: CallRow,
  context: HookContext,
  forbidden: ReadonlySet<Effect>,
): Verdict | undefined {
  if (forbidden.has('wakes_task_synchronously') || forbidden.has('queues_work_synchronously'))
    return {
      code: 'PV4003',
      held: firstOf(context, ['rq', 'pi', 'any', 'pool', 'wait', 'timer', 'hrtimer', 'dsq']),
      row,
    };
  if (!forbidden.has('starts_timer_synchronously')) return undefined;
  return {
    code: 'PV4007',
    held: firstOf(context, ['hrtimer', 'timer', 'any', 'rq', 'pi', 'pool', 'wait']),
    row,
  };
}

/** Stands in where a hook forbids what no lock of it explains. */
const UNNAMED: HeldLock = { lock: 'a lock', class: 'any', always: false };

/** The lock that explains best why an effect is forbidden: of the first class that is held at all. */
const firstOf = (context: HookContext, classes: readonly LockClass[]): HeldLock =>
  classes.flatMap((wanted) => context.locks.find((lock) => lock.class === wanted) ?? [])[0] ?? UNNAMED;

function judgeRecursion(row: CallRow, context: HookContext): Verdict | undefined {
  const event = context.row?.name;
  if (context.kind !== 'tracing' || event === undefined) return undefined;
  const fires = firedBy(row).some((name) => matches(name, event));
  return fires ? { code: 'PV4008', event, row } : undefined;
}

/** 'pelt_*_tp' stands for every tracepoint that fits. */
export const matches = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
