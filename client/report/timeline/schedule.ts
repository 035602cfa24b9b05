import type { Decision, TimelineOf } from '../../../server/src/lsp/protocol.ts';
import { el } from '../dom.ts';
import { duration, moment } from '../../figures.ts';
import type { Palette } from '../theme.ts';
import { AXIS, draw, heightOf, LABELS, laneTop, type Mark, LANE } from './draw.ts';
import { lanesOf, sliceAt, vcpuLabel, type Lane } from './lanes.ts';
import type { Window } from './window.ts';

/** What the pointer or the keyboard picked in a schedule. */
export interface Picked {
  readonly lane: number;
  readonly slice: number;
}

/** One schedule's picture, with what is needed to draw it again and to tell what is where. */
export class Schedule {
  readonly canvas = el('canvas', { tabindex: 0 });
  readonly lanes: readonly Lane[];
  readonly decisions: readonly Decision[];
  selected: Picked | undefined;
  private readonly source: TimelineOf;
  private readonly marks: readonly Mark[];
  private readonly vmOf: Int32Array;
  private readonly labels: readonly string[];

  constructor(source: TimelineOf) {
    const { timeline } = source;
    this.source = source;
    this.lanes = lanesOf(timeline);
    this.decisions = source.decisions;
    this.vmOf = Int32Array.from(timeline.threads, ({ vm }) => vm?.index ?? -1);
    this.labels = timeline.threads.map((thread) => (thread.vm ? vcpuLabel(thread) : thread.label));
    this.marks = this.marksOf();
    const summary = `${source.title}: ${timeline.cpus} CPUs and ${this.lanes.length - timeline.cpus} vCPUs over ${duration(this.length)}. `;
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute(
      'aria-label',
      `${summary}Plus and minus zoom, arrows left and right move, up and down choose a row, comma and full stop go to the slice before and after; the longest waits are in a table below.`,
    );
  }

  /** ns. */
  get length(): number {
    return this.source.timeline.length * this.source.timeline.unit;
  }

  get title(): string {
    return this.source.title;
  }

  paint(window: Window, palette: Palette): void {
    const { canvas } = this;
    const ratio = devicePixelRatio;
    const width = canvas.parentElement?.clientWidth ?? 800;
    const height = heightOf(this.lanes.length);
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext('2d');
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(
      context,
      width,
      {
        lanes: this.lanes,
        unit: this.source.timeline.unit,
        window,
        vmOf: this.vmOf,
        labels: this.labels,
        marks: this.marks,
        selected: this.selected,
      },
      palette,
    );
  }

  /** ns at a place of the canvas, within `window`. */
  timeAt(x: number, window: Window): number {
    const part = (x - LABELS) / Math.max(1, this.canvas.clientWidth - LABELS);
    return window.from + part * (window.to - window.from);
  }

  laneAt(y: number): number | undefined {
    const lane = this.lanes.findIndex((_, i) => y >= laneTop(i) && y < laneTop(i) + LANE);
    return lane < 0 || y < AXIS ? undefined : lane;
  }

  pick(lane: number, at: number): Picked | undefined {
    const found = this.lanes[lane];
    const slice = found && sliceAt(found, at / this.source.timeline.unit);
    return slice === undefined ? undefined : { lane, slice };
  }

  /** The decision whose mark is at a place of the canvas. */
  decisionAt(x: number, y: number, window: Window): number | undefined {
    const near = 5 * ((window.to - window.from) / Math.max(1, this.canvas.clientWidth - LABELS));
    const at = this.timeAt(x, window);
    const hits = this.marks.filter(
      (mark) => Math.abs(mark.at - at) <= near && Math.abs(y - laneTop(mark.lane)) < 9,
    );
    return hits.toSorted((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))[0]?.decision;
  }

  /** A slice in words. */
  describe({ lane, slice }: Picked): string {
    const { unit } = this.source.timeline;
    const row = this.lanes[lane];
    if (!row) return '';
    const from = (row.from[slice] ?? 0) * unit;
    const length = ((row.to[slice] ?? 0) - (row.from[slice] ?? 0)) * unit;
    const who = this.labels[row.thread[slice] ?? 0] ?? '';
    const does = row.waiting[slice] === 1 ? 'waits for a CPU' : `runs on CPU ${row.cpu[slice] ?? 0}`;
    return `${who} ${does} for ${duration(length)}, from ${moment(from, 1000)} on`;
  }

  /** Begin and end of a slice, ns. */
  spanOf({ lane, slice }: Picked): Window {
    const { unit } = this.source.timeline;
    const row = this.lanes[lane];
    return { from: (row?.from[slice] ?? 0) * unit, to: (row?.to[slice] ?? 0) * unit };
  }

  private marksOf(): Mark[] {
    const laneOf = new Map<number, number>();
    const { threads, cpus, base } = this.source.timeline;
    for (const [i, lane] of this.lanes.entries())
      if (lane.kind === 'vcpu' && lane.thread.length > 0)
        laneOf.set(threads[lane.thread[0] ?? 0]?.tid ?? -1, i);
    return this.decisions.map(({ t, tid, cpu }, decision) => ({
      at: t - base,
      lane: (tid === null ? undefined : laneOf.get(tid)) ?? Math.min(cpu, cpus - 1),
      decision,
    }));
  }
}
