import type { Choices } from './random-choices.ts';
import { expression, type Named, type Scope } from './random-policy-expressions.ts';
import { policyFor, type Host, type Tapes } from './random-policy-host.ts';
import { braced, joined, uses, type RandomPolicy } from './random-policy-parts.ts';
import { body, type Ask, type Leave } from './random-policy-statements.ts';
import { action, mask, namedThings, type Thing } from './random-policy-things.ts';

/** Queues of every random scheduler: one in the order of arrival, one by virtual time. */
const QUEUES = 'dsq q0\ndsq q1 vtime';

/** An operation: what its parameters are, how it may be left, and what stands at its end. */
interface Op {
  readonly head: string;
  readonly things?: readonly Thing[];
  readonly values?: readonly Named[];
  readonly leave?: string;
  readonly last?: (c: Choices, scope: Scope) => readonly string[];
}

const p: Thing = { text: 'p', type: 'task' };

/** Fields of a task that the kernel and its scheduler share, and what can be asked about it. */
const OF_TASK: readonly Named[] = [
  { text: 'p.scx.slice', type: 'duration' },
  { text: 'p.scx.dsq_vtime', type: 'vtime' },
  { text: 'p.pid', type: 'u32' },
  { text: 'p.scx.weight', type: 'weight' },
  { text: '(p.nr_cpus_allowed as u64)', type: 'u64' },
  { text: 'scx_bpf_task_running(p)', type: 'bool' },
];

/** What can be asked about queues, and CPUs. */
const OF_QUEUES: readonly Named[] = [
  { text: '(scx_bpf_dsq_nr_queued(q0) as s64)', type: 's64' },
  { text: '(q1.len as u64)', type: 'u64' },
  { text: '(q0.len > 2)', type: 'bool' },
  { text: 'scx_bpf_test_and_clear_cpu_idle(this_cpu())', type: 'bool' },
];

const flag = (flags: string, name: string): Named => ({ text: `(${flags} has ${name})`, type: 'bool' });

const SLICES = ['SCX_SLICE_DFL', '5ms', 'SPAN', 'SCX_SLICE_INF', '(p.scx.slice + 1ms)'] as const;

/** Where a task may wake up. */
const SELECT: readonly (readonly string[])[] = [
  [
    'let (found, idle) = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags)',
    'if idle { scx_bpf_dsq_insert(p, LOCAL, 5ms, 0) }',
    'return found',
  ],
  ['return prev_cpu'],
  [
    'if let found = scx_bpf_pick_idle_cpu(p.cpus_ptr, 0) {',
    '    if can_run_on(p, found) { scx_bpf_dsq_insert(p, local_on(found), SCX_SLICE_DFL, 0) }',
    '    return found',
    '}',
    'return prev_cpu',
  ],
  [
    'if can_run_on(p, prev_cpu) && scx_bpf_test_and_clear_cpu_idle(prev_cpu) {',
    '    scx_bpf_dsq_insert(p, local_on(prev_cpu), p.scx.slice / 2, 0)',
    '}',
    'return prev_cpu',
  ],
  [
    'if let found = (scx_bpf_get_idle_cpumask() & p.cpus_ptr).first { return found }',
    'return scx_bpf_task_cpu(p)',
  ],
];

/** Every task comes into one of the queues, once. */
function inserted(c: Choices, scope: Scope): readonly string[] {
  const slice = c.pick(SLICES);
  const number = (type: 'bool' | 'vtime'): string => expression(c, scope, type, 2);
  const first = `scx_bpf_dsq_insert(p, q0, ${slice}, enq_flags)`;
  const second = `scx_bpf_dsq_insert_vtime(p, q1, ${slice}, ${number('vtime')}, enq_flags)`;
  const third = `scx_bpf_dsq_insert(p, GLOBAL, ${slice}, enq_flags)`;
  const here = [
    'let home = scx_bpf_task_cpu(p)',
    `if can_run_on(p, home) && ${number('bool')} { scx_bpf_dsq_insert(p, local_on(home), ${slice}, enq_flags) }`,
    `else { ${first} }`,
  ];
  return c.pick([
    [first],
    [second],
    [`if ${number('bool')} { ${first} } else { ${second} }`],
    [`if ${number('bool')} { ${third} } else if ${number('bool')} { ${second} } else { ${first} }`],
    [`${here[0]}`, `${here[1]} ${here[2]}`],
  ]);
}

/** Every queue is consumed on every CPU. */
const CONSUMED: readonly (readonly string[])[] = [
  ['if !scx_bpf_dsq_move_to_local(q0) { scx_bpf_dsq_move_to_local(q1) }'],
  ['scx_bpf_dsq_move_to_local(q1)', 'scx_bpf_dsq_move_to_local(q0)'],
  [
    'for t in q0 max 3 { if t.pid == 1 { break } }',
    'if !scx_bpf_dsq_move_to_local(q0) { scx_bpf_dsq_move_to_local(q1) }',
  ],
  [
    'for t in q1 max 2 { if can_run_on(t, cpu) && t.scx.slice > 1ms { scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE) } }',
    'let some = scx_bpf_dsq_move_to_local(q0) || scx_bpf_dsq_move_to_local(q1)',
    'if let t = prev { if !some && scx_bpf_task_running(t) { t.scx.slice = 1ms } }',
  ],
  [
    'if let t = prev { if t.scx.slice > 1ms && before(t.scx.dsq_vtime, (7 as vtime)) { log "{t.pid}" } }',
    'scx_bpf_dsq_move_to_local(q1)',
    'scx_bpf_dsq_move_to_local(q0)',
  ],
];

/** Operations that every random scheduler has. */
const ALWAYS: readonly Op[] = [
  {
    head: 'select_cpu(p, prev_cpu, wake_flags)',
    things: [p, { text: 'prev_cpu', type: 'cpu' }],
    values: [...OF_TASK, flag('wake_flags', 'SCX_WAKE_SYNC'), flag('wake_flags', 'SCX_WAKE_TTWU')],
    leave: 'return prev_cpu',
    last: (c) => c.pick(SELECT),
  },
  {
    head: 'enqueue(p, enq_flags)',
    things: [p],
    values: [...OF_TASK, flag('enq_flags', 'SCX_ENQ_WAKEUP'), flag('enq_flags', 'SCX_ENQ_HEAD')],
    last: inserted,
  },
  { head: 'dispatch(cpu, prev)', things: [{ text: 'cpu', type: 'cpu' }], last: (c) => c.pick(CONSUMED) },
];

const op = (head: string, ...things: readonly Thing[]): Op => ({ head, things, leave: 'return' });
const ofTask = (head: string): Op => ({ ...op(head, p), values: OF_TASK });
const cpu: Thing = { text: 'cpu', type: 'cpu' };

/** Operations that some have. */
const SOME: readonly Op[] = [
  ofTask('running(p)'),
  { ...ofTask('stopping(p, goes_on)'), values: [...OF_TASK, { text: 'goes_on', type: 'bool' }] },
  ofTask('runnable(p, _)'),
  ofTask('quiescent(p, _)'),
  ofTask('dequeue(p, _)'),
  ofTask('tick(p)'),
  ofTask('enable(p)'),
  ofTask('disable(p)'),
  { ...ofTask('set_weight(p, weight)'), values: [...OF_TASK, { text: '(weight as u64)', type: 'u64' }] },
  op('set_cpumask(p, allowed)', p, { text: 'allowed', type: 'cpumask' }),
  { ...op('update_idle(cpu, idle)', cpu), values: [{ text: 'idle', type: 'bool' }] },
  { ...op('exit_task(p, args)', p), values: [{ text: 'args.cancelled', type: 'bool' }] },
  { ...op('init_task(p, args)', p), values: [{ text: 'args.fork', type: 'bool' }], leave: 'return 0', last: () => ['return 0'] },
  { head: 'yield(from, _)', things: [{ text: 'from', type: 'task' }], leave: 'return false', last: () => ['return true'] },
  {
    head: 'core_sched_before(a, b)',
    things: [{ text: 'a', type: 'task' }, { text: 'b', type: 'task' }],
    leave: 'return false',
    last: () => ['return a.pid < b.pid'],
  },
]; // prettier-ignore

const ofGroup = (text: string): Named => ({ text: `(${text}.level as s64)`, type: 's64' });
const OF_TWO = [ofGroup('from'), ofGroup('to')];

/** Operations that few have. */
const FEW: readonly Op[] = [
  { head: 'init()', leave: 'return 0', last: (c) => [c.pick(['return 0', 'return -22'])] },
  {
    ...op('exit(info)'),
    values: [
      { text: '(info.kind as s64)', type: 's64' },
      { text: 'info.exit_code', type: 's64' },
    ],
  },
  {
    head: 'cgroup_init(group, args)',
    values: [ofGroup('group'), { text: '(args.weight as u64)', type: 'u64' }],
    leave: 'return 0',
    last: () => ['return 0'],
  },
  { ...op('cgroup_exit(group)'), values: [ofGroup('group')] },
  { ...op('cgroup_set_weight(group, w)'), values: [ofGroup('group'), { text: '(w as u64)', type: 'u64' }] },
  { ...op('cgroup_move(p, from, to)', p), values: OF_TWO },
  { ...op('cgroup_prep_move(p, from, to)', p), values: OF_TWO, leave: 'return -1', last: () => ['return 0'] },
  { ...op('cgroup_cancel_move(p, from, to)', p), values: OF_TWO },
];

/** What a scheduler may do at once, beside what the agent does for it. */
const acts: Ask = (c, scope, e) => {
  const task = (): string => c.pick(namedThings(scope, 'task'));
  const some = (): string => c.pick(namedThings(scope, 'cpu'));
  const ways: (() => string)[] = [
    () => `kick(${some()})`,
    () => `scx_bpf_kick_cpu(${some()}, ${c.pick(['SCX_KICK_IDLE', '0'])})`,
    () => `set_slice(${task()}, ${e('duration', false)})`,
    () => `${task()}.scx.slice ${c.pick(['=', '+=', '-='])} ${e('duration', false)}`,
    () => `${task()}.scx.dsq_vtime = ${e('vtime', false)}`,
    () => `${task()}.scx.dsq_vtime += ${e('duration', false)}`,
    () => `if scx_bpf_test_and_clear_cpu_idle(${some()}) { kick(${some()}) }`,
    () => `scx_bpf_cpuperf_set(${some()}, ${e('u32', false)})`,
    () => `for q in ${c.pick(['q0', 'q1'])} max ${1 + c.below(3)} { if q.pid == ${task()}.pid { break } }`,
    () => `log "{scx_bpf_task_cpu(${task()})} {scx_bpf_task_running(${task()})}"`,
    () => `log "{scx_bpf_dsq_nr_queued(q0)} {q1.len}"`,
    () => `if let i = scx_bpf_pick_any_cpu(${mask(c, scope, 2)}, 0) { log "{i}" }`,
    () => action(c, scope, e),
  ];
  return c.pick(ways)();
};

/** The policy for sched_ext that these choices make. */
export const schedExtPolicyFrom = (tapes: Tapes & { readonly hooks: Choices }): RandomPolicy =>
  policyFor(tapes, 'sched_ext', (host) => {
    const { hooks: c } = tapes;
    const ops = [...ALWAYS, ...SOME.filter(() => c.flip(3)), ...FEW.filter(() => c.flip(5))];
    return joined([QUEUES, ...ops.map((one, i) => opText(c, host, one, i === 0))]);
  });

function opText(
  c: Choices,
  { base, scope, stored, functions, readers }: Host,
  one: Op,
  calls: boolean,
): string {
  const { head, things = [], values = [], leave, last } = one;
  const inner: Scope = {
    ...scope,
    things: [...base.things, ...things],
    values: [...base.values, ...values, ...OF_QUEUES],
    clock: true,
  };
  const left: Leave | undefined = leave === undefined ? undefined : { leave };
  const called = calls ? uses(c, [...functions, ...readers], 'p') : [];
  return braced(
    `on op ${head}`,
    body(c, inner, stored, acts, left, [...called, ...(last?.(c, inner) ?? [])]),
  );
}
