import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { diagnose, expectDiagnostics } from './support.ts';

/** A scheduler with two queues; what of it goes into `high`, and how `dispatch` takes from both. */
const scheduler = (fill: string, take: string, more = ''): string => `policy p for sched_ext
dsq high
dsq low
state task { since: instant, boosted: bool }
state { turns: u32 }
${more}
on op running(p) {
    p.since = now()
    p.boosted = turns > 3
    turns += 1
}
on op enqueue(p, enq_flags) {
    ${fill} { scx_bpf_dsq_insert(p, high, 5ms, enq_flags) }
    else { scx_bpf_dsq_insert(p, low, 5ms, enq_flags) }
}
on op dispatch(cpu) {
${take}
}
`;

const STRICT = 'if !scx_bpf_dsq_move_to_local(high) { scx_bpf_dsq_move_to_local(low) } //~ PV5010';
const FINE = STRICT.replace(' //~ PV5010', '');

const CLASS = 'if p.policy == 1';
const USED = 'on op tick(p) { if p.boosted && p.since > now() { turns = 0 } }';

describe('a lower queue', () => {
  it.each([
    ['in the other branch', STRICT],
    [
      'after a return',
      'if scx_bpf_dsq_move_to_local(high) { return }\nscx_bpf_dsq_move_to_local(low) //~ PV5010',
    ],
    [
      'by a local',
      'let got = scx_bpf_dsq_move_to_local(high)\nif !got { scx_bpf_dsq_move_to_local(low) } //~ PV5010',
    ],
    [
      'by an operator',
      'if scx_bpf_dsq_move_to_local(high) || scx_bpf_dsq_move_to_local(low) { turns += 1 } //~ PV5010',
    ],
    [
      'by a walk',
      'if scx_bpf_dsq_move_to_local(high) { return }\nfor t in low max 8 { if can_run_on(t, cpu) { scx_bpf_dsq_move(t, local_on(cpu), 0) } } //~ PV5010',
    ],
  ])('that is reached %s may starve', (_, take) => {
    expectDiagnostics(scheduler(CLASS, take, USED));
  });

  it('may starve by a function', () => {
    expectDiagnostics(
      scheduler(
        CLASS,
        'if scx_bpf_dsq_move_to_local(high) { return }\nrest()',
        `${USED}\nfn rest() { scx_bpf_dsq_move_to_local(low) } //~ PV5010`,
      ),
    );
  });

  it.each([
    ['every fifth turn comes first', `if turns % 5 == 0 { scx_bpf_dsq_move_to_local(low) }\n${FINE}`],
    [
      'there is a budget',
      'if turns < 5 && scx_bpf_dsq_move_to_local(high) { return }\nscx_bpf_dsq_move_to_local(low)',
    ],
    ['both are always taken from', 'scx_bpf_dsq_move_to_local(high)\nscx_bpf_dsq_move_to_local(low)'],
    ['it comes first', 'if !scx_bpf_dsq_move_to_local(low) { scx_bpf_dsq_move_to_local(high) }'],
  ])('is fine where %s', (what, take) => {
    const found = diagnose(scheduler(CLASS, take, USED)).map(({ code }) => code);
    // The other way round, it is the other queue that starves: everything that is not of the class goes into `low`.
    expect(found).toEqual(what === 'it comes first' ? ['PV5010'] : []);
  });

  it.each([
    ['a time limit', 'if now() - p.since < 3ms'],
    ['state of the policy', 'if p.boosted'],
    ['a function that has one', 'if within(p)'],
    ['being a thread of the kernel', 'if is_kthread(p)'],
  ])('is fine where %s decides about the higher', (_, fill) => {
    const more = `${USED}\nfn within(t: task) -> bool { return now() - t.since < 3ms }\non op stopping(p) { if within(p) { turns = 1 } }`;
    expectDiagnostics(scheduler(fill, FINE, more));
  });

  it('is fine where another hook takes from it too', () => {
    expectDiagnostics(
      scheduler(CLASS, FINE, `${USED}\non op cpu_release(cpu) { if cpu == 0 { turns += 1 } }`).replace(
        'on op dispatch(cpu) {',
        'on op dispatch(cpu) {\nif cpu == 0 { scx_bpf_dsq_move_to_local(low) }',
      ),
    );
  });

  it("that a hint of the guest keeps waiting is the guest's doing", () => {
    const text = scheduler(CLASS, STRICT.replace('5010', '5012'), USED)
      .replace('dsq high', 'shared hint { urgent: bool }\ndsq high')
      .replace(
        `${CLASS} {`,
        'if let v = vcpu(p) {\nif v.hint.urgent {\nscx_bpf_dsq_insert(p, high, 5ms, enq_flags)\nreturn\n}\n}\nif is_kthread(p) {',
      );
    expectDiagnostics(text);
    expectDiagnostics(
      text
        .replace('if v.hint.urgent', 'if v.hint.urgent && now() - p.since < 2ms')
        .replace(' //~ PV5012', ''),
    );
  });
});

describe('a queue', () => {
  const only = (fill: string, take: string): string => `policy p for sched_ext
dsq some
dsq rest
on op enqueue(p, enq_flags) {
    ${fill} { scx_bpf_dsq_insert(p, some, 5ms, enq_flags) }
    else { scx_bpf_dsq_insert(p, rest, 5ms, enq_flags) }
}
on op dispatch(cpu) {
    ${take}
    scx_bpf_dsq_move_to_local(rest)
}
`;
  it('that only some CPUs take from does not serve every task', () => {
    expectDiagnostics(only(CLASS, 'if cpu < 4 { scx_bpf_dsq_move_to_local(some) } //~ PV5011'));
    expectDiagnostics(only(CLASS, 'if this_cpu() == 0 { scx_bpf_dsq_move_to_local(some) } //~ PV5011'));
  });

  it('is fine where the others take from it too, or where CPUs were looked at', () => {
    expectDiagnostics(
      only(CLASS, 'if cpu < 4 { scx_bpf_dsq_move_to_local(some) } else { scx_bpf_dsq_move_to_local(some) }'),
    );
    expectDiagnostics(only('if can_run_on(p, 0)', 'if cpu < 4 { scx_bpf_dsq_move_to_local(some) }'));
    expectDiagnostics(only('if scx_bpf_task_cpu(p) < 4', 'if cpu < 4 { scx_bpf_dsq_move_to_local(some) }'));
    expectDiagnostics(only(CLASS, 'if scx_bpf_dsq_nr_queued(some) > 0 { scx_bpf_dsq_move_to_local(some) }'));
  });
});

describe('random chains of queues', () => {
  it('starve exactly those below a queue that has to be empty', () => {
    const step = fc.record({ strict: fc.boolean(), byReturn: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        const names = steps.map((_, i) => `q${i}`);
        const take = steps
          .map(({ strict, byReturn }, i) => {
            const move = `scx_bpf_dsq_move_to_local(q${i})`;
            if (!strict) return move;
            return byReturn ? `if ${move} { return }` : `let got${i} = ${move}\nif got${i} { return }`;
          })
          .join('\n');
        const fill = names
          .map((name, i) => `if p.policy == ${i} {\nscx_bpf_dsq_insert(p, ${name}, 5ms, 0)\nreturn\n}`)
          .join('\n');
        const text = `policy p for sched_ext\n${names.map((name) => `dsq ${name}`).join('\n')}\non op enqueue(p) {\n${fill}\nscx_bpf_dsq_insert(p, GLOBAL, 5ms, 0)\n}\non op dispatch() {\n${take}\n}\n`;
        const starved = steps.filter((_, i) => steps.slice(0, i).some(({ strict }) => strict)).length;
        const codes = diagnose(text).map(({ code }) => code);
        expect(codes).toEqual(Array.from({ length: starved }, () => 'PV5010'));
      }),
      { numRuns: runs(40) },
    );
  });
});

describe('a comparison with what the task always is', () => {
  const policy = (condition: string): string => `policy p for sched_ext
dsq high
dsq low
state task { turns: u64 }
on op enqueue(p, enq_flags) {
    p.turns += 1
    scx_bpf_dsq_insert(p, ${condition} ? high : low, 5ms, enq_flags)
}
on op dispatch() {
    if scx_bpf_dsq_move_to_local(high) { return }
    scx_bpf_dsq_move_to_local(low)
}
`;

  it.each(['p.static_prio < 120', 'p.nr_cpus_allowed <= 1', 'p.scx.weight > 100'])(
    'is no bound: %s',
    (condition) => {
      expect(diagnose(policy(condition)).map(({ code }) => code)).toEqual(['PV5010']);
    },
  );

  it.each(['p.turns < 10', 'p.turns % 8 > 0 && p.static_prio < 120', 'p.scx.slice > 1ms'])(
    'is one with what changes: %s',
    (condition) => expect(diagnose(policy(condition))).toEqual([]),
  );
});
