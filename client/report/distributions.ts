import uPlot from 'uplot';
import type { DistributionsOf, ReportData } from '../../server/src/lsp/protocol.ts';
import { el } from './dom.ts';
import { count, duration } from '../figures.ts';
import { palette } from './theme.ts';

const METRICS = {
  wakeup_latency: 'From waking to running',
  runqueue_delay: 'Waiting for a CPU, each time',
  run_time: 'Running, each time',
} as const;

type Metric = keyof typeof METRICS;

/** For each VM and metric, what part of the stretches is at most so long: a curve a schedule. */
export function distributions({ distributions: all, curve }: ReportData): HTMLElement | undefined {
  if (!all.some(({ of }) => of.length > 0)) return undefined;
  const vms = [...new Set(all.flatMap(({ of }) => of.map(({ vm }) => vm)))];
  const body = el('div', { class: 'charts' });
  const metric = el('select', { 'aria-label': 'metric' });
  for (const [value, label] of Object.entries(METRICS)) metric.append(el('option', { value }, label));
  const redraw = (): void => {
    body.replaceChildren();
    for (const vm of vms) chart(body, all, curve, vm, metric.value as Metric);
  };
  metric.addEventListener('change', redraw);
  // The size of a chart is that of its place, which it has once it is in the page.
  requestAnimationFrame(redraw);
  new ResizeObserver(debounced(redraw)).observe(document.body);
  return el('section', {}, el('h2', {}, 'Distributions'), metric, body);
}

function chart(
  body: HTMLElement,
  all: readonly DistributionsOf[],
  curve: readonly number[],
  vm: string,
  metric: Metric,
): void {
  const series = all.flatMap(({ title, of }, index) => {
    const found = of.find((one) => one.vm === vm && one.metric === metric);
    return found ? [{ title, index, values: found.values, size: found.count }] : [];
  });
  if (series.length === 0) return;
  const colours = palette();
  const holder = el('figure', {}, el('figcaption', {}, vm));
  body.append(holder);
  const width = Math.max(280, Math.min(500, body.clientWidth - 16));
  // One axis of lengths for all curves: each gives the part at each length that any of them has.
  const lengths = [...new Set(series.flatMap(({ values }) => values.map((v) => Math.max(100, v))))].sort(
    (a, b) => a - b,
  );
  const partAt = (values: readonly number[], length: number): number => {
    let low = 0;
    let high = values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Math.max(100, values[middle] ?? 0) <= length) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (curve[low - 1] ?? 1);
  };
  const plot = new uPlot(
    {
      width,
      height: 220,
      scales: { x: { time: false, distr: 3 }, y: { range: [0, 1] } },
      axes: [
        axis(colours.faint, colours.grid, (_, marks) => marks.map((v) => (v === null ? '' : duration(v)))),
        axis(colours.faint, colours.grid, (_, marks) => marks.map((v) => `${Math.round(v * 100)} %`)),
      ],
      series: [
        { label: 'at most', value: (_, v) => (v === null ? '' : duration(v)) },
        ...series.map(({ title, index, size }) => ({
          label: `${title} (${count(size)})`,
          stroke: colours.series[index] ?? colours.text,
          width: 2,
          ...(index === 0 && series.length > 1 && { dash: [4, 3] }),
          points: { show: false },
          value: (_: uPlot, v: number | null) => (v === null ? '' : `${(100 * v).toFixed(2)} %`),
        })),
      ],
    },
    [lengths, ...series.map(({ values }) => lengths.map((length) => partAt(values, length)))],
  );
  holder.append(plot.root);
}

type Values = (plot: uPlot, marks: number[]) => string[];

const axis = (stroke: string, grid: string, values: Values): uPlot.Axis => ({
  stroke,
  grid: { stroke: grid, width: 1 },
  ticks: { stroke: grid, width: 1 },
  values,
  space: 60,
  size: 52,
});

function debounced(act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let first = true;
  return () => {
    // The observer reports once when it begins.
    if (first) {
      first = false;
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(act, 150);
  };
}
