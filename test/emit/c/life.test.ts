import { expect, test } from 'vitest';
import { checkC, emitC } from '../../../server/src/emit/c/index.ts';
import { policy } from '../../support/policy.ts';

/** A policy that asks for its VMs and vCPUs at its end only. */
const text = (target: string, hook: string): string =>
  `policy ends for ${target}\n${hook}\non exit {\n    for m in vms max 4 { for v in m.vcpus max 4 { log "{v.id}" } }\n}\n`;

const HOOKS = {
  tracing: 'on tracepoint sched:sched_switch(preempt) { log "x" }',
  sched_ext:
    'on op enqueue(p, enq_flags) { scx_bpf_dsq_insert(p, GLOBAL, SCX_SLICE_DFL, enq_flags) }\non op running(p) { log "x" }',
  pvsched: 'on pvsched vmexit(v) { log "x" }',
};

test.each(Object.entries(HOOKS))(
  'vCPUs that only the end of a policy asks for are known to it (%s)',
  (target, hook) => {
    const source = text(target, hook);
    const { program } = policy(source);
    const [main] = emitC(program, { sourceName: 'ends.pvpolicy', source });
    // Each list is filled somewhere, not only declared.
    expect(main?.text).toMatch(/^\t+pv_add_vm\(/m);
    expect(main?.text).toMatch(/^\t+pv_add_to_vm\(/m);
  },
);

/** The C of a policy. */
function mainOf(source: string): string {
  const { program } = policy(source);
  return emitC(program, { sourceName: 'ends.pvpolicy', source })[0]?.text ?? '';
}

test('a function may have the name that a timer would have', () => {
  const fn = 'state { a: u64 }\nfn on_every_10ms(x: u64) -> u64 { return x + a }';
  const text = mainOf(`policy ends for tracing\n${fn}\nevery 10ms { a += on_every_10ms(a) }\n`);
  expect(text.match(/^static .*\bon_every_10ms\(/gm)).toEqual(['static u64 on_every_10ms(']);
  expect(text).toContain('pv_on_every_10ms();');
});

test('a function may have the name that a callback of a driver would have', () => {
  const fn = 'state { a: u64 }\nfn ends_register(x: u64) -> u64 { return x + a }';
  const text = mainOf(`policy ends for pvsched\n${fn}\non pvsched vmexit(v) { a += ends_register(a) }\n`);
  expect(text).toContain('BPF_PROG(pv_ends_register, struct pid *pid)');
  expect(text).toContain('.pvsched_vcpu_register = (void *)pv_ends_register,');
});

test('there are no more timers than the kernel takes', () => {
  const timers = (count: number): string =>
    Array.from({ length: count }, (_, i) => `every ${i + 1}ms { a += 1 }`).join('\n');
  const found = (count: number): readonly string[] =>
    checkC(policy(`policy ends for tracing\nstate { a: u64 }\n${timers(count)}\n`).program).map(
      ({ code }) => code,
    );
  expect(found(200)).toEqual([]);
  expect(found(201)).toEqual(['PV6004']);
});

test('a timer that looks at masks of the kernel is within an RCU section: 6.12 takes it for one that sleeps', () => {
  const text = mainOf(
    'policy ends for tracing\nevery 10ms { if let c = current().cpus_ptr.first { log "{c}" } }\n',
  );
  expect(text).toMatch(/\tbpf_rcu_read_lock\(\);\n\ton_every_10ms\(\);\n\tbpf_rcu_read_unlock\(\);/);
  expect(mainOf('policy ends for tracing\nevery 10ms { log "x" }\n')).not.toContain('rcu');
});
