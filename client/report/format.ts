/** ns in the unit that fits, with three digits behind the point at most. */
export function duration(ns: number): string {
  const size = Math.abs(ns);
  if (size >= 1e9) return `${trim(ns / 1e9)} s`;
  if (size >= 1e6) return `${trim(ns / 1e6)} ms`;
  return size >= 1e3 ? `${trim(ns / 1e3)} µs` : `${trim(ns)} ns`;
}

/** A number with its thousands apart. */
export const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 });

/** A change as people read it: `-12.3 %`. */
export const percent = (ratio: number): string => `${ratio > 0 ? '+' : ''}${(100 * ratio).toFixed(1)} %`;

const trim = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 });
