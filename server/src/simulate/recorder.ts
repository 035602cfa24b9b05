import type { Value } from '../emit/executor/host.ts';
import type { Scope } from '../semantics/model.ts';
import type { Type } from '../semantics/types.ts';
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

/** What the policy asked for, in the order in which it asked: one entry a decision in each column. */
export interface Decisions {
  /** ns since the start of the trace. */
  readonly t: number[];
  readonly cpu: number[];
  /** Index of the handler. */
  readonly handler: number[];
  readonly asked: Asked[];
  /** Scopes whose state is kept: bits of SHOWN_SCOPES. */
  readonly scopes: number[];
  /** Where its values begin in `values`: an argument each, then the fields of each scope. */
  readonly from: number[];
  readonly values: Value[];
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

export const newRecorder = (mostDecisions: number): Recorder => ({
  decisions: { t: [], cpu: [], handler: [], asked: [], scopes: [], from: [], values: [] },
  mostDecisions,
  asked: [],
  droppedDecisions: 0,
  logs: [],
  droppedLogs: 0,
  unknown: new Map(),
});

/** Puts state of what a decision is about behind its arguments; gives the scopes that it put. */
export type AddState = (values: Value[], about: Value) => number;

/** A function that keeps a decision while there is room: of `args` as many as `what` has parameters. */
export function decisionsOf(
  recorder: Recorder,
  moment: Moment,
  what: Asked,
  addState: AddState,
): (args: readonly Value[]) => void {
  const counted = { what, count: 0 };
  recorder.asked.push(counted);
  const { decisions, mostDecisions } = recorder;
  const { t, cpu, handler, asked, scopes, from, values } = decisions;
  return (args) => {
    counted.count++;
    if (t.length >= mostDecisions) {
      recorder.droppedDecisions++;
      return;
    }
    t.push(moment.t);
    cpu.push(moment.cpu);
    handler.push(moment.handler);
    asked.push(what);
    from.push(values.length);
    for (let i = 0; i < what.params.length; i++) values.push(args[i]);
    scopes.push(addState(values, args[0]));
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
