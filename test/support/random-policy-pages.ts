import type { Choices } from './random-choices.ts';
import { scalarsOf, type Named, type Scalar, type Scope } from './random-policy-expressions.ts';
import { lifeFrom } from './random-policy-life.ts';
import { braced, functionsFrom, joined, usesOf, type RandomSide } from './random-policy-parts.ts';
import { stateFrom, stateText, type Stored } from './random-policy-state.ts';
import { body } from './random-policy-statements.ts';

/** What host and guest tell each other. */
export interface Pages {
  readonly text: string;
  readonly hints: readonly Named[];
  readonly feedback: readonly Named[];
  /** The pages of vCPUs, as the host has them: it reads hints, and writes feedback too. */
  readonly ofHost: readonly Stored[];
}

const SHARED: readonly Scalar[] = [
  'bool', 'u64', 'u8', 'u16', 'u32', 's64', 's8', 's32', 'duration', 'ratio', 'Mode', 'nice',
]; // prettier-ignore

/** Pages that host and guest share; none where there is no guest. */
export function pagesFrom(c: Choices): Pages {
  const fields = (prefix: string): Named[] =>
    Array.from({ length: c.below(4) }, (_, i) => ({ text: `${prefix}${i}`, type: c.pick(SHARED) }));
  const hints = fields('h').filter(({ type }) => type !== 'nice');
  const feedback = fields('b');
  const one = (page: string, all: readonly Named[]): string =>
    all.length === 0 ? '' : braced(`shared ${page}`, lines(all));
  const kept = ({ text, type }: Named): Stored => ({
    ...{ owner: 'vcpu', type, max: 0 },
    ...{ name: `feedback.${text}`, kind: 'scalar' },
  });
  return {
    text: joined([one('hint', hints), one('feedback', feedback)]),
    hints,
    feedback,
    ofHost: [
      ...hints.map(({ text, type }): Stored => ({
        ...{ owner: 'vcpu', type, max: 0 },
        ...{ name: `hint.${text}`, kind: 'hint' },
      })),
      ...feedback.map(kept),
    ],
  };
}

const lines = (fields: readonly Named[]): string =>
  fields.map(({ text, type }) => `    ${text}: ${type}`).join('\n');

/** Tracepoints of a guest's kernel, with the numbers that they tell. */
const HOOKS = [
  { head: 'on tracepoint irq:softirq_entry(vec)', value: { text: '(vec as u64)', type: 'u64' } },
  { head: 'on tracepoint irq:softirq_exit(vec)', value: { text: '(vec as u64)', type: 'u64' } },
  { head: 'on tracepoint sched:sched_switch(preempt, prev, next)', value: { text: 'prev.pid', type: 'u32' } },
] as const;

/** The guest's part: it reads what the host tells it, and writes hints in its tracepoints. `base` has what is fixed. */
export function guestFrom(
  c: Choices,
  base: Scope,
  { hints, feedback }: Pages,
): RandomSide & { readonly text: string } {
  const own = (page: string, all: readonly Named[]): Named[] =>
    all.map(({ text, type }) => ({ text: `${page}.${text}`, type }));
  const told = [...own('hint', hints), ...own('feedback', feedback)];
  const scope: Scope = { ...base, values: [...base.values, ...told], tables: [], guest: true };
  const state = [
    ['', stateFrom(c, '', 4, 'n', scalarsOf(scope))],
    ['task', stateFrom(c, 'task', 2, 'nt', scalarsOf(scope))],
  ] as const;
  const stored: Stored[] = [
    ...state.flatMap(([, fields]) => fields),
    ...(c.flip() ? [{ owner: '', name: 'seen0', kind: 'counter', type: 'u64', max: 0 } as const] : []),
  ];
  const written = own('hint', hints).map(({ text, type }): Stored => ({
    ...{ owner: '', type, max: 0 },
    ...{ name: text, kind: 'scalar' },
  }));
  const made = functionsFrom(c, scope, stored, undefined, ['gun', 'gread']);
  const life = lifeFrom(c, made.scope, stored, undefined);
  const hook = c.pick(HOOKS);
  const values = [...scope.values, hook.value];
  const inHook = { ...made.scope, values, clock: true };
  const calls = usesOf(c, [...made.functions, ...made.readers], []);
  const text = [
    ...state.map(([owner, fields]) => stateText(owner, fields)),
    stored.some(({ kind }) => kind === 'counter') ? 'counter seen0' : '',
    made.text,
    braced(hook.head, body(c, inHook, [...stored, ...written], undefined, { leave: 'return' }, calls)),
    life.text,
  ];
  return { ...made, text: braced('guest', joined(text)), stored, blocks: life.blocks };
}
