import type { SimulationReport } from '../../../server/src/lsp/protocol.ts';
import { count } from '../../figures.ts';

type Branch = SimulationReport['replay']['branches'][number];

/** How often none of the arms of a `match` was taken. */
export const unmatched = ({ arms, taken }: Branch): number => (arms && taken[arms.length]) ?? 0;

/** What a hover tells of a condition or a `match` on the line, or of an arm that begins there. */
export function waysAt({ line: of, taken, arms = [] }: Branch, line: number): readonly string[] {
  if (of !== line)
    return arms.flatMap((arm, way) =>
      arm.line === line ? [`\`${arm.pattern}\`: ${count(taken[way] ?? 0)} of ${count(sum(taken))}×`] : [],
    );
  if (arms.length === 0) return [`Condition: true ${count(taken[0] ?? 0)}×, false ${count(taken[1] ?? 0)}×`];
  const none = unmatched({ line: of, taken, arms });
  const said = arms.map(({ pattern }, way) => `\`${pattern}\` ${count(taken[way] ?? 0)}×`);
  return [`Arms: ${[...said, ...(none > 0 ? [`none ${count(none)}×`] : [])].join(', ')}`];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
