import type { Expr } from '../../../../grammar/ast.ts';
import type { Diagnostic, Fix } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { Model } from '../../semantics/model.ts';
import { showTime } from '../action-rules.ts';
import { renameTo } from '../fixes.ts';
import type { Use } from '../uses.ts';
import { branches } from './conditions.ts';
import { isInsertion } from './queues.ts';

/** A switch costs a few microseconds; with less than this for each turn a CPU does little else. In ns. */
const SHORTEST = 20_000n;

/** Insertions that give a slice which is known to be too short to get anything done. */
export function checkShortSlices(uses: ReadonlySet<Use>, model: Model): readonly Diagnostic[] {
  return [...uses].flatMap((use) => {
    if (use.kind !== 'call' || !isInsertion(use.name)) return [];
    const slice = use.args[2];
    if (slice === undefined) return [];
    return branches(slice).flatMap((value) => {
      const ns = constantOf(value, model);
      if (ns === undefined || ns >= SHORTEST) return [];
      return [
        diagnostic(
          'PV5018',
          value.span,
          { slice: showTime(ns), shortest: showTime(SHORTEST) },
          { fixes: fixOf(value) },
        ),
      ];
    });
  });
}

/** A parameter is the operator's, so only a value that is written here is changed. */
const fixOf = (value: Expr): readonly Fix[] =>
  value.kind === 'duration' ? renameTo(value.span, '500us') : [];

/** The value of a constant, or the least that the range of a parameter lets the operator give. */
function constantOf(expr: Expr, model: Model): bigint | undefined {
  const value = model.constants.get(expr);
  if (typeof value === 'bigint') return value;
  const symbol = expr.kind === 'name' ? model.names.get(expr.name) : undefined;
  const given = symbol?.kind === 'param' ? model.constants.get(symbol.decl.value) : undefined;
  return typeof given === 'bigint' ? given : undefined;
}
