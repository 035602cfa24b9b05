import type { Ident } from '../../../../grammar/ast.ts';
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Condition } from './conditions.ts';

interface Fact {
  readonly value: boolean;
  readonly condition: Condition;
}

/** One decision on the way, with those before it: the condition and how it turned out. */
export interface Turn {
  readonly span: Span;
  readonly holds: boolean;
  readonly before: Turn | undefined;
}

/** What is known on one path through a body. */
export interface PathState {
  /** Insertions of the task so far: certainly, and possibly (of a task that may be it). At most 2. */
  readonly least: number;
  readonly most: number;
  /** Where the second insertion is. */
  readonly second: Span | undefined;
  readonly facts: ReadonlyMap<string, Fact>;
  readonly turn: Turn | undefined;
}

export const START: PathState = { least: 0, most: 0, second: undefined, facts: new Map(), turn: undefined };

/** Paths are taken apart no further than this; beyond, nothing is said of the body. */
const MOST_PATHS = 400;

/** Thrown where a body has more paths than can be looked at; the rule then stays silent. */
export class TooManyPaths extends Error {}

/** After an insertion at `span`; `sure` where it certainly is of the task. */
export function inserted(state: PathState, span: Span, sure: boolean, times = 1): PathState {
  if (times === 0) return state;
  const least = sure ? Math.min(2, state.least + times) : state.least;
  const most = Math.min(2, state.most + times);
  const second = state.second ?? (least === 2 ? span : undefined);
  return { ...state, least, most, second };
}

/** What the path knows of a condition; undefined: nothing. */
export const known = (state: PathState, condition: Condition | undefined): boolean | undefined => {
  const fact = condition && state.facts.get(condition.key);
  return fact && fact.value === condition.positive;
};

/** The path on which the condition turned out so. */
export function assume(
  state: PathState,
  condition: Condition | undefined,
  holds: boolean,
  span: Span | undefined,
): PathState {
  const turn = span === undefined ? state.turn : { span, holds, before: state.turn };
  if (condition === undefined) return { ...state, turn };
  const facts = new Map(state.facts).set(condition.key, { value: holds === condition.positive, condition });
  return { ...state, facts, turn };
}

/** Forgets what depends on a local that has changed. */
export const changed = (state: PathState, local: Ident): PathState =>
  forget(state, ({ locals }) => locals.includes(local));

/** Forgets what depends on anything that a call or a store may have changed. */
export const disturbed = (state: PathState): PathState => forget(state, ({ stable }) => !stable);

function forget(state: PathState, gone: (condition: Condition) => boolean): PathState {
  const left = [...state.facts].filter(([, { condition }]) => !gone(condition));
  return left.length === state.facts.size ? state : { ...state, facts: new Map(left) };
}

/** Paths that know and did the same go on as one. */
export function merge(states: readonly PathState[]): readonly PathState[] {
  if (states.length < 2) return states;
  const seen = new Map<string, PathState>();
  for (const state of states) {
    const key = `${state.least} ${state.most}${state.facts.size === 0 ? '' : factsKey(state)}`;
    if (!seen.has(key)) seen.set(key, state);
  }
  if (seen.size > MOST_PATHS) throw new TooManyPaths();
  return [...seen.values()];
}

const factsKey = ({ facts }: PathState): string =>
  [...facts]
    .map(([key, { value }]) => ` ${key}=${value}`)
    .toSorted()
    .join('');
