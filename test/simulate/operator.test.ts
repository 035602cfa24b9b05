import { describe, expect, it } from 'vitest';
import { replay } from '../../server/src/simulate/replay.ts';
import { policy } from '../support/policy.ts';
import { switched, trace } from '../support/trace.ts';

/** Two vCPUs of two VMs take turns. */
const TWO = trace(`
  1.000000 0 CPU_0/KVM-100 kvm_entry: vcpu 0, rip 0x1000
  1.000001 1 CPU_0/KVM-200 kvm_entry: vcpu 0, rip 0x1000
  1.000010 0 CPU_0/KVM-100 ${switched(100, 'S', 0)}
  1.000020 1 CPU_0/KVM-200 ${switched(200, 'S', 0)}
  1.000030 0 swapper-0 ${switched(0, 'R', 100)}
  1.000040 1 swapper-0 ${switched(0, 'R', 200)}
`);

const POLICY = `policy p for tracing

param some: cpumask = cpus(1)
const fixed = cpus(0, 2..3)
enum Class { plain, quick }
table class_of: vm -> Class = Class.plain
table home_of: string -> cpu = 7
table spare: cpu -> bool = false

on tracepoint sched:sched_switch(preempt, prev, next) {
    if let v = vcpu(next) {
        log "{class_of[v.vm]} {home_of[next.comm]} {spare[1]} {some.has(0)} {(some | fixed).count}"
    }
}

scenario s {
    trace "x"
    vm a = pid 100
    vm b = pid 200
`;

function logs(settings: string, params: readonly string[] = []): readonly string[] {
  const subject = policy(`${POLICY}${settings}}\n`);
  const found = replay(subject, TWO, { scenario: subject.model.scenarios[0], params });
  if (!found.ok) throw new Error(JSON.stringify(found.diagnostics));
  return found.result.logs.map(({ text }) => text);
}

describe('what the operator sets', () => {
  it('is the default where the scenario says nothing', () => {
    expect(logs('')).toEqual(['0 7 0 0 2', '0 7 0 0 2']);
  });

  it('is what the scenario puts into tables, by VM, name and CPU', () => {
    const settings = 'set class_of[b] = Class.quick\nset home_of["t100"] = 3\nset spare[1] = true\n';
    expect(logs(settings)).toEqual(['0 3 1 0 2', '1 7 1 0 2']);
  });

  it('can be a set of CPUs, of which those count that the machine has', () => {
    expect(logs('set some = cpus(0..1)\n')[0]).toBe('0 7 0 1 2');
    expect(logs('', ['some=0,4-7'])[0]).toBe('0 7 0 1 1');
    expect(() => logs('', ['some=4-2'])).toThrow('PV7056');
  });
});

it('holds a histogram of ratios against ratios', () => {
  const text = `policy p for tracing
histogram parts: ratio
on tracepoint sched:sched_switch(preempt, prev, next) { parts.record(25%) }
scenario s {
    trace "x"
    expect max(parts) == 25%
    expect max(parts) < 20%
}
`;
  const subject = policy(text);
  const found = replay(subject, TWO, { scenario: subject.model.scenarios[0] });
  if (!found.ok) throw new Error(JSON.stringify(found.diagnostics));
  expect(found.result.expectations.map(({ ok }) => ok)).toEqual([true, false]);
});
