import type { Side } from '../../ir/ir.ts';
import { STRUCTS } from '../../kernel/catalogue.ts';
import { bodiesOf, forEachExpr } from './walk.ts';

/** Fields of the kernel with times of CLOCK_MONOTONIC, by their names. */
const FIELDS: ReadonlySet<string> = new Set(
  Object.values(STRUCTS).flatMap((rows) =>
    rows.filter(({ clock }) => clock === 'monotonic').map(({ name }) => name),
  ),
);

/**
 * Has a scheduler other times of CLOCK_MONOTONIC than those that `now()` gives? scx_bpf_now() is sched_clock_cpu(), which
 * starts elsewhere and drifts away from it, as nobody disciplines it (kernel/sched/ext/ext.c: __scx_bpf_now() in 7.3): the two do not compare.
 */
export function hasMonotonicTimes(side: Side): boolean {
  let found = false;
  for (const body of bodiesOf(side))
    forEachExpr(body, (expr) => {
      if (expr.kind === 'kernel-call') found ||= expr.call.name === 'bpf_ktime_get_ns';
      if (expr.kind === 'load' && expr.place.kind === 'kernel')
        found ||= FIELDS.has(expr.place.path.at(-1) ?? '');
    });
  return found;
}
