import { describe, expect, it } from 'vitest';
import { applyFix, diagnose } from './support.ts';

const said = (text: string, code: string): number => diagnose(text).filter((one) => one.code === code).length;

const scheduler = (enqueue: string, dispatch = '', more = ''): string => `policy p for sched_ext
dsq shared_queue
${more}
on op enqueue(p, enq_flags) {
${enqueue}
}
on op dispatch(cpu, prev) {
${dispatch}
scx_bpf_dsq_move_to_local(shared_queue)
}
`;
const INSERT = 'scx_bpf_dsq_insert(p, shared_queue, 5ms, enq_flags)';

describe('state that an interrupt changes too', () => {
  const policy = (
    inner: string,
    outer: string,
    at = 'sched:sched_process_exit(_)',
  ): string => `policy p for tracing
state { total: u64, last: u64 }
state cpu { recent: list of u64 max 4 }
counter n
on tracepoint irq:irq_handler_entry(irq) { ${inner} }
on tracepoint ${at} { ${outer} }
`;

  it.each([
    ['both read and write', 'total = total * 2', 'total = total + 1'],
    ['both push', 'this_cpu().recent.push(1)', 'this_cpu().recent.push(2)'],
    ['one pushes, the other empties', 'this_cpu().recent.push(1)', 'this_cpu().recent.clear()'],
  ])('is found where %s', (_, inner, outer) => {
    expect(said(policy(inner, outer), 'PV4030')).toBe(1);
  });

  it.each([
    ['each step is one', 'total += 2', 'total += 1'],
    ['one stores what does not depend on it', 'total = total * 2', 'total = 0'],
    ['they change different state', 'total = total * 2', 'last = last * 2'],
    ['it is a counter', 'n += 1', 'n += 1'],
    ['one only reads', 'total = total * 2', 'last = total'],
  ])('is fine where %s', (_, inner, outer) => {
    expect(said(policy(inner, outer), 'PV4030')).toBe(0);
  });

  it('is fine where the other runs with interrupts off', () => {
    expect(said(policy('total = total * 2', 'total = total + 1', 'sched:sched_switch()'), 'PV4030')).toBe(0);
  });

  it('is found by way of a function, and in a timer', () => {
    const text = `policy p for tracing
state { total: u64 }
fn grow() { total = total * 2 + 1 }
on tracepoint sched:sched_process_exit(_) { grow() }
every 10ms { grow() }
`;
    expect(said(text, 'PV4030')).toBe(1);
  });
});

describe('the frequency of another CPU', () => {
  const policy = (body: string): string => `policy p for sched_ext\non op running(p) {\n${body}\n}\n`;

  it.each([
    ['a number', 'scx_bpf_cpuperf_set(3, 512)'],
    ['a variable', 'var c = this_cpu()\nif p.pid > 3 { c = 1 }\nscx_bpf_cpuperf_set(c, 512)'],
  ])('is found for %s', (_, body) => expect(said(policy(body), 'PV4031')).toBe(1));

  // Also another CPU may begin to run the task anew, as when its affinity changes: the op runs there.
  it.each([
    ['the CPU that runs the op', 'scx_bpf_cpuperf_set(this_cpu(), 512)'],
    ['the CPU of another task', 'scx_bpf_cpuperf_set(scx_bpf_task_cpu(current()), 512)'],
  ])('is found for %s', (_, body) => expect(said(policy(body), 'PV4031')).toBe(1));

  it.each([
    ['the CPU of the task', 'scx_bpf_cpuperf_set(scx_bpf_task_cpu(p), 512)'],
    ['a name for it', 'let c = scx_bpf_task_cpu(p)\nscx_bpf_cpuperf_set(c, 512)'],
    ['another name for the task', 'let t = p\nscx_bpf_cpuperf_set(scx_bpf_task_cpu(t), 512)'],
  ])('is fine for %s', (_, body) => expect(said(policy(body), 'PV4031')).toBe(0));

  it.each([
    ['dispatch(cpu, prev)', 'cpu', 'this_cpu()'],
    ['update_idle(c, idle)', 'c', 'this_cpu()'],
    ['tick(p)', 'this_cpu()', '3'],
    ['tick(p)', 'scx_bpf_task_cpu(p)', 'scx_bpf_task_cpu(p) == 0 ? 1 : 0'],
    ['enqueue(p, flags)', 'scx_bpf_task_cpu(p)', 'this_cpu()'],
  ])('knows whose run queue %s locks: %s, and not %s', (op, own, other) => {
    const text = (cpu: string): string =>
      `policy p for sched_ext\non op ${op} { scx_bpf_cpuperf_set(${cpu}, 512) }\n`;
    expect(said(text(own), 'PV4031')).toBe(0);
    expect(said(text(other), 'PV4031')).toBe(1);
    const [fix] = diagnose(text(other)).find(({ code }) => code === 'PV4031')?.fixes ?? [];
    expect(said(applyFix(text(other), fix), 'PV4031')).toBe(0);
  });

  it('is fine outside of the ops, and on kernels that take no lock', () => {
    expect(said('policy p for sched_ext\nevery 10ms { scx_bpf_cpuperf_set(1, 512) }', 'PV4031')).toBe(0);
  });
});

describe('a slice that is too short', () => {
  it.each(['1us', '0ns', 'p.static_prio > 120 ? 5ms : 10us'])('is found: %s', (slice) => {
    expect(said(scheduler(`scx_bpf_dsq_insert(p, shared_queue, ${slice}, enq_flags)`), 'PV5018')).toBe(1);
  });

  it('is found as the default of a parameter', () => {
    const param = 'param slice: duration = 5us in 1us..10ms';
    expect(
      said(scheduler('scx_bpf_dsq_insert(p, shared_queue, slice, enq_flags)', '', param), 'PV5018'),
    ).toBe(1);
  });

  it.each(['20us', '5ms', 'SCX_SLICE_DFL', 'p.scx.slice'])('is none: %s', (slice) => {
    expect(said(scheduler(`scx_bpf_dsq_insert(p, shared_queue, ${slice}, enq_flags)`), 'PV5018')).toBe(0);
  });
});

describe('an idle CPU that is claimed', () => {
  const pick = 'scx_bpf_pick_idle_cpu(p.cpus_ptr, 0)';

  it.each([
    ['dropped', `${INSERT}\n${pick}`],
    ['only asked about', `${INSERT}\nlet c = ${pick}\nif c == none { log "full" }`],
    ['bound and forgotten', `${INSERT}\nif let c = ${pick} { log "idle" }`],
    ['used on one path only', `${INSERT}\nif let c = ${pick} { if p.pid > 3 { kick(c) } }`],
    ['left by a return', `${INSERT}\nif let c = ${pick} {\nif p.pid > 3 { return }\nkick(c)\n}`],
    [
      'asked about only, by its affinity',
      `${INSERT}\nif let c = ${pick} { if can_run_on(p, c) { log "x" } }`,
    ],
    ['given another name', `${INSERT}\nlet c = ${pick}\nif let d = c { log "{d}" }`],
    ['any CPU', `${INSERT}\nif let c = scx_bpf_pick_any_cpu(p.cpus_ptr, 0) { log "any" }`],
    [
      'tested by its number',
      `${INSERT}\nfor c in cpus(p.cpus_ptr) { if scx_bpf_test_and_clear_cpu_idle(c) { break } }`,
    ],
  ])('is found where it is %s', (_, body) => expect(said(scheduler(body), 'PV5019')).toBe(1));

  it.each([
    ['kicked', `${INSERT}\nif let c = ${pick} { kick(c) }`],
    [
      'given the task',
      `if let c = ${pick} {\nscx_bpf_dsq_insert(p, local_on(c), 5ms, enq_flags)\nreturn\n}\n${INSERT}`,
    ],
    ['kept', `${INSERT}\nif let c = ${pick} { p.claimed = c }`],
    ['handed on', `${INSERT}\nif let c = ${pick} { wake(c) }`],
    ['used on both paths', `${INSERT}\nif let c = ${pick} { if p.pid > 3 { kick(c) } else { wake(c) } }`],
    ['kicked under another name', `${INSERT}\nlet c = ${pick}\nif let d = c { kick(d) }`],
    [
      'kicked after a test',
      `${INSERT}\nfor c in cpus(p.cpus_ptr) {\nif scx_bpf_test_and_clear_cpu_idle(c) {\nkick(c)\nbreak\n}\n}`,
    ],
  ])('is fine where it is %s', (_, body) => {
    const more = 'state task { claimed: cpu }\nfn wake(c: cpu) { kick(c) }';
    expect(said(scheduler(body, '', more), 'PV5019')).toBe(0);
  });

  it('is fine where select_cpu returns it', () => {
    const text = `policy p for sched_ext\non op select_cpu(p, prev_cpu, _) {\nif let c = ${pick} { return c }\nreturn prev_cpu\n}\n`;
    expect(said(text, 'PV5019')).toBe(0);
  });
});

describe('the idle CPU that select_cpu finds', () => {
  const policy = (body: string): string => `policy p for sched_ext
dsq shared_queue
on op select_cpu(p, prev_cpu, wake_flags) {
let (c, idle) = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags)
${body}
}
on op enqueue(p, enq_flags) { ${INSERT} }
on op dispatch() { scx_bpf_dsq_move_to_local(shared_queue) }
`;
  it('is used where it is returned', () => {
    const direct = 'if idle { scx_bpf_dsq_insert(p, LOCAL, 5ms, 0) }\nreturn c';
    expect(said(policy(direct), 'PV5019')).toBe(0);
  });

  it('is left alone where another CPU is returned', () => {
    expect(said(policy('if idle { log "idle" }\nreturn prev_cpu'), 'PV5019')).toBe(1);
  });
});

describe('insertions in dispatch', () => {
  const list = 'state { held: list of task max 64 }';
  const keep = `if is_kthread(p) { ${INSERT} } else { held.push(p) }`;
  const loop = (max: number): string => `for t in held max ${max} { scx_bpf_dsq_insert(t, GLOBAL, 5ms, 0) }`;

  it.each([
    ['a loop of more', loop(33)],
    ['loops of more together', `${loop(20)}\n${loop(20)}`],
    ['a list without a bound of its own', 'for t in held { scx_bpf_dsq_insert(t, GLOBAL, 5ms, 0) }'],
  ])('are too many: %s', (_, body) => {
    expect(said(scheduler(keep, `if cpu == 0 {\n${body}\n}`, list), 'PV5020')).toBe(1);
  });

  it.each([
    ['as many as there is room for', loop(32)],
    ['branches of as many', `if cpu == 1 { ${loop(32)} } else { ${loop(30)} }`],
    [
      'with the buffer emptied each time',
      'for t in held max 64 {\nscx_bpf_dsq_insert(t, GLOBAL, 5ms, 0)\nscx_bpf_dsq_move_to_local(shared_queue)\n}',
    ],
  ])('are not too many: %s', (_, body) => {
    expect(said(scheduler(keep, `if cpu == 0 {\n${body}\n}`, list), 'PV5020')).toBe(0);
  });
});

describe('a list that nobody takes from', () => {
  const list = 'state { held: list of task max 8 }\nstate task { next: task? }';
  const keep = `if is_kthread(p) { ${INSERT} } else { held.push(p) }`;

  it('is found', () => {
    expect(said(scheduler(keep, '', list), 'PV5021')).toBe(1);
    expect(said(scheduler(`${keep}\nheld.push(p)`, '', list), 'PV5021')).toBe(1);
  });

  it.each(['if held.len > 3 { log "many" }', 'held.clear()'])(
    'is found where all that is done is: %s',
    (body) => expect(said(scheduler(keep, body, list), 'PV5021')).toBe(1),
  );

  it('is fine where something reads it', () => {
    const body = 'for t in held max 8 { scx_bpf_dsq_insert(t, GLOBAL, 5ms, 0) }';
    expect(said(scheduler(keep, body, list), 'PV5021')).toBe(0);
  });
});
