import { describe, expect, test } from 'vitest';
import { KINDS, TASK_STATE } from '../../server/src/trace/kinds.ts';
import { line, readOne, readTrace } from './support.ts';

const fields = (event: string) => readOne(line(event)).fields;

/** Every form of each event that is known to be printed, and what is in it. */
const FORMS: readonly (readonly [event: string, fields: Record<string, number | string>])[] = [
  [
    'sched_waking: comm=CPU 0/KVM pid=22741 prio=120 target_cpu=001',
    { pid: 22741, prio: 120, target_cpu: 1 },
  ],
  ['sched_wakeup: comm=sh pid=1642 prio=120 success=1 target_cpu=2', { pid: 1642, prio: 120, target_cpu: 2 }],
  ['sched_wakeup_new: comm=dl pid=9 prio=-1 target_cpu=000', { pid: 9, prio: -1, target_cpu: 0 }],
  ['sched_wakeup:         kvm-pit/1094:1108 [120] CPU:000', { pid: 1108, prio: 120, target_cpu: 0 }],
  ['sched_wakeup:         a b:1108 [-1] success=1 CPU:003', { pid: 1108, prio: -1, target_cpu: 3 }],
  [
    'sched_migrate_task: comm=kworker/u8:3 pid=46 prio=120 orig_cpu=1 dest_cpu=255',
    { pid: 46, prio: 120, orig_cpu: 1, dest_cpu: 255 },
  ],
  ['sched_process_fork: comm=bash pid=7 child_comm=bash child_pid=8', { parent_pid: 7, child_pid: 8 }],
  [
    'sched_process_fork: parent_comm=bash parent_pid=7 child_comm=bash child_pid=8',
    { parent_pid: 7, child_pid: 8 },
  ],
  ['sched_process_exec: filename=/a pid=1 old_pid=2/b pid=8 old_pid=9', { pid: 8, old_pid: 9 }],
  ['sched_process_exit: comm=ls pid=22776 prio=120 group_dead=true', { pid: 22776, prio: 120 }],
  ['sched_process_exit: comm=ls pid=22776 prio=120', { pid: 22776, prio: 120 }],
  ['sched_stat_runtime: comm=bash pid=7 runtime=3130465 [ns]', { pid: 7, runtime: 3130465 }],
  ['sched_stat_runtime: comm=bash pid=7 runtime=31 [ns] vruntime=9999 [ns]', { pid: 7, runtime: 31 }],
  ['sched_pi_setprio: comm=bash pid=7 oldprio=120 newprio=-1', { pid: 7, oldprio: 120, newprio: -1 }],
  ['kvm_entry: vcpu 3', { vcpu_id: 3, rip: 0 }],
  ['kvm_entry: vcpu 0, rip 0x1069', { vcpu_id: 0, rip: 0x1069 }],
  ['kvm_entry: vcpu 0, rip 0x1069[immediate exit]', { vcpu_id: 0, rip: 0x1069 }],
  [
    'kvm_entry: vcpu 1, rip 0x1069 intr_info 0x00000000 error_code 0x00000000[immediate exit]',
    { vcpu_id: 1, rip: 0x1069 },
  ],
  ['kvm_entry: PC: 0xffff800010081e24', { vcpu_id: -1, rip: Number('0xffff800010081e24') }],
  ['kvm_exit: reason HLT rip 0x201 info 0 0', { vcpu_id: -1, exit_reason: 'HLT', guest_rip: 0x201 }],
  [
    'kvm_exit:             reason EXIT_MSR rip 0x1084 info 1 0',
    { vcpu_id: -1, exit_reason: 'EXIT_MSR', guest_rip: 0x1084 },
  ],
  [
    'kvm_exit: vcpu 2 reason PF excp rip 0x1068 info1 0x0000000000000000 info2 0x0000000000000000 intr_info 0x00000000 error_code 0x00000000 requests 0x0000000000000000',
    { vcpu_id: 2, exit_reason: 'PF excp', guest_rip: 0x1068 },
  ],
  [
    'kvm_exit: TRAP: HSR_EC: 0x0001 (WFx), PC: 0x0000000000001068',
    { vcpu_id: -1, exit_reason: 'WFx', guest_rip: 0x1068 },
  ],
  [
    'kvm_exit: exit_reason=0x78 guest_rip=0x1068 isa=2 info1=0x0 vcpu_id=1',
    { vcpu_id: 1, exit_reason: 'hlt', guest_rip: 0x1068 },
  ],
  [
    'kvm_exit: exit_reason=12 guest_rip=0x1068 isa=1 info1=0x0',
    { vcpu_id: -1, exit_reason: 'HLT', guest_rip: 0x1068 },
  ],
  [
    'kvm_exit: exit_reason=0x80000021 guest_rip=0x1 isa=1 vcpu_id=0',
    { vcpu_id: 0, exit_reason: '0x80000021', guest_rip: 1 },
  ],
  [
    'kvm_exit: exit_reason=0x8000000c guest_rip=0x1 isa=1 vcpu_id=0',
    { vcpu_id: 0, exit_reason: 'HLT', guest_rip: 1 },
  ],
  ['kvm_inj_virq: irq 64', { vector: 64, soft: 0, reinjected: 0 }],
  ['kvm_inj_virq: IRQ 0x40', { vector: 0x40, soft: 0, reinjected: 0 }],
  ['kvm_inj_virq: IRQ 0x40 [reinjected]', { vector: 0x40, soft: 0, reinjected: 1 }],
  ['kvm_inj_virq: Soft/INTn 0x80', { vector: 0x80, soft: 1, reinjected: 0 }],
  ['kvm_vcpu_wakeup: wait time 960026 ns, polling valid', { ns: 960026, waited: 1, valid: 1 }],
  ['kvm_vcpu_wakeup: poll time 13428 ns, polling invalid', { ns: 13428, waited: 0, valid: 0 }],
  ['kvm_vcpu_wakeup: ns=3744115 waited=1 valid=1', { ns: 3744115, waited: 1, valid: 1 }],
  ['kvm_halt_poll_ns: vcpu 5: halt_poll_ns 10000 (grow 0)', { vcpu_id: 5, new: 10000, old: 0, grow: 1 }],
  ['kvm_halt_poll_ns: vcpu 0: halt_poll_ns 0 (shrink 10000)', { vcpu_id: 0, new: 0, old: 10000, grow: 0 }],
  ['kvm_halt_poll_ns: grow=1 vcpu_id=4 new=10000 old=0', { vcpu_id: 4, new: 10000, old: 0, grow: 1 }],
  ['kvm_userspace_exit: reason KVM_EXIT_IO (2)', { reason: 2, errno: 0 }],
  ['kvm_userspace_exit: reason restart (4)', { reason: -1, errno: -4 }],
  ['kvm_userspace_exit: reason error (14)', { reason: -1, errno: -14 }],
  ['kvm_userspace_exit: reason=2 errno=0', { reason: 2, errno: 0 }],
  ['kvm_apic_accept_irq: apicid 1f vec 65 (Fixed|edge)', { apicid: 0x1f, vec: 65 }],
  [
    'kvm_apic_ipi: dst ffffffff vec 253 (Fixed|physical|de-assert|edge|dst)',
    { dest_id: 0xffffffff, vec: 253 },
  ],
  ['kvm_apic_ipi: icr_low=0x41 dest_id=1', { dest_id: 1, vec: 0x41 }],
  ['kvm_set_irq: gsi 0 level 1 source 2', { gsi: 0, level: 1, irq_source_id: 2 }],
  ['kvm_pio: pio_write at 0x20 size 1 count 1 val 0x20 ', { rw: 1, port: 0x20, size: 1 }],
  ['kvm_pio: pio_read at 0x3f8 size 4 count 2 val 0x0 (...)', { rw: 0, port: 0x3f8, size: 4 }],
  ['kvm_pio: rw=1 port=0xe9 size=1 count=1 val=0x2e', { rw: 1, port: 0xe9, size: 1 }],
  ['kvm_msr: msr_write 80b = 0x0', { write: 1, ecx: 0x80b, data: 0 }],
  ['kvm_msr: msr_read c0000080 = 0xd01 (#GP)', { write: 0, ecx: 0xc0000080, data: 0xd01 }],
  ['kvm_hypercall: nr 0x5 a0 0x1 a1 0x0 a2 0x0 a3 0x0', { nr: 5 }],
  ['kvm_ple_window_update: vcpu 1 old 4096 new 8192 (growed)', { vcpu_id: 1, old: 4096, new: 8192 }],
  ['kvm_fpu: load', { load: 1 }],
  ['kvm_fpu: unload', { load: 0 }],
  ['kvm_fpu: [FAILED TO PARSE] load=1', { load: 1 }],
];

describe('payloads', () => {
  test.each(FORMS)('%s', (event, expected) => {
    const row = readOne(line(event));
    expect(event.startsWith(`${row.name}:`)).toBe(true);
    expect(row.fields).toEqual(expected);
  });

  test('are covered for every kind of event', () => {
    const covered = new Set(FORMS.map(([event]) => event.slice(0, event.indexOf(':'))));
    const missing = KINDS.filter(({ name }) => !covered.has(name) && name !== 'sched_switch');
    expect(missing).toEqual([]);
  });
});

/** What `sched_switch` says of the previous task's state, and what that is in the columns. */
const STATES: readonly (readonly [printed: string, state: number])[] = [
  ['R', 0],
  ['R+', TASK_STATE.preempted],
  ['S', TASK_STATE.interruptible],
  ['D', TASK_STATE.uninterruptible],
  ['D|K', TASK_STATE.uninterruptible],
  ['D|W', TASK_STATE.uninterruptible],
  ['T', TASK_STATE.stopped],
  ['t', TASK_STATE.traced],
  ['X', TASK_STATE.dead],
  ['x', TASK_STATE.dead],
  ['Z', TASK_STATE.zombie],
  ['P', TASK_STATE.parked],
  ['I', TASK_STATE.idle],
  ['S|D', TASK_STATE.interruptible | TASK_STATE.uninterruptible],
  ['0', 0],
  ['1', TASK_STATE.interruptible],
  ['2', TASK_STATE.uninterruptible],
  ['32', TASK_STATE.zombie],
  ['128', TASK_STATE.idle],
  ['256', TASK_STATE.preempted],
  ['130', TASK_STATE.uninterruptible],
  ['1024', TASK_STATE.preempted],
  ['4096', TASK_STATE.preempted],
];

describe('sched_switch', () => {
  test.each(STATES)('prev_state=%s', (printed, state) => {
    const event = `sched_switch: prev_comm=a prev_pid=7 prev_prio=120 prev_state=${printed} ==> next_comm=b next_pid=8 next_prio=-1`;
    const expected = { prev_pid: 7, next_pid: 8, prev_prio: 120, next_prio: -1, prev_state: state };
    expect(fields(event)).toEqual(expected);
    expect(fields(event.replace(' ==>', ''))).toEqual(expected);
  });

  test.each([
    ['R', 0],
    ['S', TASK_STATE.interruptible],
    ['D', TASK_STATE.uninterruptible],
    // The plugin of trace-cmd prints these letters for what Linux 6.18 recorded as 32 and 128.
    ['X', TASK_STATE.zombie],
    ['W', TASK_STATE.idle],
    ['D|W', TASK_STATE.uninterruptible],
  ])('comm:pid [prio] %s ==> comm:pid [prio]', (printed, state) => {
    const event = `sched_switch:         kworker/1:1H:7 [100] ${printed} ==> swapper/1:0 [120]`;
    expect(fields(event)).toEqual({
      prev_pid: 7,
      next_pid: 0,
      prev_prio: 100,
      next_prio: 120,
      prev_state: state,
    });
  });
});

/** Names of tasks that look like something else; all are 15 bytes or fewer, as the kernel has them. */
const NAMES = [
  'npm i chevrotai',
  'CPU 0/KVM',
  'kworker/u8:3-ev',
  'kworker/1:1H',
  'kvm-pit/1095',
  'a-1',
  'x [000] y',
  'a-1 [000] d.',
  ' pid=1 prio=2',
  ' prev_pid=1',
  ' next_pid=3',
  ' child_pid=3',
  ' ==> next_comm=',
  'a ==> b',
  'b:7 [120] S',
  '(   7) [001]',
  '1.5: sched_x:',
  'comm=a pid=1',
  '<idle>',
  '[FAILED]',
  'naïve ☃',
  '=',
  '-',
  '# x',
];

describe('names of tasks', () => {
  test.each(NAMES)('%j', (name) => {
    const text = [
      line(`sched_waking: comm=${name} pid=11 prio=120 target_cpu=003`, { comm: name, tid: 10 }),
      line(`sched_migrate_task: comm=${name} pid=12 prio=120 orig_cpu=0 dest_cpu=1`, { comm: name, tid: 10 }),
      line(`sched_process_fork: comm=${name} pid=13 child_comm=${name} child_pid=14`, {
        comm: name,
        tid: 10,
      }),
      line(`sched_process_exit: comm=${name} pid=15 prio=120`, { comm: name, tid: 10 }),
      line(
        `sched_switch: prev_comm=${name} prev_pid=16 prev_prio=120 prev_state=R+ ==> next_comm=${name} next_pid=17 next_prio=100`,
        { comm: name, tid: 10 },
      ),
    ];
    const trace = readTrace(`${text.join('\n')}\n`);
    expect(trace).toMatchObject({ length: 5, skipped: 0 });
    expect([...trace.a]).toEqual([11, 12, 13, 15, 16]);
    expect([...trace.b]).toEqual([3, 1 << 16, 14, 0, 17]);
    expect([...trace.tid]).toEqual([10, 10, 10, 10, 10]);
    for (const tid of [11, 12, 13, 14, 15, 16, 17]) expect(trace.tasks.get(tid)?.comm).toBe(name);
  });

  test('take what the event says over the left column, and the last that was said', () => {
    const trace = readTrace(
      [
        line('sched_waking: comm=old pid=8 prio=120 target_cpu=000', { comm: 'left', tid: 9 }),
        line('sched_waking: comm=new pid=8 prio=120 target_cpu=000', { comm: '<...>', tid: 10 }),
        line('sched_waking: comm=mine pid=9 prio=120 target_cpu=000', { comm: 'stale', tid: 8 }),
        '',
      ].join('\n'),
    );
    expect([...trace.tasks.values()].map(({ tid, comm }) => [tid, comm])).toEqual([
      [9, 'mine'],
      [8, 'new'],
      [10, '<...>'],
    ]);
  });
});
