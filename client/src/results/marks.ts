import type { SimulationReport } from '../../../server/src/lsp/protocol.ts';
import { count, duration, figure, plural } from '../../figures.ts';
import { unmatched } from './ways.ts';
import { effectName, effectsOf, effectText, largest } from './effects.ts';

/** What a run found about one line of a policy. */
export interface LineMark {
  /** From 1. */
  readonly line: number;
  readonly parts: readonly MarkPart[];
  /** Statements begin here and none ever ran. */
  readonly neverRan: boolean;
}

export interface MarkPart {
  readonly kind: 'hook' | 'hits' | 'action' | 'value' | 'passed' | 'failed' | 'open';
  readonly text: string;
}

/** The newest run of a policy, the other scenarios of the same text, and the values that took the place of the policy's. */
export interface Run {
  readonly report: SimulationReport;
  readonly others: readonly SimulationReport[];
  readonly params: Readonly<Record<string, string>>;
  /** It is of the first part of a trace, and the whole is still at work. */
  readonly partial: boolean;
}

/** What stands after each line, in the order of the lines. `lineOf`: where params and scenarios are declared, and `policy`. */
export function lineMarks(
  { report, others, params, partial }: Run,
  lineOf: ReadonlyMap<string, number>,
): readonly LineMark[] {
  const { replay } = report;
  const parts = new Map<number, MarkPart[]>();
  const add = (line: number, kind: MarkPart['kind'], text: string): void =>
    void parts.set(line, [...(parts.get(line) ?? []), { kind, text }]);
  for (const { line, fired } of replay.hooks)
    add(line, 'hook', fired > 0 ? `fired ${times(fired)}` : partial ? 'not fired yet' : 'never fired');
  const ran = new Map(replay.lines.map(({ line, hits }) => [line, hits]));
  const actions = actionsByLine(replay);
  const none = new Map(replay.branches.map((branch) => [branch.line, unmatched(branch)]));
  for (const [line, hits] of ran) {
    const told = actions.get(line);
    // Of a block that never ran, the first line says so; the others are dimmed.
    if (hits === 0 && !partial && ran.get(previous(ran, line)) !== 0) add(line, 'hits', 'never ran');
    // An action that is all of a line was asked for as often as the line ran.
    const missed = none.get(line) ?? 0;
    if (hits > 0 && told?.count !== hits)
      add(line, 'hits', `${times(hits)}${missed > 0 ? `, ${times(missed)} no arm` : ''}`);
  }
  for (const [line, { text }] of actions) add(line, 'action', text);
  for (const one of [report, ...others]) {
    for (const expectation of one.expectations)
      if (partial) add(expectation.line, 'open', '… running');
      else add(expectation.line, verdictKind(expectation.ok), verdict(expectation));
    for (const { line, ok, violations } of one.replay.invariants)
      if (partial && ok) add(line, 'open', '… held so far');
      else add(line, verdictKind(ok), ok ? '✓ always held' : `✗ broken ${times(violations.length)}`);
  }
  for (const [name, value] of Object.entries(params)) {
    const line = lineOf.get(name);
    if (line !== undefined) add(line, 'value', `simulated with ${value}`);
  }
  const header = lineOf.get('policy');
  const verdicts = [report, ...others].flatMap((one) =>
    [...one.expectations, ...one.replay.invariants].map(({ ok }) => ok),
  );
  if (!partial && header !== undefined && verdicts.length > 0)
    add(header, verdictKind(overall(verdicts)), tally(verdicts));
  for (const one of [report, ...others]) {
    const line = lineOf.get(one.scenario ?? 'policy');
    if (line === undefined) continue;
    for (const effect of largest(effectsOf(one), 2))
      add(line, 'value', `${effectName(effect)} ${effectText(effect)}`);
  }
  const lines = new Set([...parts.keys(), ...ran.keys()]);
  return [...lines]
    .toSorted((a, b) => a - b)
    .map((line) => ({ line, parts: parts.get(line) ?? [], neverRan: !partial && ran.get(line) === 0 }));
}

/** One that fails is what counts; else one that stays open. */
const overall = (verdicts: readonly (boolean | null)[]): boolean | null =>
  verdicts.includes(false) ? false : verdicts.includes(null) ? null : true;

/** `✓ 3 of 3 hold`, `✗ 1 of 3 fails` */
function tally(verdicts: readonly (boolean | null)[]): string {
  const of = (wanted: boolean): number => verdicts.filter((ok) => ok === wanted).length;
  const failed = of(false);
  if (failed > 0) return `✗ ${failed} of ${verdicts.length} ${failed === 1 ? 'fails' : 'fail'}`;
  return `${verdicts.includes(null) ? '?' : '✓'} ${of(true)} of ${verdicts.length} hold`;
}

const times = (number: number): string => `${count(number)}×`;

/** The nearest line above on which a statement begins; 0 where there is none. */
function previous(lines: ReadonlyMap<number, number>, line: number): number {
  for (let above = line - 1; above > 0; above--) if (lines.has(above)) return above;
  return 0;
}

type Replay = SimulationReport['replay'];
type Decision = Replay['decisions'][number];

/** `boost 120× on 3 threads, 54.3 ms in all`, by the line that asked, with how many decisions that were. */
function actionsByLine(
  replay: Replay,
): ReadonlyMap<number, { readonly text: string; readonly count: number }> {
  const byLine = groupBy(replay.decisions, ({ line }) => line);
  const text = (decisions: readonly Decision[]): string =>
    [...groupBy(decisions, ({ action }) => action)]
      .map(([action, some]) => `${action} ${atLeast(replay, some.length)} ${effect(replay, some)}`)
      .join(', ');
  return new Map(
    [...byLine].map(([line, decisions]) => [line, { text: text(decisions), count: decisions.length }]),
  );
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Decisions beyond a bound are not told one by one. */
const atLeast = (replay: Replay, number: number): string =>
  replay.decisions_dropped > 0 ? `≥ ${times(number)}` : times(number);

/** On how many, and for boosts for how long in all. */
function effect(replay: Replay, decisions: readonly Decision[]): string {
  const [first] = decisions;
  const targets = new Set(decisions.map(({ target }) => target)).size;
  const thing = first?.tid === null ? 'target' : 'thread';
  const starts = new Set(decisions.map(({ tid, t }) => `${tid} ${t}`));
  const boosted = replay.boosts
    .filter(({ tid, from, to }) => to !== null && starts.has(`${tid} ${from}`))
    .reduce((sum, { from, to }) => sum + ((to ?? from) - from), 0);
  return `on ${plural(targets, thing)}${boosted > 0 ? `, ${duration(boosted)} in all` : ''}`;
}

const verdictKind = (ok: boolean | null): 'passed' | 'failed' | 'open' =>
  ok === null ? 'open' : ok ? 'passed' : 'failed';

/** `✓ 1.2 ms`, `✓ 1.2 ms, baseline 3 ms`, `✗ 5.1 ms`, `? the trace does not tell` */
export function verdict(expectation: SimulationReport['expectations'][number]): string {
  const { ok, measured, baseline, unit, reason } = expectation;
  const mark = ok === null ? '?' : ok ? '✓' : '✗';
  const compared = baseline === null ? '' : `, baseline ${figure(baseline, unit)}`;
  return `${mark} ${reason ?? (measured === null ? 'no value' : `${figure(measured, unit)}${compared}`)}`;
}
