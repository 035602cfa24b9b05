import type { Effect, HookRow } from './catalogue.ts';

/**
 * Classes of locks in the order in which the kernel takes them, outer first: sleeping locks, locks that kernel code
 * holds around wake-ups (wait queues, timers, worker pools), then pi_lock → rq → dsq and those of high-resolution timers, which
 * are armed under a run queue's lock. 'any' is an open set: whatever
 * the caller holds. 'section' is no lock: nobody waits for it.
 */
export type LockClass =
  'sleeping' | 'wait' | 'pool' | 'timer' | 'pi' | 'rq' | 'dsq' | 'hrtimer' | 'any' | 'section';

const CLASSES: readonly (readonly [RegExp, LockClass])[] = [
  [/rq\(.*\)\.__lock|core-wide rq locks/, 'rq'],
  [/\bany\b/, 'any'],
  [/rt_mutex wait_lock|wait_?queue lock|kthread_worker\.lock|scx_dump_lock|sugov update_lock/, 'wait'],
  [/pi_lock/, 'pi'],
  [/dsq->lock/, 'dsq'],
  [/worker_pool\.lock/, 'pool'],
  [/hrtimer_cpu_base\.lock/, 'hrtimer'],
  [/timer_base[. ]lock/, 'timer'],
  [/rcu_read_lock|srcu \(read\)/, 'section'],
  [/mutex|rwsem|mmap_lock|cpu_hotplug_lock|inode lock/, 'sleeping'],
  [/gpc->lock|pvsched_ops_lock/, 'wait'],
];

/** The class of a lock as the catalogue writes it; undefined for one that this table does not know. */
export const lockClass = (lock: string): LockClass | undefined =>
  CLASSES.find(([pattern]) => pattern.test(lock))?.[1];

export interface HeldLock {
  /** As the catalogue writes it: 'rq(this_cpu).__lock'. */
  readonly lock: string;
  readonly class: LockClass;
  /** At every call site, or at some. */
  readonly always: boolean;
}

/** Locks that the kernel holds, or may hold, when it runs a program at the hook. */
export function heldLocks(row: HookRow): readonly HeldLock[] {
  const held = (always: boolean) => (lock: string) => ({ lock, class: lockClass(lock) ?? 'any', always });
  return [...(row.locks ?? []).map(held(true)), ...(row.mayHold ?? []).map(held(false))];
}

/** Outer to inner; taking one while an inner one is held is an inversion. */
export const ORDER: readonly LockClass[] = [
  ...(['sleeping', 'wait', 'pool', 'timer', 'pi', 'rq', 'dsq', 'hrtimer'] as const),
];

/**
 * May a lock of the class `wanted` be taken while one of `held` is held? Not if it is of the same class, whoever's it is: two
 * run queues or two tasks are locked one after the other in one place of the kernel only, in an order of its own.
 */
export const mayNest = (held: LockClass, wanted: LockClass): boolean =>
  held === 'section' || (held !== 'any' && ORDER.indexOf(held) < ORDER.indexOf(wanted));

/** The first lock of the scheduler or its timers that each effect takes. */
const TAKEN: readonly (readonly [Effect, LockClass])[] = [
  ['acquires_rq_lock', 'rq'],
  ['acquires_pi_lock', 'pi'],
  ['acquires_dsq_lock', 'dsq'],
  ['wakes_task_synchronously', 'pi'],
  ['queues_work_synchronously', 'pool'],
  ['starts_timer_synchronously', 'hrtimer'],
];

/** Effects that some lock which is held does not let happen: they would take it again, or one that comes before it. */
export const forbiddenBy = (held: readonly HeldLock[]): readonly Effect[] =>
  TAKEN.filter(([, taken]) => held.some((lock) => !mayNest(lock.class, taken))).map(([effect]) => effect);

/** Whose lock it is: of the CPU that runs the program, of a CPU or a task that is an argument of the hook or call. */
export type Owner =
  | { readonly kind: 'this-cpu' }
  | { readonly kind: 'cpu' | 'cpu-of' | 'task'; readonly argument: string }
  | { readonly kind: 'unknown' };

/** The owner of a lock as the catalogue writes it: 'rq(task_cpu(p)).__lock'. */
export function ownerOf(lock: string): Owner {
  if (/^rq\(this_cpu\)\.__lock/.test(lock)) return { kind: 'this-cpu' };
  const ofTask = /^rq\(task_cpu\((\w+)\)\)\.__lock/.exec(lock)?.[1];
  if (ofTask !== undefined) return { kind: 'cpu-of', argument: ofTask };
  const cpu = /^rq\((c[pi][ud])\)\.__lock/.exec(lock)?.[1];
  if (cpu !== undefined) return { kind: 'cpu', argument: cpu };
  const task = /^(\w+)->pi_lock/.exec(lock)?.[1];
  return task === undefined ? { kind: 'unknown' } : { kind: 'task', argument: task };
}
