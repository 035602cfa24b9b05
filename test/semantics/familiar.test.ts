import { expect, test } from 'vitest';
import { checked } from './support.ts';

/** What is said of the policy, and what is offered. */
const told = (policy: string): readonly string[] =>
  checked(policy).diagnostics.flatMap(({ code, message, fixes }) => [
    `${code} ${message}`,
    ...fixes.map(({ title }) => title),
  ]);

const inHook = (statement: string): string => `policy p for tracing
on tracepoint sched:sched_waking(p) {
    ${statement}
}
`;

test.each([
  ['int', 's32'],
  ['i16', 's16'],
  ['uint8_t', 'u8'],
  ['__u64', 'u64'],
  ['int32_t', 's32'],
  ['size_t', 'u64'],
  ['float', 'ratio'],
  ['timestamp', 'instant'],
  ['ktime_t', 'instant'],
  ['ms', 'duration'],
  ['boolean', 'bool'],
  ['kvm_vcpu', 'vcpu'],
  ['task_struct', 'task'],
])('the type %s is called %s', (word, here) => {
  expect(told(`policy p for tracing\nfn f(x: ${word}) { }\n`)).toContain(`Change to '${here}'`);
});

test.each([
  ['get_vcpu(p)', 'vcpu'],
  ['ktime_get_ns()', 'now'],
  ['smp_processor_id()', 'this_cpu'],
  ['get_current()', 'current'],
  ['set_affinity(p, cpus(1))', 'pin'],
  ['renice(p, 5)', 'set_nice'],
])('the call %s is one of %s', (call, here) => {
  expect(told(inHook(call))).toContain(`Change to '${here}'`);
});

test.each([
  ['p == NULL', 'none'],
  ['False', 'false'],
])('the value in %s is %s', (value, here) => {
  expect(told(inHook(`if ${value} { return }`))).toContain(`Change to '${here}'`);
});

test('the classes are called without SCHED_', () => {
  expect(told(inHook('defer boost(p, SCHED_FIFO, 5, for: 5ms)'))).toContain("Change to 'FIFO'");
});

test.each([
  ['p.name == "x"', "Change to 'comm'"],
  ['p.tid == 5', "Change to 'pid'"],
  ['p.state == 0', "Change to '__state'"],
  [
    'p.nice == 5',
    "PV2006 a task of this policy has no member 'nice'; its nice value is '.static_prio - 120'",
  ],
])('the member in %s: %s', (condition, expected) => {
  expect(told(inHook(`if ${condition} { return }`))).toContain(expected);
});

test('what prints is a statement', () => {
  const [message] = told(inHook('bpf_printk("hello %d", 5)'));
  expect(message).toMatch(/^PV2005 .* write a text with values in it: log "… \{value\}"$/u);
});

test('what every object of JavaScript has is no known word', () => {
  expect(told('policy p for tracing\nfn f(x: constructor) { }\n')).toContain(
    "PV2004 there is no type 'constructor'",
  );
  expect(told(inHook('toString()'))[0]).not.toContain('did you mean');
});

test('a param of the wrong type can be declared with the right one', () => {
  const policy = `policy p for tracing
param prio: u32 = 5
on tracepoint sched:sched_waking(p) {
    defer boost(p, FIFO, prio, for: 5ms)
}
`;
  expect(told(policy)).toEqual([
    "PV3001 the argument 'prio' must be rt_prio, but this is u32; convert it with 'as rt_prio'",
    "Convert with 'as rt_prio'",
    "Declare 'prio' as rt_prio",
  ]);
});
