import type { SimulationReport } from '../simulation.ts';

/** A number as it is, or with three digits behind the point. */
export const figure = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(3));

/** ns in the unit that fits, three digits behind the point. */
export function duration(ns: number): string {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(3)} s`;
  if (ns >= 1e6) return `${(ns / 1e6).toFixed(3)} ms`;
  return ns >= 1e3 ? `${(ns / 1e3).toFixed(3)} us` : `${figure(ns)} ns`;
}

type Expected = SimulationReport['expectations'][number];

/** What an expectation was held against, or why it is open. */
export function measuredText({ measured, baseline, unit, reason }: Expected): string {
  const text = (value: number): string => (unit === 'ns' ? duration(value) : figure(value));
  if (reason !== null) return reason;
  if (measured === null) return 'no value';
  return `measured ${text(measured)}${baseline === null ? '' : `, baseline ${text(baseline)}`}`;
}
