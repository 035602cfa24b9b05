import { expect, test } from 'vitest';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';

const found = (text: string): string[] => snapshot(text, DEFAULTS).diagnostics.map(({ code }) => code);

test('an average and an integer have a common type', () => {
  const policy = (value: string): string => `policy t for tracing

state vm {
    load: ewma(1/8) of u32
}
counter seen

every 10ms {
    for m in vms max 4 { seen += ${value} }
}
`;
  expect(found(policy('max(m.load, 5 as u64)'))).toEqual([]);
  expect(found(policy('m.load > 3 ? m.load : 7 as u64'))).toEqual([]);
  expect(found(policy('max(m.load, 5ms)'))).not.toEqual([]);
});

test('a queue can be a parameter', () => {
  expect(
    found(`policy s for sched_ext

dsq one
dsq two

fn take(q: dsq) -> bool {
    return scx_bpf_dsq_move_to_local(q)
}

on op enqueue(p, flags) {
    if p.scx.weight > 100 { scx_bpf_dsq_insert(p, one, 1ms, flags) } else { scx_bpf_dsq_insert(p, two, 1ms, flags) }
}

on op dispatch(_cpu, _prev) {
    if take(one) { return }
    take(two)
}
`),
  ).toEqual([]);
});
