import type { Choices } from './random-choices.ts';
import type { Scope } from './random-policy-expressions.ts';
import { lifeFrom } from './random-policy-life.ts';
import { guestFrom, pagesFrom } from './random-policy-pages.ts';
import {
  declarationsFrom,
  functionsFrom,
  joined,
  type Functions,
  type RandomPolicy,
} from './random-policy-parts.ts';
import {
  metricsFrom,
  metricsText,
  OWNERS,
  stateFrom,
  stateText,
  type Stored,
} from './random-policy-state.ts';
import type { Ask } from './random-policy-statements.ts';
import { action } from './random-policy-things.ts';

/** What a policy has for every target, while its hooks are written. */
export interface Host extends Functions {
  readonly base: Scope;
  readonly stored: readonly Stored[];
}

/** A tape for each kind of part, so that long ones leave something for the others. */
export interface Tapes {
  readonly main: Choices;
  readonly life: Choices;
  readonly guest: Choices;
}

/** A policy for `target` whose hooks `hooksOf` writes; `asks`: what functions and timers may ask for. */
export function policyFor(
  { main: c, life: second, guest: third }: Tapes,
  target: 'tracing' | 'sched_ext' | 'pvsched',
  hooksOf: (host: Host) => string,
  asks: Ask = action,
): RandomPolicy {
  const { text: declarations, base, fixed, tables } = declarationsFrom(c);
  const state = OWNERS.map((owner) => [owner, stateFrom(c, owner, owner === '' ? 6 : 3)] as const);
  const metrics = metricsFrom(c);
  const pages = pagesFrom(third);
  const stored = [...state.flatMap(([, fields]) => fields), ...metrics, ...pages.ofHost];
  const made = functionsFrom(c, base, stored, asks);
  const hooks = hooksOf({ ...made, base, stored });
  const life = lifeFrom(second, made.scope, stored, asks);
  const guest = third.flip(3) ? guestFrom(third, fixed, pages) : undefined;
  const text = [
    `policy random for ${target}`,
    declarations,
    pages.text,
    ...state.map(([owner, fields]) => stateText(owner, fields)),
    metricsText(metrics),
    made.text,
    hooks,
    life.text,
    guest?.text ?? '',
  ];
  return {
    ...{ text: `${joined(text)}\n`, tables, stored, hints: pages.hints, guest },
    ...{ functions: made.functions, readers: made.readers, blocks: life.blocks },
  };
}
