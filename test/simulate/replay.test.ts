import { describe, expect, test } from 'vitest';
import { replay, type ReplayOptions, type ReplayOutcome } from '../../server/src/simulate/replay.ts';
import type { ReplayResult } from '../../server/src/simulate/result.ts';
import type { Trace } from '../../server/src/trace/columns.ts';
import { policy } from '../support/policy.ts';
import { switched, trace, wake } from '../support/trace.ts';

function outcome(text: string, over: Trace, options: ReplayOptions = {}): ReplayOutcome {
  const subject = policy(text);
  return replay(subject, over, { scenario: subject.model.scenarios[0], ...options });
}

function result(text: string, over: Trace, options: ReplayOptions = {}): ReplayResult {
  const found = outcome(text, over, options);
  if (!found.ok) throw new Error(found.diagnostics.map(({ message }) => message).join('\n'));
  return found.result;
}

/** Logs as `TIME text`. */
const logs = (found: ReplayResult): string[] => found.logs.map(({ time, text }) => `${time} ${text}`);

/** Two vCPUs of one VM on two CPUs; 100 is interrupted, halts and is woken. */
const KVM = trace(`
  1.000000 0 CPU_0/KVM-100 kvm_entry: vcpu 0, rip 0x1000
  1.000010 0 CPU_0/KVM-100 kvm_exit: vcpu 0 reason interrupt rip 0x1000 info1 0x0 info2 0x0 intr_info 0x0 error_code 0x0
  1.000015 0 CPU_0/KVM-100 kvm_inj_virq: IRQ 0x40
  1.000020 0 CPU_0/KVM-100 kvm_entry: vcpu 0, rip 0x1000
  1.000030 0 CPU_0/KVM-100 kvm_exit: vcpu 0 reason hlt rip 0x1000 info1 0x0 info2 0x0 intr_info 0x0 error_code 0x0
  1.000040 0 CPU_0/KVM-100 ${switched(100, 'S', 0)}
  1.000050 1 CPU_1/KVM-101 kvm_exit: vcpu 1 reason io rip 0x1000 info1 0x0 info2 0x0 intr_info 0x0 error_code 0x0
  1.000055 1 CPU_1/KVM-101 ${switched(101, 'S', 0)}
  1.000060 1 swapper-0 ${wake('sched_waking', 100, 0)}
  1.000070 0 swapper-0 ${wake('sched_wakeup', 100, 0)}
  1.000080 0 swapper-0 ${switched(0, 'R', 100)}
  1.000090 0 CPU_0/KVM-100 kvm_vcpu_wakeup: wait time 50000 ns, polling valid
  1.000100 0 CPU_0/KVM-100 kvm_entry: vcpu 0, rip 0x1000
  1.000200 0 CPU_0/KVM-100 sched_process_exit: comm=t100 pid=100 prio=120
`);

const SCENARIO = (body: string): string =>
  `scenario s {\n trace "x"\n vm web = pid 100 | pid 101\n${body}\n}`;

describe('tracepoints', () => {
  test('give their arguments, the time, the CPU and the current thread', () => {
    const found = result(
      `policy t for tracing
       on tracepoint sched:sched_switch(preempt, prev, next, prev_state) {
         log "{now() as u64} {this_cpu()} {current()} {preempt} {prev}>{next} {prev_state}"
       }
       on tracepoint kvm:kvm_inj_virq(vector, soft, reinjected) { log "{vector} {soft} {reinjected}" }
       on tracepoint kvm:kvm_vcpu_wakeup(ns, waited, valid) { log "{ns} {waited} {valid}" }
       on tracepoint sched:sched_waking(p) { log "{p} {p.comm}" }`,
      KVM,
    );
    expect(logs(found)).toEqual([
      '1.000015 64 0 0',
      '1.000040 1000040000 0 100 0 100>0 1',
      '1.000055 1000055000 1 101 0 101>0 1',
      '1.000060 100 t100',
      '1.000080 1000080000 0 0 0 0>100 0',
      '1.000090 50000ns 1 1',
    ]);
  });

  test('show preemption inside the kernel and what a thread leaves its CPU for', () => {
    const states = ['R', 'R+', 'S', 'D', 'I', 'X'].map(
      (state, i) => `2.00000${i} 0 t7-7 ${switched(7, state, 0)}`,
    );
    const found = result(
      'policy t for tracing\non tracepoint sched:sched_switch(preempt, prev, next, left) { log "{preempt} {left}" }',
      trace(states.join('\n')),
    );
    expect(found.logs.map(({ text }) => text)).toEqual(['0 0', '1 0', '0 1', '0 2', '0 1026', '0 128']);
  });

  test('tell Intel from AMD by the names of exits', () => {
    const exits = ['HLT', 'hlt'].map(
      (reason, i) =>
        `2.00000${i} 0 t7-7 kvm_exit: vcpu 0 reason ${reason} rip 0x1 info1 0x0 info2 0x0 intr_info 0x0 error_code 0x0`,
    );
    const found = result(
      'policy t for tracing\non tracepoint kvm:kvm_exit(vcpu, isa) { log "{isa}" }',
      trace(exits.join('\n')),
    );
    expect(found.logs.map(({ text }) => text)).toEqual(['1', '2']);
  });
});

describe('pvsched callbacks', () => {
  const all = ['register', 'unregister', 'vmenter', 'vmexit', 'halt', 'intr_inj']
    .map((name) => `on pvsched ${name}(v) { log "${name} {v}" }`)
    .join('\n');

  test('follow the events of KVM; a vCPU that sleeps without having halted is not halted', () => {
    expect(logs(result(`policy t for pvsched\n${all}`, KVM))).toEqual([
      '1.000000 register 100',
      '1.000000 vmenter 100',
      '1.000010 vmexit 100',
      '1.000015 intr_inj 100',
      '1.000020 vmenter 100',
      '1.000030 vmexit 100',
      '1.000040 halt 100',
      '1.000050 register 101',
      '1.000050 vmexit 101',
      '1.000100 vmenter 100',
      '1.000200 unregister 100',
    ]);
  });

  test('halt is seen by the wake-up that follows where exits are not recorded', () => {
    const without = trace(`
      1.000000 0 CPU_0/KVM-100 kvm_fpu: load
      1.000010 0 CPU_0/KVM-100 ${switched(100, 'S', 0)}
      1.000020 0 swapper-0 ${switched(0, 'R', 100)}
      1.000021 0 CPU_0/KVM-100 kvm_vcpu_wakeup: wait time 10000 ns, polling valid
      1.000030 0 CPU_0/KVM-100 kvm_fpu: unload
      1.000040 0 CPU_0/KVM-100 ${switched(100, 'S', 0)}
    `);
    const text = 'policy t for pvsched\non pvsched halt(v) { log "halt {v}" }';
    expect(logs(result(text, without))).toEqual(['1.000010 halt 100']);
  });
});

describe('assumptions of a scenario', () => {
  const text = (assume: string): string =>
    `policy t for pvsched\nshared hint { busy: bool\n depth: u8 }
     on pvsched intr_inj(v) { log "inj {v.hint.busy}" }
     on pvsched vmenter(v) { log "enter {v.hint.busy} {v.hint.depth}" }
     on pvsched vmexit(v) { log "exit {v.hint.busy}" }\n${SCENARIO(assume)}`;

  test('hold from the event on for their time; the hook of the event itself sees the page before', () => {
    expect(logs(result(text('assume busy on web for 6us after intr_inj'), KVM)).slice(2, 6)).toEqual([
      '1.000015 inj 0',
      '1.000020 enter 1 0',
      '1.000030 exit 0',
      '1.000050 exit 0',
    ]);
  });

  test('may have values and hold always', () => {
    expect(logs(result(text('assume depth = 3 on web always'), KVM))[0]).toBe('1.000000 enter 0 3');
  });

  test('leave the page zero where nothing is assumed', () => {
    expect(logs(result(text(''), KVM)).every((line) => /(0|enter 0 0)$/.test(line))).toBe(true);
  });
});

describe('decisions', () => {
  const boosting = `policy t for pvsched
    param limit: duration = 20us in 1us..1ms
    state vcpu { n: u64 }
    counter boosts per vm
    on pvsched intr_inj(v) {
      v.n += 1
      defer boost(v, RR, 5, for: limit)
      boosts[v.vm] += 1
    }
    on pvsched halt(v) { defer unboost(v) }
    invariant short(v: vcpu) { always boosted_for(v) <= 12us }
    ${SCENARIO('')}`;

  test('say when, where, by which hook and line, on what, with which state', () => {
    const { decisions } = result(boosting, KVM);
    expect(decisions[0]).toEqual({
      t: 1_000_015_000,
      time: '1.000015',
      cpu: 0,
      hook: 'pvsched intr_inj',
      line: 7,
      action: 'boost',
      deferred: true,
      target: 't100-100',
      tid: 100,
      vm: 'web',
      args: { class: 'RR', prio: 5, for: 20_000 },
      words: 'class: RR, prio: 5, for: 20us',
      state: { 'vcpu.n': 1 },
    });
    expect(decisions.map(({ time, action }) => `${time} ${action}`)).toEqual([
      '1.000015 boost',
      '1.000040 unboost',
    ]);
  });

  test('beyond the bound are only counted', () => {
    const { decisions, decisions_dropped, actions } = result(boosting, KVM, { mostDecisions: 1 });
    expect([decisions.length, decisions_dropped, actions]).toEqual([1, 1, { boost: 1, unboost: 1 }]);
  });

  test('a boost ends at unboost, or by itself when its time is over', () => {
    expect(result(boosting, KVM).boosts).toMatchObject([
      { from: 1_000_015_000, to: 1_000_035_000, ended: 'expiry' },
    ]);
    const longer = result(boosting, KVM, { params: ['limit=1ms'] });
    expect(longer.boosts).toMatchObject([{ from: 1_000_015_000, to: 1_000_040_000, ended: 'unboost' }]);
    const open = result(boosting.replace('on pvsched halt(v) { defer unboost(v) }', ''), KVM, {
      params: ['limit=1ms'],
    });
    expect(open.boosts).toMatchObject([{ to: null, ended: null }]);
  });

  test('invariants show the first time that they do not hold, and for what', () => {
    expect(result(boosting, KVM).invariants).toEqual([
      {
        name: 'short',
        line: 11,
        ok: false,
        violations: [{ t: 1_000_030_000, time: '1.000030', line: 11, entities: ['web/0'] }],
      },
    ]);
    expect(result(boosting, KVM, { params: ['limit=5us'] }).invariants).toMatchObject([
      { ok: true, violations: [] },
    ]);
  });
});

test('every fires each period of the trace’s time, init and exit once', () => {
  const text = `policy t for tracing
    on init { log "init" }
    every 30us { log "tick" }
    on tracepoint kvm:kvm_inj_virq(v) { log "virq" }
    on exit { log "exit" }`;
  expect(result(text, KVM).hooks.map(({ hook, fired }) => `${hook} ${fired}`)).toEqual([
    'init 1',
    'every 30us 6',
    'tracepoint kvm:kvm_inj_virq 1',
    'exit 1',
  ]);
  expect(logs(result(text, KVM))).toEqual([
    '1.000000 init',
    '1.000015 virq',
    ...['1.000030', '1.000060', '1.000090', '1.000120', '1.000150', '1.000180'].map((time) => `${time} tick`),
    '1.000200 exit',
  ]);
});

test('state of a thread is forgotten when its id is given to a new one', () => {
  const over = trace(`
    1.000000 0 t1-1 ${switched(1, 'S', 5)}
    1.000001 0 t5-5 ${switched(5, 'X', 1)}
    1.000002 0 t1-1 sched_process_fork: comm=t1 pid=1 child_comm=t5 child_pid=5
    1.000003 0 t1-1 ${switched(1, 'S', 5)}
  `);
  const text = `policy t for tracing\nstate task { n: u64 }
    on tracepoint sched:sched_switch(preempt, prev, next, left) { next.n += 1\nlog "{next} {next.n}" }`;
  expect(result(text, over).logs.map((line) => line.text)).toEqual(['5 1', '1 1', '5 1']);
});

describe('lines', () => {
  test('count every statement, those that never ran too', () => {
    const text = `policy t for tracing
counter c
on tracepoint sched:sched_switch(preempt, prev, next, prev_state) {
    if prev_state == 0 {
        c += 1
    } else if prev_state == 2 {
        c += 100
    }
}
`;
    const found = result(text, KVM);
    expect(found.lines).toEqual([
      { line: 4, hits: 3 },
      { line: 5, hits: 1 },
      { line: 6, hits: 2 },
      { line: 7, hits: 0 },
    ]);
    expect(found.hooks).toEqual([{ hook: 'tracepoint sched:sched_switch', line: 3, fired: 3 }]);
    expect(found.branches).toEqual([
      { line: 4, taken: [1, 2] },
      { line: 6, taken: [0, 2] },
    ]);
  });

  test('an arm of a match, also one of which nothing is done', () => {
    const text = `policy t for tracing
counter c
on tracepoint sched:sched_switch(preempt, prev, next, prev_state) {
    match prev_state {
        0 => {}
        2 |
        3 => { c += 1 }
        4 => {
            c += 1
        }
    }
}
`;
    const found = result(text, KVM);
    expect(found.lines).toEqual([
      { line: 4, hits: 3 },
      { line: 5, hits: 1 },
      { line: 6, hits: 0 },
      { line: 7, hits: 0 },
      { line: 8, hits: 0 },
      { line: 9, hits: 0 },
    ]);
    expect(found.branches).toEqual([
      {
        line: 4,
        taken: [1, 0, 0, 2],
        arms: [
          { line: 5, pattern: '0' },
          { line: 6, pattern: '2 | 3' },
          { line: 8, pattern: '4' },
        ],
      },
    ]);
  });
});

describe('what stands in the way', () => {
  const codes = (text: string, over: Trace, options: ReplayOptions = {}): string[] =>
    outcome(text, over, options).diagnostics.map(({ code }) => code);
  const sched = trace(`1.000000 0 t1-1 ${switched(1, 'S', 5)}`);
  const hook = (name: string, args: string, body: string): string =>
    `on tracepoint ${name}(${args}) { ${body} }`;

  test('an argument that no trace has, where it is read', () => {
    const read = `policy t for tracing\n${hook('kvm:kvm_entry', 'v, imm', 'if imm { log "x" }')}`;
    expect(codes(read, KVM)).toEqual(['PV7050']);
    const message = outcome(read, KVM).diagnostics[0]?.message;
    expect(message).toContain('kvm:kvm_entry');
    expect(message).toContain('force_immediate_exit');
    expect(codes(`policy t for tracing\n${hook('kvm:kvm_entry', 'v, imm', 'log "x"')}`, KVM)).toEqual([]);
  });

  test('no event for any hook, or none for one of them', () => {
    const virq = hook('kvm:kvm_inj_virq', 'v', 'log "x"');
    expect(codes(`policy t for tracing\n${virq}`, sched)).toEqual(['PV7051']);
    expect(outcome(`policy t for tracing\n${virq}`, sched).diagnostics[0]?.message).toContain(
      'trace-cmd record -e sched -e kvm',
    );
    const both = `policy t for tracing\n${virq}\n${hook('sched:sched_switch', 'a', 'log "y"')}`;
    expect(codes(both, sched)).toEqual(['PV7052']);
    expect(outcome(both, sched).ok).toBe(true);
    expect(codes('policy t for pvsched\non pvsched vmexit(v) { log "x" }', sched)).toEqual(['PV7051']);
  });

  test('a call that a trace cannot answer', () => {
    const text = `policy t for tracing\n${hook('sched:sched_switch', 'a', 'if bpf_jiffies64() > 0 { log "x" }')}`;
    expect(codes(text, sched)).toEqual(['PV7053']);
  });

  test('an op that leaves no event, and code of the guest', () => {
    const op = 'policy t for sched_ext\non op tick(p) { log "x" }\non op running(p) { log "y" }';
    expect(codes(op, sched)).toEqual(['PV7054']);
    const guest = `policy t for tracing\n${hook('sched:sched_switch', 'a', 'log "y"')}\nguest { ${hook('sched:sched_wakeup', 'p', 'log "z"')} }`;
    expect(codes(guest, sched)).toEqual(['PV7054']);
  });

  test('params of the command line that do not fit', () => {
    const text = `policy t for tracing\nparam wait: duration = 1ms in 1us..2ms\nenum E { A, B }\nparam e: E = E.A\n${hook('sched:sched_switch', 'a', 'log "{wait} {e as u64}"')}`;
    const set = (setting: string): string[] => codes(text, sched, { params: [setting] });
    expect(set('wiat=1ms')).toEqual(['PV7055']);
    expect(set('wait=5')).toEqual(['PV7056']);
    expect(set('wait')).toEqual(['PV7056']);
    expect(set('wait=3ms')).toEqual(['PV7057']);
    expect(set('e=C')).toEqual(['PV7056']);
    const { logs: lines } = result(text, sched, { params: ['wait=1.5us', 'e=B'] });
    expect(lines.map((line) => line.text)).toEqual(['1500ns 1']);
  });

  test('VMs and assumptions of a scenario that the trace does not have', () => {
    const text = (body: string): string =>
      `policy t for tracing\nshared hint { h: bool }\n${hook('sched:sched_switch', 'a', 'log "x"')}\nscenario s {\ntrace "x"\n${body}\n}`;
    expect(codes(text('vm a = comm "qemu*"'), sched)).toEqual(['PV7059']);
    const some = outcome(text('vm a = pid 5 | pid 999 | comm "qemu*"'), sched).diagnostics;
    expect(some.map(({ message }) => message.split(';')[0])).toEqual([
      "no thread of the trace is meant by pid 999 of the VM 'a'",
      `no thread of the trace is meant by comm "qemu*" of the VM 'a'`,
    ]);
    expect(codes(text('vm a = cgroup "rt*"'), sched)).toEqual(['PV7060']);
    expect(codes(text('vm a = pid 5\nassume h on a for 1ms after intr_inj'), sched)).toEqual(['PV7061']);
  });
});

test('what is taken for something that the trace does not tell is noted once', () => {
  const text =
    'policy t for tracing\non tracepoint sched:sched_wakeup(p) { log "{p.policy} {p.policy} {p.prio}" }';
  expect(result(text, KVM).unknown).toEqual([{ what: 'task_struct.policy', taken: '0' }]);
  const asking = `policy t for pvsched\nshared hint { h: bool }\ntable rank: vm -> u32 = 3
    on pvsched vmexit(v) { if v.hint.h { log "{rank[v.vm]}" } else { log "{rank[v.vm]}" } }`;
  expect(result(asking, KVM).unknown).toEqual([
    { what: 'hint.h', taken: 'false' },
    { what: 'entries of the table rank', taken: 'its default' },
  ]);
});

test('each CPU has an idle task of its own, all with the id 0', () => {
  const over = trace(`
    1.000000 0 t1-1 ${switched(1, 'S', 0)}
    1.000001 1 t2-2 ${switched(2, 'S', 0)}
    1.000002 0 swapper-0 ${switched(0, 'R', 1)}
  `);
  const text = (target: string): string => `policy t for ${target}\nstate task { n: u64 }
    on tracepoint sched:sched_switch(preempt, prev, next) { next.n += 1\nlog "{next} {next.pid} {next.comm} {next.n} {prev == current()}" }`;
  expect(result(text('tracing'), over).logs.map((line) => line.text)).toEqual([
    '0 0 swapper/0 1 1',
    '0 0 swapper/1 1 1',
    '1 1 t1 1 1',
  ]);
  // pvsched keeps the state of threads in a hash by their ids.
  expect(result(text('pvsched'), over).logs[1]?.text).toBe('0 0 swapper/0 2 1');
});
