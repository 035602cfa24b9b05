import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { showValue } from '../emit/executor/show.ts';
import { canonical } from '../emit/executor/number.ts';
import type { ParamDef, Program } from '../ir/ir.ts';
import { parseSetting, parseValue } from './params.ts';

/** A param and the values that it is to have, as a policy writes them. */
export interface Axis {
  readonly param: string;
  readonly values: readonly string[];
}

/** More points than this are a mistake in the step. */
export const MOST_POINTS = 100_000;

/**
 * Reads `name=1..20`, `name=1..20:2`, `name=1ms,2ms,5ms`: the range with both its ends, in steps of 1 where no step is
 * given. A string says what is wrong.
 */
export function parseAxis(program: Program, text: string): Axis | Diagnostic | string {
  const at = text.indexOf('=');
  if (at < 0) return `a sweep is NAME=FROM..TO, NAME=FROM..TO:STEP or NAME=VALUE,VALUE, not '${text}'`;
  const param = text.slice(0, at).trim();
  const written = text.slice(at + 1).trim();
  const range = /^(.+?)\.\.(.+?)(?::(.+))?$/.exec(written);
  const values = range
    ? [range[1]!.trim(), range[2]!.trim()]
    : written.split(',').map((value) => value.trim());
  for (const value of values) {
    const setting = parseSetting(program, `${param}=${value}`);
    if ('code' in setting) return setting;
  }
  const definition = program.params.find(({ name }) => name === param)!;
  if (!range) return { param, values };
  const expanded = expand(program, definition, values[0]!, values[1]!, range[3]?.trim());
  return typeof expanded === 'string' ? expanded : { param, values: expanded };
}

function expand(
  program: Program,
  definition: ParamDef,
  from: string,
  to: string,
  step: string | undefined,
): readonly string[] | string {
  const { name, type } = definition;
  const read = (text: string): bigint | undefined => {
    const value = parseValue(text, type, program);
    return typeof value === 'bigint' ? value : undefined;
  };
  const [lo, hi] = [read(from), read(to)];
  const by = step === undefined ? 1n : read(step);
  if (lo === undefined || hi === undefined)
    return `${name} has no range; list its values: ${name}=${from},${to}`;
  if (by === undefined || by <= 0n) return `'${step}' is no step for ${name}`;
  if (hi < lo) return `the range of ${name} is empty: ${from} is more than ${to}`;
  const count = (hi - lo) / by + 1n;
  if (count > BigInt(MOST_POINTS))
    return `${name} would have ${count} values; give a step: ${name}=${from}..${to}:STEP`;
  return Array.from({ length: Number(count) }, (_, i) =>
    writtenAs(lo + by * BigInt(i), definition, program, read),
  );
}

/** A value as a policy writes it, exactly. */
function writtenAs(
  value: bigint,
  { type }: ParamDef,
  program: Program,
  read: (text: string) => bigint | undefined,
): string {
  const shown = showValue(canonical(value), type, program);
  if (read(shown) === value) return shown;
  return type.kind === 'int' && type.unit === 'duration' ? `${value}ns` : String(value);
}

/** Points of the grid: the last axis changes fastest. */
export const pointsOf = (axes: readonly Axis[]): number =>
  axes.reduce((count, { values }) => count * values.length, 1);

/** The settings of point `index`, one an axis. */
export function pointAt(axes: readonly Axis[], index: number): readonly string[] {
  const settings: string[] = [];
  let rest = index;
  for (const { param, values } of axes.toReversed()) {
    settings.unshift(`${param}=${values[rest % values.length]!}`);
    rest = Math.floor(rest / values.length);
  }
  return settings;
}

/** What a sweep looks at: a figure, and whether less or more of it is better; undefined: neither. */
export interface Objective {
  readonly name: string;
  readonly unit: 'ns' | 'count' | 'ratio';
  readonly better: 'less' | 'more' | null;
}

/** What came of one point of the grid. */
export interface Point {
  readonly index: number;
  readonly settings: readonly string[];
  /** One an objective; null: there is no such figure. */
  readonly values: readonly (number | null)[];
  /** Do all expectations and invariants hold? */
  readonly ok: boolean;
  readonly ejected: boolean;
}

/** A sweep, or a shard of one. */
export interface Sweep {
  readonly version: 1;
  readonly policy: string;
  readonly scenario: string | null;
  readonly trace: { readonly file: string; readonly events: number };
  readonly axes: readonly Axis[];
  /** Which points were run: those whose index is `index` modulo `count`. */
  readonly shard: { readonly index: number; readonly count: number };
  readonly objectives: readonly Objective[];
  readonly points: readonly Point[];
  /** Indices of the points that no other is better than: in no objective worse, in one better. */
  readonly pareto: readonly number[];
}

/** The points that no other point dominates; thrown out or without a figure they are no candidates. */
export function paretoFront(objectives: readonly Objective[], points: readonly Point[]): readonly number[] {
  const aims = objectives.flatMap(({ better }, i) => (better === null ? [] : [{ i, better }]));
  if (aims.length === 0) return [];
  const candidates = points.filter(
    ({ ejected, values }) => !ejected && aims.every(({ i }) => values[i] !== null),
  );
  const gain = (a: Point, b: Point, { i, better }: (typeof aims)[number]): number =>
    (a.values[i]! - b.values[i]!) * (better === 'less' ? -1 : 1);
  const dominates = (a: Point, b: Point): boolean =>
    aims.every((aim) => gain(a, b, aim) >= 0) && aims.some((aim) => gain(a, b, aim) > 0);
  return candidates
    .filter((point) => !candidates.some((other) => dominates(other, point)))
    .map(({ index }) => index);
}

/** Joins shards of one sweep; a string says why they are none. */
export function mergeSweeps(shards: readonly Sweep[]): Sweep | string {
  const [first] = shards;
  if (!first) return 'there is nothing to merge';
  const identity = ({ policy, scenario, trace, axes, objectives }: Sweep): string =>
    JSON.stringify([policy, scenario, trace.events, axes, objectives]);
  const other = shards.find((shard) => identity(shard) !== identity(first));
  if (other)
    return 'they are of different sweeps: policy, scenario, trace, axes and objectives must be the same';
  const byIndex = new Map<number, Point>();
  for (const point of shards.flatMap(({ points }) => points)) {
    const known = byIndex.get(point.index);
    if (known && JSON.stringify(known) !== JSON.stringify(point))
      return `point ${point.index} (${point.settings.join(' ')}) is there twice, with different figures`;
    byIndex.set(point.index, point);
  }
  const total = pointsOf(first.axes);
  if (byIndex.size < total) {
    const missing = Array.from({ length: total }, (_, i) => i).filter((i) => !byIndex.has(i));
    return `${missing.length} of ${total} points are missing, the first is ${missing[0]} (${pointAt(first.axes, missing[0]!).join(' ')})`;
  }
  const points = [...byIndex.values()].toSorted((a, b) => a.index - b.index);
  return { ...first, shard: { index: 0, count: 1 }, points, pareto: paretoFront(first.objectives, points) };
}
