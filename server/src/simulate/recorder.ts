import type { Value } from '../emit/executor/host.ts';
import type { Scope } from '../semantics/model.ts';
import type { Type } from '../semantics/types.ts';
import { KeptValues } from './kept-values.ts';
import type { Moment } from './moment.ts';

/** What a place in a policy asks for: the same each time it is reached. */
export interface Asked {
  readonly action: string;
  readonly deferred: boolean;
  /** Offset of the statement in the policy; −1: it is the result of the hook itself. */
  readonly start: number;
  /** Its arguments; the first is what it is about. */
  readonly params: readonly { readonly name: string; readonly type: Type }[];
}

/** Whose state is kept with a decision, in this order: a bit each. */
export const SHOWN_SCOPES = ['global', 'vm', 'task', 'vcpu', 'cpu'] as const satisfies readonly Scope[];

/**
 * What the policy asked for, in the order in which it asked: one entry a decision in each column. There is room for all
 * that are kept from the start: a column that grows is written twice.
 */
export interface Decisions {
  length: number;
  /** ns since the start of the trace. */
  readonly t: Float64Array;
  readonly cpu: Uint16Array;
  /** Index of the handler. */
  readonly handler: Int32Array;
  /** Index into `asked` of the recorder. */
  readonly what: Uint16Array;
  /** Scopes whose state is kept: bits of SHOWN_SCOPES. */
  readonly scopes: Uint8Array;
  /** Where its values begin in `values`: an argument each, then the fields of each scope. */
  readonly from: Uint32Array;
  readonly values: KeptValues;
}

/** A value in JSON: numbers beyond 2^53 and everything that is no number as text. */
export type Plain = number | boolean | string | null | readonly Plain[];

export interface RawLog {
  readonly t: number;
  readonly cpu: number;
  readonly handler: number;
  readonly start: number;
  readonly text: string;
}

/** What a replay remembers, within bounds; what is beyond is counted. */
export interface Recorder {
  readonly decisions: Decisions;
  readonly mostDecisions: number;
  /** How often each place asked, beyond the bound too. */
  readonly asked: { readonly what: Asked; count: number }[];
  droppedDecisions: number;
  readonly logs: RawLog[];
  droppedLogs: number;
  /** What the policy read that the trace does not tell, with what was taken instead. */
  readonly unknown: Map<string, string>;
}

const MOST_LOGS = 1000;
/** Values that a decision has at least, mostly: there is room for so many at the start. */
const USUAL_VALUES = 2;

export const newRecorder = (mostDecisions: number): Recorder => ({
  decisions: {
    length: 0,
    t: new Float64Array(mostDecisions),
    cpu: new Uint16Array(mostDecisions),
    handler: new Int32Array(mostDecisions),
    what: new Uint16Array(mostDecisions),
    scopes: new Uint8Array(mostDecisions),
    from: new Uint32Array(mostDecisions),
    values: new KeptValues(USUAL_VALUES * mostDecisions),
  },
  mostDecisions,
  asked: [],
  droppedDecisions: 0,
  logs: [],
  droppedLogs: 0,
  unknown: new Map(),
});

/** Puts state of what a decision is about behind its arguments; gives the scopes that it put. */
export type AddState = (values: KeptValues, about: Value) => number;

/**
 * A function that keeps a decision while there is room: an argument for each parameter of `what`, the last of which is
 * the result where that `answers`.
 */
export function decisionsOf(
  recorder: Recorder,
  moment: Moment,
  what: Asked,
  addState: AddState,
  answers = false,
): (args: readonly Value[], result?: Value) => void {
  const counted = { what, count: 0 };
  const index = recorder.asked.push(counted) - 1;
  const { decisions, mostDecisions } = recorder;
  const { values } = decisions;
  const given = what.params.length - (answers ? 1 : 0);
  return (args, result) => {
    counted.count++;
    const at = decisions.length;
    if (at >= mostDecisions) {
      recorder.droppedDecisions++;
      return;
    }
    decisions.length = at + 1;
    decisions.t[at] = moment.t;
    decisions.cpu[at] = moment.cpu;
    decisions.handler[at] = moment.handler;
    decisions.what[at] = index;
    decisions.from[at] = values.length;
    for (let i = 0; i < given; i++) values.push(args[i]);
    if (answers) values.push(result);
    decisions.scopes[at] = addState(values, args[0]);
  };
}

/** How often each action was asked for. */
export function actionCounts({ asked }: Recorder): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { what, count } of asked)
    if (count > 0) counts.set(what.action, (counts.get(what.action) ?? 0) + count);
  return counts;
}

export function recordLog(recorder: Recorder, make: () => RawLog): void {
  if (recorder.logs.length < MOST_LOGS) recorder.logs.push(make());
  else recorder.droppedLogs++;
}

/** A value as JSON can hold it. */
export function plain(value: Value): Plain {
  switch (typeof value) {
    case 'bigint':
      return String(value);
    case 'undefined':
      return null;
    case 'object':
      return value.map(plain);
    default:
      return value;
  }
}
