/** A count, or a figure with up to three digits behind the point. */
export const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 });

const UNITS = [
  { name: 's', size: 1e9 },
  { name: 'ms', size: 1e6 },
  { name: 'µs', size: 1e3 },
  { name: 'ns', size: 1 },
] as const;

/** The unit that fits so many ns. */
const unitOf = (ns: number): (typeof UNITS)[number] =>
  UNITS.find(({ size }) => Math.abs(ns) >= size) ?? UNITS[3];

/** ns in the unit that fits, with three digits that count. */
export function duration(ns: number): string {
  const { name, size } = unitOf(ns);
  return `${Number((ns / size).toPrecision(3))} ${name}`;
}

/** A moment, in ns since the beginning, in the unit that fits and so exact that moments `step` ns apart differ. */
export function moment(ns: number, step: number): string {
  if (ns === 0) return '0';
  const { name, size } = unitOf(ns);
  const digits = Math.max(0, Math.ceil(Math.log10(size / step)));
  return `${Number((ns / size).toFixed(Math.min(9, digits)))} ${name}`;
}

/** `1 thread`, `2 threads` */
export const plural = (number: number, thing: string): string =>
  `${count(number)} ${thing}${number === 1 ? '' : 's'}`;

/** A change as people read it: `−12.3 %`, with so many digits behind the point. */
export function percent(ratio: number, digits = 1): string {
  const size = (100 * Math.abs(ratio)).toFixed(digits);
  return `${Number(size) === 0 ? '' : ratio < 0 ? '−' : '+'}${size} %`;
}

/** A figure of a metric, counter or histogram in its unit. */
export function figure(value: number, unit: string | null): string {
  if (unit === 'ns' || unit === 'duration') return duration(value);
  return unit === 'ratio' ? `${count(value * 100)} %` : count(value);
}

/** A figure of a metric of the schedule: those with a statistic, such as `steal.sum`, are lengths of stretches. */
export const metricFigure = (metric: string, value: number): string =>
  metric.includes('.') ? duration(value) : count(value);
