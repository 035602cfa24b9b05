import type { Choices } from './random-choices.ts';
import type { Scope } from './random-policy-expressions.ts';
import { braced, joined } from './random-policy-parts.ts';
import type { Stored } from './random-policy-state.ts';
import { body, type Ask } from './random-policy-statements.ts';

const PERIODS = ['10ms', '1s', '100us', '7777777ns', '10ms'] as const;

/** Timers, and what runs once at the start and at the end. */
export function lifeFrom(
  c: Choices,
  scope: Scope,
  stored: readonly Stored[],
  asks: Ask | undefined,
): { readonly text: string; readonly blocks: readonly string[] } {
  const blocks: string[] = [];
  const one = (family: string, most: number): string[] =>
    Array.from({ length: c.below(most) }, (_, i) => {
      blocks.push(`${family}${i}`);
      const head = family === 'every' ? `every ${c.pick(PERIODS)}` : `on ${family}`;
      return braced(head, body(c, scope, stored, asks, { leave: 'return' }));
    });
  return { text: joined([...one('every', 3), ...one('init', 2), ...one('exit', 2)]), blocks };
}
