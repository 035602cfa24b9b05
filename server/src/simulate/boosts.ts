/** A stretch in which a thread was boosted; times are ns since the start of the trace. */
export interface Boost {
  readonly tid: number;
  readonly from: number;
  /** Scheduling class and priority of the latest request. */
  schedClass: number;
  prio: number;
  /** When it ends by itself. */
  until: number;
  /** When it ended, and how; undefined while it is in force. */
  end: { readonly at: number; readonly by: 'unboost' | 'expiry' } | undefined;
}

/** The boosts that a policy asked for: those in force by thread, and all of them in the order of their beginning. */
export interface Boosts {
  readonly active: Map<number, Boost>;
  readonly all: Boost[];
  /** Boosts beyond the bound of `all`. */
  dropped: number;
  /** Requests by thread, repeated ones included. */
  readonly requests: Map<number, number>;
}

const MOST = 100_000;

export const newBoosts = (): Boosts => ({ active: new Map(), all: [], dropped: 0, requests: new Map() });

/**
 * `boost(tid, schedClass, prio, for: length)` at `t`. A thread that is boosted already stays so without a break, in
 * the new class, for the new length from now.
 */
export function beginBoost(
  boosts: Boosts,
  t: number,
  tid: number,
  schedClass: number,
  prio: number,
  length: number,
): void {
  boosts.requests.set(tid, (boosts.requests.get(tid) ?? 0) + 1);
  const running = activeBoost(boosts, t, tid);
  if (running) {
    running.schedClass = schedClass;
    running.prio = prio;
    running.until = t + length;
    return;
  }
  const boost: Boost = { tid, from: t, schedClass, prio, until: t + length, end: undefined };
  boosts.active.set(tid, boost);
  if (boosts.all.length < MOST) boosts.all.push(boost);
  else boosts.dropped++;
}

/** `unboost(tid)` at `t`. */
export function endBoost(boosts: Boosts, t: number, tid: number): void {
  const boost = activeBoost(boosts, t, tid);
  if (!boost) return;
  boost.end = { at: t, by: 'unboost' };
  boosts.active.delete(tid);
}

/** The boost of `tid` that is in force at `t`; one whose time is over ends here. */
export function activeBoost(boosts: Boosts, t: number, tid: number): Boost | undefined {
  const boost = boosts.active.get(tid);
  if (!boost || t < boost.until) return boost;
  boost.end = { at: boost.until, by: 'expiry' };
  boosts.active.delete(tid);
  return undefined;
}

/** ns since the boost of `tid` began that is in force; 0 without one. */
export function boostedFor(boosts: Boosts, t: number, tid: number): number {
  const boost = activeBoost(boosts, t, tid);
  return boost ? t - boost.from : 0;
}

/** Ends what is over at `t`. */
export function expireBoosts(boosts: Boosts, t: number): void {
  for (const tid of [...boosts.active.keys()]) activeBoost(boosts, t, tid);
}
