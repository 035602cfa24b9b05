/** Sets of CPUs: one bit a CPU. */
export const bit = (cpu: number): bigint => 1n << BigInt(cpu);

export const has = (mask: bigint, cpu: number): boolean => cpu >= 0 && ((mask >> BigInt(cpu)) & 1n) === 1n;

/** All CPUs from `lo` to `hi`, both included; nothing where `hi` is below `lo`. */
export const range = (lo: number, hi: number): bigint =>
  hi < lo || lo < 0 ? 0n : ((1n << BigInt(hi - lo + 1)) - 1n) << BigInt(lo);

/** The lowest CPU of the mask. */
export function first(mask: bigint): number | undefined {
  if (mask === 0n) return undefined;
  return (mask & -mask).toString(2).length - 1;
}

/** The CPUs of the mask in ascending order. */
export function members(mask: bigint): number[] {
  const cpus: number[] = [];
  for (let rest = mask; rest !== 0n; rest &= rest - 1n) cpus.push(first(rest) ?? 0);
  return cpus;
}
