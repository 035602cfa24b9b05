import { availableParallelism } from 'node:os';
import type { Snapshot } from '../pipeline.ts';
import {
  MOST_POINTS,
  paretoFront,
  parseAxis,
  pointAt,
  pointsOf,
  type Axis,
  type Objective,
  type Sweep,
} from '../simulate/sweep.ts';
import type { SimulationOptions } from '../simulation.ts';
import { runPoint, type PointOutcome } from '../sweep.ts';
import type { Trace } from '../trace/columns.ts';
import type { Given, Options } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import type { Progress } from './progress.ts';
import { Refusal } from './refusal.ts';
import { showSweep } from './sweep-text.ts';
import { runInThreads, type SweepInput } from './sweep-threads.ts';
import type { Terminal } from './terminal.ts';

export const SWEEP_OPTIONS = {
  sweep: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUES',
    help: 'run once for each value of a param: 1..20, 1ms..9ms:2ms, 1ms,2ms,5ms; repeated it spans a grid',
  },
  shard: {
    type: 'string',
    value: 'I/N',
    help: 'of a sweep only the points of shard I of N, from 0; `sweep merge` joins the results',
  },
  threads: { type: 'string', value: 'N', help: 'threads that share the points of a sweep (one a CPU)' },
} as const satisfies Options;

/** What a sweep runs with. */
interface Run {
  readonly given: Given;
  readonly terminal: Terminal;
  readonly options: SimulationOptions;
  readonly progress: Progress;
  readonly input: SweepInput;
}

/** Runs a policy once for each point of a grid of params, and tells which points are worth having. */
export async function runSweep(current: Snapshot, trace: Trace, file: string, run: Run): Promise<Exit> {
  const { given, terminal, options, progress, input } = run;
  const axes = axesOf(current, given.texts('sweep'));
  const shard = shardOf(given.text('shard'));
  const total = pointsOf(axes);
  if (total > MOST_POINTS) throw new Refusal(`the sweep has ${total} points; ${MOST_POINTS} are the most`);
  const indices = Array.from({ length: total }, (_, i) => i).filter((i) => i % shard.count === shard.index);
  // Points differ in what becomes of them, so the model judges them unless the replay is asked for.
  const quiet = {
    ...options,
    ...(given.text('mode') === undefined && { mode: 'what-if' as const }),
    progress: () => undefined,
  };
  let done = 0;
  const told = (): void => progress.show(`point ${++done} of ${indices.length}`, done / indices.length);
  const threads = Math.min(threadsOf(given.text('threads')), indices.length);
  const outcomes: PointOutcome[] = [];
  if (threads > 1) {
    outcomes.push(
      ...(await runInThreads(threads, { ...input, path: file, trace, axes }, given, indices, told)),
    );
  } else {
    for (const index of indices) {
      outcomes.push(runPoint(current, trace, file, quiet, axes, index));
      told();
    }
  }
  progress.end();
  const sweep = sweepOf(current, trace, file, options, { axes, shard, indices, outcomes });
  terminal.out(given.flag('json') ? `${JSON.stringify(sweep)}\n` : showSweep(sweep, terminal.paint));
  return EXIT.ok;
}

interface Ran {
  readonly axes: readonly Axis[];
  readonly shard: Sweep['shard'];
  readonly indices: readonly number[];
  readonly outcomes: readonly PointOutcome[];
}

function sweepOf(
  { program }: Snapshot,
  trace: Trace,
  file: string,
  { scenario }: SimulationOptions,
  { axes, shard, indices, outcomes }: Ran,
): Sweep {
  const ran = outcomes.map((outcome, i) => {
    if (typeof outcome !== 'string') return outcome;
    throw new Refusal(`with ${pointAt(axes, indices[i] ?? 0).join(' ')}: ${outcome}`);
  });
  const objectives = (ran[0]?.figures ?? []).map(({ name, unit, better }): Objective => ({
    name,
    unit,
    better,
  }));
  const points = ran.map(({ point }) => point);
  return {
    version: 1,
    policy: program?.name ?? '',
    scenario: scenario?.name.text ?? null,
    trace: { file, events: trace.length },
    axes,
    shard,
    objectives,
    points,
    pareto: paretoFront(objectives, points),
  };
}

export function axesOf({ program }: Snapshot, texts: readonly string[]): readonly Axis[] {
  if (!program) throw new Error('a sweep of a policy with errors');
  const axes = texts.map((text) => {
    const axis = parseAxis(program, text);
    if (typeof axis === 'string') throw new Refusal(axis);
    if ('code' in axis) throw new Refusal(axis.message);
    return axis;
  });
  const twice = axes.find(({ param }, i) => axes.findIndex((axis) => axis.param === param) !== i);
  if (twice) throw new Refusal(`${twice.param} is swept twice`);
  return axes;
}

function shardOf(text: string | undefined): Sweep['shard'] {
  if (text === undefined) return { index: 0, count: 1 };
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match && index < count) return { index, count };
  throw new Refusal(`--shard is I/N with I from 0 to N-1, not '${text}'`);
}

function threadsOf(text: string | undefined): number {
  if (text === undefined) return availableParallelism();
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new Refusal(`--threads is a number from 1 to 999, not '${text}'`);
}
