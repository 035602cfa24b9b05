import type { Trace } from '../../trace/columns.ts';
import type { Sidecar } from '../../trace/sidecar.ts';
import { sorted } from '../quantiles.ts';
import { calibrate, type Calibrated } from './calibrate.ts';
import { choicesOf } from './choices.ts';
import { eventLoops } from './event-loops.ts';
import { Extraction } from './extract.ts';
import { taskOf, type Knowledge } from './infer.ts';
import { kernelOf, type KernelChoice } from './kernel.ts';
import { placementOf } from './placement.ts';
import { placesOf } from './places.ts';
import { searchCostOf } from './search-cost.ts';
import { guessedGroups, toldGroups, type Grouping } from './task-groups.ts';
import { ARRIVAL, POINT, type Demand } from './types.ts';

/** What is known beside the recording. */
export interface Beside {
  readonly sidecar?: Sidecar | undefined;
  readonly kernel?: KernelChoice | undefined;
}

/**
 * What the workload of a recording wanted: bursts of running, what started each and what it did meanwhile. What the
 * recording does not tell comes from its sidecar, else is inferred and noted; groups by `grouping`.
 */
export function extractDemand(trace: Trace, beside: Beside = {}, grouping: Grouping = 'kin'): Demand {
  return extractDemands(trace, beside, [grouping])[0]!;
}

/** The same demand once for each way to guess groups; only the first where the sidecar tells the groups. */
export function extractDemands(
  trace: Trace,
  { sidecar, kernel }: Beside,
  groupings: readonly Grouping[],
): readonly Demand[] {
  const found = new Extraction(trace);
  const calibration = calibrate(trace, sidecar?.kernel.hz ?? undefined);
  const order = byTask(found);
  const choices = choicesOf(trace);
  const { bursts, firstOf } = sortedBursts(found, order, calibration, choices);
  chooseArrivals(found, order, bursts);
  const knowledge: Knowledge = { trace, sidecar, found, startNs: found.startNs };
  const loops = eventLoops(found, order.start, bursts);
  const tasks = found.tasks.map((task) => ({
    ...taskOf(knowledge, task),
    firstBurst: firstOf[task.index]!,
    lastBurst: firstOf[task.index + 1]!,
    cut: task.burst >= 0,
    anyOrder: loops[task.index] === 1,
  }));
  const params = kernelOf(trace.cpus, sidecar, kernel);
  const common = {
    trace,
    cpus: trace.cpus,
    startNs: found.startNs,
    endNs: found.endNs,
    bursts,
    points: sortedPoints(found, order, bursts.pointStart),
    ambientRows: Int32Array.from(found.ambient),
    calibration: { ...calibration, searchNs: searchCostOf(trace) },
    placement: placementOf(trace, choices, sidecar),
    places: placesOf(
      trace,
      found.tasks.map(({ tid }) => tid),
    ),
    recorded: {
      ran: Float64Array.from(found.tasks, ({ ran }) => ran),
      busy: found.busy,
      completed: found.completed,
    },
  };
  const notes = notesOf(found, calibration, sidecar, params.version);
  return (sidecar ? groupings.slice(0, 1) : groupings).map((grouping) => {
    const { groups, of } = sidecar
      ? toldGroups(trace, sidecar, found)
      : guessedGroups(trace, found, grouping);
    return {
      ...common,
      tasks: tasks.map((task, index) => ({ ...task, group: of[index]! })),
      kernel: { ...params, groups },
      groupsGuessed: !sidecar,
      notes: sidecar ? notes : [...notes, groupNote(grouping)],
    };
  });
}

function notesOf(
  found: Extraction,
  calibration: ReturnType<typeof calibrate>,
  sidecar: Sidecar | undefined,
  version: number,
): string[] {
  const notes: string[] = [];
  if (calibration.tickInferred)
    notes.push(`tick: ${calibration.tickNs / 1e6} ms, from the times of preemptions`);
  if (found.missing > 0)
    notes.push(`${found.missing} switches are missing in the recording, their times are guessed`);
  if (sidecar) return notes;
  notes.push(`kernel: ${Math.floor(version / 100)}.${version % 100} with its default slice`);
  notes.push('policies: FIFO below priority 100, else NORMAL; affinities: by name and by where threads stay');
  return notes;
}

function groupNote(grouping: Grouping): string {
  switch (grouping) {
    case 'none':
      return 'groups: none';
    case 'kin':
      return 'groups: threads that make or wake one another, and alike ones without kin, are one each';
    case 'sessions':
      return 'groups: threads that make or wake one another are one each, and all without kin are one';
  }
}

interface Order {
  /** Burst as extracted, by its place. */
  readonly from: Int32Array;
  /** Place by burst as extracted. */
  readonly to: Int32Array;
}

/** The bursts by task, each task's in order of time. */
function byTask(found: Extraction): Order & { readonly start: Int32Array } {
  const start = new Int32Array(found.tasks.length + 1);
  for (const task of found.task) start[task + 1]!++;
  for (let i = 0; i < found.tasks.length; i++) start[i + 1]! += start[i]!;
  const next = start.slice();
  const from = new Int32Array(found.task.length);
  const to = new Int32Array(found.task.length);
  found.task.forEach((task, burst) => {
    const place = next[task]!++;
    from[place] = burst;
    to[burst] = place;
  });
  return { from, to, start };
}

function sortedBursts(
  found: Extraction,
  { from, to, start }: ReturnType<typeof byTask>,
  { costKind, cost }: Calibrated,
  choices: Int8Array,
) {
  const length = from.length;
  const pointStart = new Int32Array(length + 1);
  for (const burst of found.pointBurst) pointStart[to[burst]! + 1]!++;
  for (let i = 0; i < length; i++) pointStart[i + 1]! += pointStart[i]!;
  const bursts = {
    length,
    task: new Int32Array(length),
    demand: new Float64Array(length),
    arrival: new Uint8Array(length),
    when: new Float64Array(length),
    waker: new Int16Array(length),
    costKind: new Int8Array(length).fill(-1),
    cost: new Float64Array(length),
    choice: new Int8Array(length).fill(-1),
    endState: new Uint16Array(length),
    pointStart,
  };
  for (let place = 0; place < length; place++) {
    const burst = from[place]!;
    bursts.task[place] = found.task[burst]!;
    bursts.demand[place] = found.demand[burst]!;
    bursts.arrival[place] = found.arrival[burst]!;
    bursts.when[place] = found.when[burst]!;
    bursts.waker[place] = found.waker[burst]!;
    bursts.endState[place] = found.endState[burst]!;
    const row = found.wakeRow[burst]!;
    if (row < 0) continue;
    bursts.costKind[place] = costKind[row]!;
    bursts.cost[place] = cost[row]!;
    bursts.choice[place] = choices[row]!;
  }
  return { bursts, firstOf: start };
}

function sortedPoints(found: Extraction, { to }: Order, pointStart: Int32Array): Demand['points'] {
  const { length } = found.pointBurst;
  const next = pointStart.slice();
  const points = {
    length,
    at: new Float64Array(length),
    kind: new Uint8Array(length),
    arg: new Int32Array(length),
  };
  found.pointBurst.forEach((burst, i) => {
    const place = next[to[burst]!]!++;
    const kind = found.pointKind[i]!;
    points.at[place] = found.pointAt[i]!;
    points.kind[place] = kind;
    const ofBurst = kind === POINT.wake || kind === POINT.fork || kind === POINT.answer;
    points.arg[place] = ofBurst ? to[found.pointArg[i]!]! : found.pointArg[i]!;
  });
  return points;
}

/**
 * A task that nobody of the recording wakes either waits for a time (a periodic timer: the intervals between its
 * wake-ups vary less than its sleeps) or for a while (a sleep after its work, an answer): whichever it does mostly.
 */
function chooseArrivals(
  found: Extraction,
  { from, start }: ReturnType<typeof byTask>,
  bursts: Demand['bursts'],
): void {
  for (let task = 0; task < found.tasks.length; task++) {
    const slept: number[] = [];
    const intervals: number[] = [];
    let before = NaN;
    for (let place = start[task]!; place < start[task + 1]!; place++) {
      const burst = from[place]!;
      const at = found.wokenAt[burst]!;
      if (bursts.arrival[place] === ARRIVAL.absolute && !Number.isNaN(found.slept[burst]!)) {
        slept.push(found.slept[burst]!);
        if (!Number.isNaN(before)) intervals.push(at - before);
      }
      before = at;
    }
    if (slept.length < 3 || intervals.length < 2 || spread(intervals) <= spread(slept)) continue;
    for (let place = start[task]! + 1; place < start[task + 1]!; place++) {
      const burst = from[place]!;
      if (bursts.arrival[place] !== ARRIVAL.absolute || Number.isNaN(found.slept[burst]!)) continue;
      bursts.arrival[place] = ARRIVAL.relative;
      bursts.when[place] = found.slept[burst]!;
    }
  }
}

/** Distance between the quartiles: a few outliers do not matter. */
function spread(values: readonly number[]): number {
  const ascending = sorted(values);
  return ascending[Math.floor(0.75 * ascending.length)]! - ascending[Math.floor(0.25 * ascending.length)]!;
}
