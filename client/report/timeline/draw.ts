import type { Palette } from '../theme.ts';
import { moment } from '../../figures.ts';
import { firstAfter, type Lane } from './lanes.ts';
import { ticks, type Window } from './window.ts';

export const LANE = 16;
const GAP = 3;
export const AXIS = 18;
export const LABELS = 120;

/** What is drawn: lanes of one schedule within a window of time. */
export interface Picture {
  readonly lanes: readonly Lane[];
  /** ns a tick. */
  readonly unit: number;
  readonly window: Window;
  /** The VM of each thread; −1 for threads of none. */
  readonly vmOf: Int32Array;
  readonly labels: readonly string[];
  /** Decisions of the policy: ns, and the lanes that they are about. */
  readonly marks: readonly Mark[];
  readonly selected: { readonly lane: number; readonly slice: number } | undefined;
}

export interface Mark {
  readonly at: number;
  readonly lane: number;
  /** Index into the decisions. */
  readonly decision: number;
}

export const heightOf = (lanes: number): number => AXIS + lanes * (LANE + GAP);

export const laneTop = (lane: number): number => AXIS + lane * (LANE + GAP);

/** Draws a picture. The work depends on the size in pixels, hardly on the number of slices. */
export function draw(
  context: CanvasRenderingContext2D,
  width: number,
  picture: Picture,
  palette: Palette,
): void {
  const { lanes, window } = picture;
  const scale = (width - LABELS) / (window.to - window.from);
  context.clearRect(0, 0, width, heightOf(lanes.length));
  context.font = `11px ${palette.font}`;
  context.textBaseline = 'middle';
  drawAxis(context, width, picture, palette, scale);
  for (const [index, lane] of lanes.entries()) drawLane(context, width, picture, palette, scale, lane, index);
  drawMarks(context, picture, palette, scale);
}

function drawAxis(
  context: CanvasRenderingContext2D,
  width: number,
  { window, lanes }: Picture,
  palette: Palette,
  scale: number,
): void {
  const { step, marks } = ticks(window, (width - LABELS) / 110);
  for (const at of marks) {
    const x = Math.round(LABELS + (at - window.from) * scale) + 0.5;
    context.strokeStyle = palette.grid;
    context.beginPath();
    context.moveTo(x, AXIS - 4);
    context.lineTo(x, heightOf(lanes.length));
    context.stroke();
    context.fillStyle = palette.faint;
    context.fillText(moment(at, step), x + 3, AXIS / 2);
  }
}

function drawLane(
  context: CanvasRenderingContext2D,
  width: number,
  picture: Picture,
  palette: Palette,
  scale: number,
  lane: Lane,
  index: number,
): void {
  const { window, unit, vmOf, labels, selected } = picture;
  const top = laneTop(index);
  context.fillStyle = palette.lane;
  context.fillRect(LABELS, top, width - LABELS, LANE);
  const xOf = (tick: number): number => LABELS + (tick * unit - window.from) * scale;
  for (let i = firstAfter(lane, window.from / unit); i < lane.from.length;) {
    const left = Math.max(LABELS, xOf(lane.from[i] ?? 0));
    if (left >= width) break;
    const right = Math.min(width, xOf(lane.to[i] ?? 0));
    const thread = lane.thread[i] ?? 0;
    const vm = vmOf[thread] ?? -1;
    const waits = lane.waiting[i] === 1;
    const wide = Math.max(1, right - left);
    context.fillStyle = waits ? palette.waiting : vm < 0 ? palette.other : palette.vm(vm);
    // A wait is thinner than a run: the two tell apart without colours.
    context.fillRect(left, waits ? top + 5 : top, wide, waits ? LANE - 10 : LANE);
    if (wide > 40 && !waits && lane.kind === 'cpu')
      drawText(context, labels[thread] ?? '', left, top, wide, vm < 0 ? palette.text : palette.onSlice);
    if (selected?.lane === index && selected.slice === i) outline(context, left, top, wide, palette);
    // What begins within the same pixel cannot be seen: the next one to draw ends behind it.
    i = wide > 1 ? i + 1 : firstAfter(lane, (window.from + (left + 1 - LABELS) / scale) / unit, i + 1);
  }
  context.fillStyle = palette.background;
  context.fillRect(0, top, LABELS, LANE);
  drawText(context, lane.label, 0, top, LABELS - 4, palette.text);
}

function drawText(
  context: CanvasRenderingContext2D,
  text: string,
  left: number,
  top: number,
  width: number,
  colour: string,
): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width, LANE);
  context.clip();
  context.fillStyle = colour;
  context.fillText(text, left + 4, top + LANE / 2 + 0.5);
  context.restore();
}

function outline(
  context: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  palette: Palette,
): void {
  context.strokeStyle = palette.text;
  context.lineWidth = 2;
  context.strokeRect(left + 1, top + 1, Math.max(1, width - 2), LANE - 2);
  context.lineWidth = 1;
}

/** A triangle above each decision, or a tick where triangles would hide each other and what is below. */
function drawMarks(
  context: CanvasRenderingContext2D,
  { marks, window }: Picture,
  palette: Palette,
  scale: number,
): void {
  context.fillStyle = palette.mark;
  const shown = marks.filter(({ at }) => at >= window.from && at <= window.to);
  const lanes = new Set(shown.map(({ lane }) => lane)).size;
  const crowded = shown.length * 9 > lanes * (window.to - window.from) * scale;
  const last = new Map<number, number>();
  for (const { at, lane } of shown) {
    const x = LABELS + (at - window.from) * scale;
    if (x - (last.get(lane) ?? -Infinity) < 3) continue;
    last.set(lane, x);
    const top = laneTop(lane);
    if (crowded) {
      context.fillRect(x - 0.5, top - 2, 1, 6);
      continue;
    }
    context.beginPath();
    context.moveTo(x - 4, top - 2);
    context.lineTo(x + 4, top - 2);
    context.lineTo(x, top + 6);
    context.fill();
  }
}
