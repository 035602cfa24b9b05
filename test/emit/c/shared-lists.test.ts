import { expect, it } from 'vitest';
import { emitC } from '../../../server/src/emit/c/index.ts';
import { programOf } from '../../properties/agreement.ts';

const SOURCE = `policy lists for tracing
state {
    all: list of u64 max 8
    mean: ewma(1/8) of duration
}
state cpu { mine: list of u64 max 8 }
state task { waits: ring of duration max 8 }
on tracepoint sched:sched_switch(_, prev, next) {
    all.push(next.pid as u64)
    if all.len > 6 { all.clear() }
    mean.update(prev.se.sum_exec_runtime)
    this_cpu().mine.push(prev.pid as u64)
    if this_cpu().mine.len > all.len && mean > 3ms { prev.waits.push(mean) }
    if prev.waits.max > 3ms { prev.waits.clear() }
}
`;

it('what several CPUs may change is changed in one step, and what one has alone without ado', () => {
  const program = programOf(SOURCE);
  if (!program) throw new Error('it has errors');
  const [bpf] = emitC(program, { sourceName: 'lists.pvpolicy', source: SOURCE });
  expect(bpf?.text.match(/^\t+(?!do).*pv_(change|list_push|ring_push|average)\(.*;$/gm))
    .toMatchInlineSnapshot(`
    [
      "	pv_change(&state.all, pv_list_push(&state.all, by));",
      "		pv_change(&state.all, state.all.len = 0);",
      "	pv_change(&state.mean, pv_average(&state.mean, prev->se.sum_exec_runtime, 128));",
      "	pv_list_push(&this_cpu_state->mine, (u64)prev->pid);",
      "		pv_ring_push(&prev_state->waits, state.mean.value);",
    ]
  `);
});
