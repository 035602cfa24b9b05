import type { KernelParams } from './types.ts';

/** A change of the scheduler's rules: the version that brought it, 100 × major + minor, and stable ones that took it over. */
interface Change {
  readonly since: number;
  /** By version: the third number from which on it is there. */
  readonly stable?: Readonly<Record<number, number>>;
  /** The version that took it back. */
  readonly until?: number;
  /** By version: the third number from which on it is taken back. */
  readonly stableUntil?: Readonly<Record<number, number>>;
}

/** What changed in kernel/sched/fair.c, by version. */
export const CHANGES = {
  /** Who sleeps while it is owed nothing stays queued (DELAY_DEQUEUE), and a shorter slice preempts (PREEMPT_SHORT). */
  delayDequeue: { since: 612 },
  /** What waits in the group of a task that went to sleep runs next (PICK_BUDDY; before, only with NEXT_BUDDY). */
  pickBuddy: { since: 614, stable: { 612: 13, 613: 2 } },
  /**
   * Balancing leaves a delayed task unless it moves load (61b82dfb6b7e), and one that is owed nothing until it failed once
   * (can_migrate_task: task_is_ineligible_on_dst_cpu).
   */
  balanceByLag: { since: 614 },
  /**
   * A group's new weight is a new place for it (6d71a9c61604, reverted by 101f3498b4bd). Others measured that 6.18.44 has it and
   * 6.18.50 has not; that it went with 6.18.45 is a guess.
   */
  reweighPlaces: { since: 613, until: 700, stableUntil: { 618: 45 } },
  /** A lag is limited by the longest slice of its queue and a tick (entity_lag), not by its own slice. */
  lagByQueue: { since: 700, stable: { 618: 33 } },
  /** The one that runs is protected for the shortest slice that is asked for (set_protect_slice). */
  minSliceProtection: { since: 617 },
  /** A new task preempts nobody (check_preempt_wakeup_fair: WF_FORK). */
  forkWaits: { since: 619, stable: { 618: 33 } },
  /** A wake-up that comes upon delayed entities takes them out, before it decides (wakeup_preempt_fair). */
  wakeupDequeues: { since: 701, stable: { 618: 33, 700: 10 } },
  /** What runs is charged before a delayed entity that wakes up is placed. Seen on 7.3; which version brought it is unknown. */
  requeueCharges: { since: 703 },
  /**
   * Tasks of all groups wait in one queue (85570f10a4c6, in the scheduler tree on 30 June 2026, before 7.3). 7.3.4 has it: the
   * types of its BTF have cfs_rq.h_curr and sched_entity.h_load, which it brought.
   */
  singleQueue: { since: 703 },
  /** How many CPUs a wake-up looks at depends on how busy they are (SIS_UTIL). */
  scanByUtilization: { since: 600 },
  /** A CPU that runs dry looks elsewhere as often as that helps (NI_RANDOM); stable: seen there, or in their lists. */
  newidleRandom: { since: 619, stable: { 601: 192, 606: 120, 612: 66, 618: 44 } },
  /** Slices end by a timer of their own (HRTICK is on). */
  hrtick: { since: 700 },
} as const satisfies Readonly<Record<string, Change>>;

/** Has `kernel` the change? */
export function has({ version, patch }: Pick<KernelParams, 'version' | 'patch'>, change: Change): boolean {
  const from = change.stable?.[version];
  if (version >= (change.until ?? Infinity) || patch >= (change.stableUntil?.[version] ?? NaN)) return false;
  return version >= change.since || (from !== undefined && patch >= from);
}
