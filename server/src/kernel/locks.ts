import type { HookRow } from './catalogue.ts';

/**
 * Classes of locks in the order in which the kernel takes them, outer first: sleeping locks, locks that kernel code
 * holds around wake-ups (wait queues, timers, worker pools), then pi_lock → rq → dsq. 'any' is an open set: whatever
 * the caller holds. 'section' is no lock: nobody waits for it.
 */
export type LockClass = 'sleeping' | 'wait' | 'pool' | 'timer' | 'pi' | 'rq' | 'dsq' | 'any' | 'section';

const CLASSES: readonly (readonly [RegExp, LockClass])[] = [
  [/rq\(.*\)\.__lock|core-wide rq locks/, 'rq'],
  [/\bany\b/, 'any'],
  [/rt_mutex wait_lock|wait_?queue lock|kthread_worker\.lock|scx_dump_lock|sugov update_lock/, 'wait'],
  [/pi_lock/, 'pi'],
  [/dsq->lock/, 'dsq'],
  [/worker_pool\.lock/, 'pool'],
  [/timer_(cpu_)?base[. ]lock|hrtimer_cpu_base\.lock/, 'timer'],
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
