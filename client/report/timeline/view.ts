import type { TimelineOf } from '../../../server/src/lsp/protocol.ts';
import { el } from '../dom.ts';
import { palette } from '../theme.ts';
import { Schedule, type Picked } from './schedule.ts';
import { panned, within, zoomed, type Window } from './window.ts';

/** What happens outside of the picture when something in it is chosen. */
export interface Chosen {
  readonly decision: (schedule: string, index: number) => void;
}

/** The schedules below each other on one axis of time, with everything that mouse and keyboard do to them. */
export class TimelineView {
  readonly element = el('div', { class: 'timeline' });
  readonly schedules: readonly Schedule[];
  private window: Window;
  private readonly end: number;
  private readonly chosen: Chosen;
  private readonly said = el('p', { class: 'said', 'aria-live': 'polite' }, HINT);
  private pending = false;

  constructor(sources: readonly TimelineOf[], chosen: Chosen) {
    this.chosen = chosen;
    this.schedules = sources.map((source) => new Schedule(source));
    this.end = Math.max(1, ...this.schedules.map(({ length }) => length));
    this.window = { from: 0, to: this.end };
    this.element.append(this.toolbar(), this.said);
    for (const schedule of this.schedules) {
      const holder = el('div', { class: 'schedule' }, schedule.canvas);
      this.element.append(el('figure', {}, el('figcaption', {}, schedule.title), holder));
      this.listen(schedule);
      new ResizeObserver(() => this.repaint()).observe(holder);
    }
  }

  /** Shows `[from, to]` ns with some room around it. */
  show({ from, to }: Window): void {
    const room = Math.max(10_000, (to - from) * 2);
    this.go(within({ from: from - room, to: to + room }, this.end));
  }

  repaint(): void {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      const colours = palette();
      for (const schedule of this.schedules) schedule.paint(this.window, colours);
    });
  }

  private go(window: Window): void {
    this.window = window;
    this.repaint();
  }

  private zoom(factor: number, at = (this.window.from + this.window.to) / 2): void {
    this.go(zoomed(this.window, factor, at, this.end));
  }

  private pan(part: number): void {
    this.go(panned(this.window, part, this.end));
  }

  private say(text: string): void {
    this.said.textContent = text;
  }

  private toolbar(): HTMLElement {
    const button = (label: string, title: string, act: () => void): HTMLElement =>
      el('button', { type: 'button', title, 'aria-label': title, click: act }, label);
    return el(
      'div',
      { class: 'toolbar', role: 'toolbar', 'aria-label': 'Timeline' },
      button('−', 'Zoom out (minus or S)', () => this.zoom(0.5)),
      button('+', 'Zoom in (plus or W)', () => this.zoom(2)),
      button('←', 'Earlier (left arrow or A)', () => this.pan(-0.5)),
      button('→', 'Later (right arrow or D)', () => this.pan(0.5)),
      button('All', 'Show everything (0)', () => this.go({ from: 0, to: this.end })),
      el('span', { class: 'legend' }, el('i', { class: 'wait' }), 'runnable, waits for a CPU'),
      el('span', { class: 'legend' }, el('i', { class: 'other' }), 'threads of no VM'),
      el('span', { class: 'legend' }, '▾ a decision of the policy'),
    );
  }

  private listen(schedule: Schedule): void {
    const { canvas } = schedule;
    canvas.addEventListener('wheel', (event) => this.onWheel(schedule, event), { passive: false });
    canvas.addEventListener('keydown', (event) => {
      if (this.onKey(schedule, event)) event.preventDefault();
    });
    let drag: { readonly x: number; readonly window: Window; moved: boolean } | undefined;
    canvas.addEventListener('pointerdown', (event) => {
      drag = { x: event.offsetX, window: this.window, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!drag) return this.hover(schedule, event);
      if (Math.abs(event.offsetX - drag.x) > 3) drag.moved = true;
      if (!drag.moved) return;
      const by = schedule.timeAt(drag.x, drag.window) - schedule.timeAt(event.offsetX, drag.window);
      this.go(within({ from: drag.window.from + by, to: drag.window.to + by }, this.end));
    });
    canvas.addEventListener('pointerup', (event) => {
      if (drag && !drag.moved) this.click(schedule, event);
      drag = undefined;
    });
    canvas.addEventListener('pointercancel', () => (drag = undefined));
    canvas.addEventListener('dblclick', () => {
      if (schedule.selected) this.show(schedule.spanOf(schedule.selected));
    });
  }

  private onWheel(schedule: Schedule, event: WheelEvent): void {
    const { deltaX, deltaY, ctrlKey, shiftKey, offsetX } = event;
    if (ctrlKey || event.metaKey) {
      this.zoom(Math.exp(-deltaY / 200), schedule.timeAt(offsetX, this.window));
    } else if (shiftKey || Math.abs(deltaX) > Math.abs(deltaY)) {
      this.pan((deltaX || deltaY) / 1000);
    } else return;
    event.preventDefault();
  }

  private hover(schedule: Schedule, { offsetX, offsetY }: PointerEvent): void {
    const decision = schedule.decisionAt(offsetX, offsetY, this.window);
    const lane = schedule.laneAt(offsetY);
    const slice = lane === undefined ? undefined : schedule.pick(lane, schedule.timeAt(offsetX, this.window));
    schedule.canvas.title =
      decision === undefined ? (slice ? schedule.describe(slice) : '') : decisionText(schedule, decision);
  }

  private click(schedule: Schedule, { offsetX, offsetY }: PointerEvent): void {
    const decision = schedule.decisionAt(offsetX, offsetY, this.window);
    if (decision !== undefined) {
      this.say(decisionText(schedule, decision));
      return this.chosen.decision(schedule.title, decision);
    }
    const lane = schedule.laneAt(offsetY);
    if (lane !== undefined) this.select(schedule, schedule.pick(lane, schedule.timeAt(offsetX, this.window)));
  }

  private select(schedule: Schedule, picked: Picked | undefined): void {
    for (const other of this.schedules) other.selected = undefined;
    schedule.selected = picked;
    this.say(picked ? `${schedule.title}: ${schedule.describe(picked)}` : HINT);
    this.repaint();
  }

  /** Goes to the slice `by` places on in the row, and brings it into view. */
  private step(schedule: Schedule, by: number): void {
    const { selected } = schedule;
    const lane = selected?.lane ?? 0;
    const size = schedule.lanes[lane]?.from.length ?? 0;
    const slice = Math.min(size - 1, Math.max(0, (selected?.slice ?? -1) + by));
    if (slice < 0) return;
    this.select(schedule, { lane, slice });
    const { from, to } = schedule.spanOf({ lane, slice });
    if (from < this.window.from || to > this.window.to) {
      const width = Math.max(this.window.to - this.window.from, 2 * (to - from));
      this.go(within({ from: (from + to - width) / 2, to: (from + to + width) / 2 }, this.end));
    }
  }

  private changeLane(schedule: Schedule, by: number): void {
    const lane = Math.min(schedule.lanes.length - 1, Math.max(0, (schedule.selected?.lane ?? -by) + by));
    const middle = (this.window.from + this.window.to) / 2;
    const at = schedule.selected ? schedule.spanOf(schedule.selected).from : middle;
    this.select(schedule, schedule.pick(lane, at) ?? { lane, slice: 0 });
  }

  /** True where the key means something here. */
  private onKey(schedule: Schedule, { key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (ctrlKey || metaKey || altKey) return false;
    const act = KEYS[key.toLowerCase()];
    if (!act) return false;
    act({
      zoom: (factor) => this.zoom(factor),
      pan: (part) => this.pan(part),
      all: () => this.go({ from: 0, to: this.end }),
      step: (by) => this.step(schedule, by),
      lane: (by) => this.changeLane(schedule, by),
      focus: () => {
        if (schedule.selected) this.show(schedule.spanOf(schedule.selected));
      },
    });
    return true;
  }
}

const HINT =
  'Control and wheel zooms, dragging moves, a click tells what a slice is; a click on ▾ goes to the line of the policy.';

interface Moves {
  readonly zoom: (factor: number) => void;
  readonly pan: (part: number) => void;
  readonly all: () => void;
  readonly step: (by: number) => void;
  readonly lane: (by: number) => void;
  readonly focus: () => void;
}

const KEYS: Readonly<Record<string, ((moves: Moves) => void) | undefined>> = {
  '+': ({ zoom }) => zoom(2),
  '=': ({ zoom }) => zoom(2),
  w: ({ zoom }) => zoom(2),
  '-': ({ zoom }) => zoom(0.5),
  s: ({ zoom }) => zoom(0.5),
  arrowleft: ({ pan }) => pan(-0.2),
  a: ({ pan }) => pan(-0.2),
  arrowright: ({ pan }) => pan(0.2),
  d: ({ pan }) => pan(0.2),
  '0': ({ all }) => all(),
  arrowup: ({ lane }) => lane(-1),
  arrowdown: ({ lane }) => lane(1),
  ',': ({ step }) => step(-1),
  '.': ({ step }) => step(1),
  f: ({ focus }) => focus(),
};

function decisionText(schedule: Schedule, index: number): string {
  const decision = schedule.decisions[index];
  if (!decision) return '';
  const { action, deferred, target, words, line, time } = decision;
  return `line ${line}: ${deferred ? 'defer ' : ''}${action} ${target} (${words}) at ${time}`;
}
