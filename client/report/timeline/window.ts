/** The stretch of time that is shown, in ns. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** No closer than this, in ns. */
const CLOSEST = 2_000;

/** `window` magnified by `factor` around `at`, within 0 and `end`. */
export function zoomed({ from, to }: Window, factor: number, at: number, end: number): Window {
  const width = Math.min(end, Math.max(CLOSEST, (to - from) / factor));
  const part = to > from ? (at - from) / (to - from) : 0.5;
  return within({ from: at - part * width, to: at + (1 - part) * width }, end);
}

/** `window` moved by `part` of its width. */
export function panned({ from, to }: Window, part: number, end: number): Window {
  const by = part * (to - from);
  return within({ from: from + by, to: to + by }, end);
}

/** `window` pushed back between 0 and `end`. */
export function within({ from, to }: Window, end: number): Window {
  const width = Math.min(end, to - from);
  const start = Math.min(Math.max(0, from), end - width);
  return { from: start, to: start + width };
}

/** Round times for the axis, `step` apart: at most `most` of them. */
export function ticks(
  { from, to }: Window,
  most: number,
): { readonly step: number; readonly marks: readonly number[] } {
  const least = (to - from) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= least) ?? 10 * power;
  const marks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) marks.push(at);
  return { step, marks };
}
