import type { Trace } from '../trace/columns.ts';
import { kindIndex } from '../trace/kinds.ts';

/** Those asked for of late are kept by the low bits of their ids: a power of two. */
const RECENT = 256;

/**
 * Something for each thread, made when it is first asked for. Every event asks for some threads several times, and
 * those asked for of late are found without a look into the map. None is ever replaced by another.
 */
export class ByThread<T extends { readonly tid: number }> extends Map<number, T> {
  private readonly make: (tid: number) => T;
  private readonly recent = Array.from<T | undefined>({ length: RECENT }).fill(undefined);

  constructor(make: (tid: number) => T) {
    super();
    this.make = make;
  }

  of(tid: number): T {
    const slot = tid & (RECENT - 1);
    const recent = this.recent[slot];
    if (recent?.tid === tid) return recent;
    let one = this.get(tid);
    if (!one) this.set(tid, (one = this.make(tid)));
    this.recent[slot] = one;
    return one;
  }
}

/** A function that finds what `known`, which does not change any more, has for a thread. */
export function finder<T>(known: ReadonlyMap<number, T>): (tid: number) => T | undefined {
  const tids = new Float64Array(RECENT).fill(NaN);
  const found = Array.from<T | undefined>({ length: RECENT }).fill(undefined);
  return (tid) => {
    const slot = tid & (RECENT - 1);
    if (tids[slot] === tid) return found[slot];
    tids[slot] = tid;
    return (found[slot] = known.get(tid));
  };
}

const SCHEDULING = ['sched_switch', 'sched_waking', 'sched_wakeup', 'sched_wakeup_new', 'sched_migrate_task'];

/** The length that a column by thread id needs: one more than the highest id that is switched, woken or moved. */
export function threadsEnd({ length, kind, a, b }: Trace): number {
  const named = new Uint8Array(256);
  for (const name of SCHEDULING) named[kindIndex(name)] = 1;
  const change = kindIndex('sched_switch');
  let highest = 0;
  for (let row = 0; row < length; row++) {
    if (named[kind[row]!] === 0) continue;
    if (a[row]! > highest) highest = a[row]!;
    if (kind[row] === change && b[row]! > highest) highest = b[row]!;
  }
  return highest + 1;
}
