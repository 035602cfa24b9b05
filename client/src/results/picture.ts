import { figure } from '../../figures.ts';

/** Colours of a picture; an image in a hover cannot take them from the theme by itself. */
export interface Ink {
  readonly text: string;
  readonly faint: string;
  readonly bar: string;
  readonly mark: string;
}

export type Look = 'light' | 'dark' | 'highContrast' | 'highContrastLight';

/** Each reads at 4.5:1 or better on the hover's background in VS Code's own themes. */
export const INKS: Readonly<Record<Look, Ink>> = {
  light: { text: '#3b3b3b', faint: '#6f6f6f', bar: '#0067b8', mark: '#a31515' },
  dark: { text: '#cccccc', faint: '#9d9d9d', bar: '#4daafc', mark: '#f48771' },
  highContrast: { text: '#ffffff', faint: '#ffffff', bar: '#3fb0ff', mark: '#ffb86c' },
  highContrastLight: { text: '#000000', faint: '#292929', bar: '#0f4a85', mark: '#b5200d' },
};

/** Values from `from` up to twice that. */
export interface Bar {
  readonly from: number;
  readonly count: number;
}

export interface Distribution {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
  /** Named values to mark on the axis, such as p99. */
  readonly marks: readonly { readonly name: string; readonly value: number }[];
}

const WIDTH = 300;
const HEIGHT = 96;
const TOP = 18;
const BASE = 74;

/** A distribution on a logarithmic axis, as SVG: a bar for each power of two, and marks with their names. */
export function distributionSvg({ title, unit, bars, marks }: Distribution, ink: Ink): string {
  const first = Math.floor(Math.log2(Math.max(1, bars[0]?.from ?? 1)));
  const last = Math.floor(Math.log2(Math.max(1, bars.at(-1)?.from ?? 1))) + 1;
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const x = (value: number): number =>
    4 + ((Math.log2(Math.max(value, 2 ** first)) - first) / Math.max(1, last - first)) * (WIDTH - 8);
  const drawn = bars.map(({ from, count }) => {
    const left = x(from);
    const height = Math.max(1, (count / most) * (BASE - TOP));
    const width = Math.max(2, x(from < 1 ? 2 : from * 2) - left - 1);
    return rect(left, BASE - height, width, height, ink.bar);
  });
  const lines = marks.map(({ value }) => {
    const at = Math.min(WIDTH - 4, x(value)).toFixed(1);
    return `<line x1="${at}" x2="${at}" y1="${TOP - 2}" y2="${BASE}" stroke="${ink.mark}" stroke-dasharray="3 2"/>`;
  });
  const named = marks.map(({ name, value }) => `${name} ${figure(value, unit)}`).join('  ');
  return svg([
    text(4, 11, ink.text, `${title}`),
    ...drawn,
    ...lines,
    `<line x1="4" x2="${WIDTH - 4}" y1="${BASE}" y2="${BASE}" stroke="${ink.faint}"/>`,
    text(4, 89, ink.faint, figure(2 ** first, unit)),
    text(WIDTH - 4, 89, ink.faint, figure(2 ** last, unit), 'end'),
    text(WIDTH / 2, 89, ink.mark, named, 'middle'),
  ]);
}

/** When things happened, as SVG: `moments` from 0 to 1, and what the ends of the axis are called. */
export function momentsSvg(
  title: string,
  moments: readonly number[],
  [start, end]: readonly [string, string],
  ink: Ink,
): string {
  const counts = Array.from({ length: 60 }, () => 0);
  for (const moment of moments) {
    const slot = Math.min(59, Math.max(0, Math.floor(moment * 60)));
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  const most = Math.max(1, ...counts);
  const step = (WIDTH - 8) / 60;
  const bars = counts.map((count, slot) => {
    const height = (count / most) * (BASE - TOP);
    return count === 0 ? '' : rect(4 + slot * step, BASE - height, step - 1, height, ink.bar);
  });
  return svg([
    text(4, 11, ink.text, title),
    ...bars,
    `<line x1="4" x2="${WIDTH - 4}" y1="${BASE}" y2="${BASE}" stroke="${ink.faint}"/>`,
    text(4, 89, ink.faint, start),
    text(WIDTH - 4, 89, ink.faint, end, 'end'),
  ]);
}

/** For an image in Markdown. */
export const dataUri = (picture: string): string =>
  `data:image/svg+xml;base64,${Buffer.from(picture, 'utf8').toString('base64')}`;

const svg = (parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
  `font-family="sans-serif" font-size="11">${parts.join('')}</svg>`;

const rect = (x: number, y: number, width: number, height: number, fill: string): string =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${fill}"/>`;

const text = (x: number, y: number, fill: string, content: string, anchor = 'start'): string =>
  `<text x="${x}" y="${y}" fill="${fill}" text-anchor="${anchor}">${escape(content)}</text>`;

const escape = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
