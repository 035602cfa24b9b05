import type { Fn, Handler, Side } from '../../ir/ir.ts';
import { callRow, type Effect } from '../../kernel/catalogue.ts';
import { EFFECTS, effectOf } from '../../kernel/effects.ts';
import { mapLines } from './maps.ts';
import { upper } from './names.ts';
import { forEachReached } from './sleep.ts';
import type { Unit } from './unit.ts';

/**
 * What no check of the text can see: a hook of the policy that interrupts another on the same CPU, and so runs under locks that its
 * own place does not hold. Each CPU marks the hook that runs; a call that changes the scheduler is made only from the
 * hooks that were checked, and not from within another.
 */

/** Bits of a set of hooks; the last stands for a hook inside of another, 0 for none. */
const INNER = 63;

const LOCKING: ReadonlySet<Effect> = new Set(
  EFFECTS.filter((effect) => /^(acquires|wakes|queues)_/.test(effect)),
);

/** Does the call take a lock of the scheduler or wake tasks, on any kernel? One that the catalogue lacks may. */
function changesScheduler(name: string): boolean {
  const row = callRow(name);
  if (row === undefined) return true;
  const words = [...(row.effects ?? []), ...(row.effects612 ?? []), ...(row.effects73 ?? [])];
  return words.some((word) => LOCKING.has(effectOf(word) ?? 'may_sleep'));
}

/** Kernel calls that a handler reaches, through any function. */
function callsFrom({ body }: Handler, functions: readonly Fn[]): ReadonlySet<string> {
  const found = new Set<string>();
  forEachReached(body, functions, (expr) => {
    if (expr.kind === 'kernel-call') found.add(expr.call.name);
  });
  return found;
}

/**
 * The calls that are guarded, each with the handlers that may make it. Inside of its own ops sched_ext guards its calls itself.
 */
export function guardedCalls(code: Side): ReadonlyMap<string, readonly Handler[]> {
  const calls = code.handlers.map((handler) => ({ handler, names: callsFrom(handler, code.functions) }));
  const outside = calls
    .filter(({ handler }) => handler.hook.family === 'tracepoint' || handler.hook.family === 'every')
    .flatMap(({ names }) => [...names]);
  return new Map(
    [...new Set(outside)]
      .filter(changesScheduler)
      .map((name) => [name, calls.filter(({ names }) => names.has(name)).map(({ handler }) => handler)]),
  );
}

const numberOf = (unit: Unit, handler: Handler): number =>
  1 + (unit.code.handlers.indexOf(handler) % (INNER - 1));

const enumerator = (unit: Unit, handler: Handler): string => {
  const { hook } = handler;
  return `PV_HOOK_${numberOf(unit, handler)}_${upper(hook.name === '' ? hook.family : hook.name)}`;
};

/** What has to hold for the call; undefined for one that needs no guard. */
export function guardOf(unit: Unit, call: string): string | undefined {
  const handlers = unit.guarded.get(call);
  if (handlers === undefined) return undefined;
  const hooks = [...new Set(handlers.map((handler) => `1ULL << ${enumerator(unit, handler)}`))];
  return `pv_may(${hooks.join(' | ')})`;
}

/** Marks the hook as the one that runs, to the end of its function. */
export const markLines = (unit: Unit, handler: Handler): readonly string[] =>
  unit.guarded.size === 0
    ? []
    : [`u32 pv_outer __attribute__((cleanup(pv_leave))) = pv_enter(${enumerator(unit, handler)});`, ''];

/** The mark and its functions. */
export function guardLines(unit: Unit): string[] {
  if (unit.guarded.size === 0) return [];
  const hooks = new Map(
    unit.code.handlers.map((handler) => [numberOf(unit, handler), enumerator(unit, handler)]),
  );
  return [
    '/* Hooks of the policy, as a CPU marks the one that runs. */',
    'enum {',
    '\tPV_HOOK_NONE,',
    ...[...hooks].map(([number, name]) => `\t${name} = ${number},`),
    `\tPV_HOOK_INNER = ${INNER},\t/* one that has interrupted another */`,
    '};',
    '',
    'struct pv_mark {',
    '\tu32 tid;',
    '\tu32 hook;',
    '};',
    '',
    ...mapLines({
      name: 'pv_marks',
      doc: 'The hook that runs on this CPU.',
      type: 'PERCPU_ARRAY',
      entries: '1',
      key: 'u32',
      value: 'struct pv_mark',
    }),
    ...FUNCTIONS.split('\n'),
  ];
}

const FUNCTIONS = String.raw`static __always_inline struct pv_mark *pv_mark(void)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&pv_marks, &key);
}

/* Gives the hook that this one has interrupted. Where programs may be preempted, the mark may be another thread's. */
static __always_inline u32 pv_enter(u32 hook)
{
	u32 tid = bpf_get_current_pid_tgid(), outer;
	struct pv_mark *m = pv_mark();

	if (!m)
		return PV_HOOK_NONE;
	outer = m->tid == tid ? m->hook : PV_HOOK_NONE;
	m->tid = tid;
	m->hook = outer ? PV_HOOK_INNER : hook;
	return outer;
}

static __always_inline void pv_leave(const u32 *outer)
{
	struct pv_mark *m = pv_mark();

	if (m && m->tid == (u32)bpf_get_current_pid_tgid())
		m->hook = *outer;
}

/* Does one of the hooks run for which the call was checked, and not inside of another? Else it is refused, and counted. */
static __noinline bool pv_may(u64 hooks)
{
	struct pv_mark *m = pv_mark();

	if (m && m->tid == (u32)bpf_get_current_pid_tgid() && hooks >> (m->hook & 63) & 1)
		return true;
	__sync_fetch_and_add(&pv_health.calls_refused, 1);
	return false;
}
`;
