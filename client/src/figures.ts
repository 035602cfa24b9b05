/** A count, or a figure with up to three digits behind the point. */
export const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 });

/** ns in the unit that fits, with three digits that count. */
export function duration(ns: number): string {
  const digits = (value: number): string => String(Number(value.toPrecision(3)));
  if (ns >= 1e9) return `${digits(ns / 1e9)} s`;
  if (ns >= 1e6) return `${digits(ns / 1e6)} ms`;
  return ns >= 1e3 ? `${digits(ns / 1e3)} µs` : `${digits(ns)} ns`;
}

/** `1 thread`, `2 threads` */
export const plural = (number: number, thing: string): string =>
  `${count(number)} ${thing}${number === 1 ? '' : 's'}`;

/** A figure of a metric, counter or histogram in its unit. */
export function figure(value: number, unit: string | null): string {
  if (unit === 'ns' || unit === 'duration') return duration(value);
  return unit === 'ratio' ? `${count(value * 100)} %` : count(value);
}
