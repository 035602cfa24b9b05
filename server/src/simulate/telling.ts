import { clockText } from './moment.ts';
import { hookText } from './support.ts';
import { threadLabel } from './tasks.ts';
import type { World } from './world.ts';

/** A function of a number, computed once for each. */
export function remembered<T>(compute: (key: number) => T): (key: number) => T {
  const known = new Map<number, T>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = compute(key)));
    return value;
  };
}

/** How the parts of decisions are told: most of them are told thousands of times. */
export interface Telling {
  readonly lineOf: (offset: number) => number;
  /** ns of the trace's own clock, and the same as the trace prints it. */
  readonly absolute: (t: number) => number;
  readonly clock: (t: number) => string;
  /** The hook of a handler, and its line. */
  readonly hook: (handler: number) => { readonly text: string; readonly line: number };
  readonly thread: (tid: number) => { readonly text: string; readonly vm: string | null };
  readonly world: World;
}

export function tellingOf(world: World, lineOf: Telling['lineOf']): Telling {
  const { trace, program } = world;
  const base = Number(trace.baseNs);
  const exact = base < Number.MAX_SAFE_INTEGER / 2;
  return {
    lineOf,
    absolute: (t) => (exact ? base + t : Number(trace.baseNs + BigInt(t))),
    clock: clockText(trace.baseNs),
    hook: remembered((index) => {
      const handler = program.host.handlers[index];
      return handler ? { text: hookText(handler), line: lineOf(handler.span.start) } : { text: '', line: 1 };
    }),
    thread: remembered((tid) => ({
      text: threadLabel(trace, tid),
      vm: world.machines.vms[world.machines.vmOf.get(tid) ?? -1]?.name ?? null,
    })),
    world,
  };
}

/** Line of what was asked for; of the hook where it is the hook's own result. */
export const lineIn = (telling: Telling, start: number, handler: number): number =>
  start >= 0 ? telling.lineOf(start) : telling.hook(handler).line;
