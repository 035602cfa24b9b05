import type * as ast from '../../../grammar/ast.ts';
import type { Objective } from './sweep.ts';
import type { Expectation } from './expect.ts';
import type { WhatIfResult } from './whatif/whatif.ts';

/** A figure of one run, with which way it is better. */
export interface Figured extends Objective {
  readonly value: number | null;
}

/**
 * What a sweep compares its points by: the figures of the scenario's expectations, better the farther they are from
 * their bound; without any, the 99th percentile of the wake-up latency of each VM and of all threads, and the switches.
 */
export function objectivesOf(
  items: readonly ast.ExpectItem[],
  expectations: readonly Expectation[],
  whatif: WhatIfResult | null,
): readonly Figured[] {
  const expected = expectations.flatMap(({ text, measured, unit }, i): Figured[] => {
    const condition = items[i]?.condition;
    const better = condition ? direction(condition) : null;
    return [{ name: text, unit: unit ?? 'count', better, value: measured }];
  });
  if (expected.length > 0 || !whatif) return expected;
  const { metrics, all } = whatif.policy;
  return [
    ...[...metrics, all].map(({ vm, wakeup_latency: latency }): Figured => ({
      name: `p99(wakeup_latency of ${vm})`,
      unit: 'ns',
      better: 'less',
      value: latency?.p99 ?? null,
    })),
    { name: 'switches', unit: 'count', better: 'less', value: all.switches },
  ];
}

/** Is less or more of the statistic on the left of the comparison better? */
function direction(condition: ast.Expr): Objective['better'] {
  const inner = condition.kind === 'paren' ? condition.inner : condition;
  if (inner.kind !== 'binary') return null;
  const { kind } = inner.left;
  const holdsConstant = kind === 'int' || kind === 'duration' || kind === 'ratio';
  switch (inner.op) {
    case '<':
    case '<=':
      return holdsConstant ? 'more' : 'less';
    case '>':
    case '>=':
      return holdsConstant ? 'less' : 'more';
    default:
      return null;
  }
}
