import type { Value } from '../emit/executor/host.ts';

/** What the policy asked for, as it asked. */
export interface RawDecision {
  readonly row: number;
  /** ns since the start of the trace. */
  readonly t: number;
  readonly cpu: number;
  /** Index of the handler. */
  readonly handler: number;
  /** Offset of the statement in the policy. */
  readonly start: number;
  readonly action: string;
  readonly deferred: boolean;
  readonly target: Target;
  readonly args: Readonly<Record<string, Plain>>;
  /** `args` for people: `class: FIFO, prio: 8, for: 5ms`. */
  readonly words: string;
  /** State of the target, and global state, when it was asked for. */
  readonly state: Readonly<Record<string, Plain>>;
}

/** What an action is about. */
export type Target =
  | { readonly kind: 'thread'; readonly tid: number }
  | { readonly kind: 'vm'; readonly vm: number }
  | { readonly kind: 'cpu'; readonly cpu: number }
  | { readonly kind: 'event'; readonly name: string }
  | { readonly kind: 'queue'; readonly name: string };

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
  readonly decisions: RawDecision[];
  readonly mostDecisions: number;
  /** How often each action was asked for, beyond the bound too. */
  readonly actions: Map<string, number>;
  droppedDecisions: number;
  readonly logs: RawLog[];
  droppedLogs: number;
  /** What the policy read that the trace does not tell, with what was taken instead. */
  readonly unknown: Map<string, string>;
}

const MOST_LOGS = 1000;

export const newRecorder = (mostDecisions: number): Recorder => ({
  decisions: [],
  mostDecisions,
  actions: new Map(),
  droppedDecisions: 0,
  logs: [],
  droppedLogs: 0,
  unknown: new Map(),
});

/** Keeps a decision; `make` runs only while there is room. */
export function recordDecision(recorder: Recorder, action: string, make: () => RawDecision): void {
  recorder.actions.set(action, (recorder.actions.get(action) ?? 0) + 1);
  if (recorder.decisions.length < recorder.mostDecisions) recorder.decisions.push(make());
  else recorder.droppedDecisions++;
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
