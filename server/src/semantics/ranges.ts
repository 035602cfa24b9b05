import type { Type } from './types.ts';

/** The largest number of CPUs that a kernel can be built for (NR_CPUS of x86-64 MAXSMP). */
const MAX_CPUS = 8192n;

/** Both ends included. */
export interface IntRange {
  readonly lo: bigint;
  readonly hi: bigint;
}

/** The values that an integer-like type can hold; undefined for other types. */
export function intRange(type: Type): IntRange | undefined {
  switch (type.kind) {
    case 'int': {
      const bits = BigInt(type.bits);
      return type.signed
        ? { lo: -(1n << (bits - 1n)), hi: (1n << (bits - 1n)) - 1n }
        : { lo: 0n, hi: (1n << bits) - 1n };
    }
    case 'nice':
      return { lo: -20n, hi: 19n };
    case 'rt_prio':
      return { lo: 1n, hi: 99n };
    case 'weight':
      return { lo: 1n, hi: 10_000n };
    case 'cpu':
      return { lo: 0n, hi: MAX_CPUS - 1n };
    default:
      return undefined;
  }
}

/** Whether `value` is one that `type` can hold. */
export function inRange(value: bigint, type: Type): boolean {
  const range = intRange(type);
  return range === undefined || (value >= range.lo && value <= range.hi);
}
