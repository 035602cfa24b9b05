import { CONTEXT, type Trace } from './columns.ts';
import { type FieldPlace, KINDS, TASK_STATE, fieldReader } from './kinds.ts';
import { nameAt } from './names.ts';

/** One event, its fields by their kernel names. */
export interface EventOut {
  readonly row: number;
  readonly name: string;
  readonly fields: readonly (readonly [name: string, value: number | string])[];
}

/** Gives the event in a row. */
export function eventReader(trace: Trace): (row: number) => EventOut {
  const readers = KINDS.map(({ fields }, kind) =>
    Object.entries(fields).map(([field, place]) => {
      const read = fieldReader(trace, kind, field)!;
      return [field, (row: number) => shown(trace, place, read(row))] as const;
    }),
  );
  return (row) => {
    const kind = trace.kind[row]!;
    return {
      row,
      name: KINDS[kind]!.name,
      fields: readers[kind]!.map(([field, read]) => [field, read(row)]),
    };
  };
}

function shown(trace: Trace, { as }: FieldPlace, value: number): number | string {
  if (as === 'string') return trace.strings[value] ?? '';
  return as === 'state' ? stateLetters(value) : value;
}

const LETTERS: readonly (readonly [bit: number, letter: string])[] = [
  [TASK_STATE.interruptible, 'S'],
  [TASK_STATE.uninterruptible, 'D'],
  [TASK_STATE.stopped, 'T'],
  [TASK_STATE.traced, 't'],
  [TASK_STATE.dead, 'X'],
  [TASK_STATE.zombie, 'Z'],
  [TASK_STATE.parked, 'P'],
  [TASK_STATE.idle, 'I'],
];

/** The state as sched_switch prints it: `S`, `R`, `R+`, `D|K`… */
export function stateLetters(state: number): string {
  const letters = LETTERS.filter(([bit]) => (state & bit) !== 0).map(([, letter]) => letter);
  const text = letters.length === 0 ? 'R' : letters.join('|');
  return (state & TASK_STATE.preempted) === 0 ? text : `${text}+`;
}

/** What stands before the first event of ftrace text. */
export function textHead(trace: Trace): string {
  const { length, cpus } = trace;
  return `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${length}/${length}   #P:${cpus}\n#\n`;
}

/** Gives rows as lines of ftrace text, with nanoseconds, in a form that tracefs prints and this reader reads. */
export function lineWriter(trace: Trace): (row: number) => string {
  const eventAt = eventReader(trace);
  return (row) => {
    const { name, fields } = eventAt(row);
    const tid = Math.max(0, trace.tid[row]!);
    const values = Object.fromEntries(fields);
    const cpu = String(trace.cpu[row]).padStart(3, '0');
    const comm = commAt(trace, row);
    const payload = PAYLOADS[name]?.(values, (id) => comm(Number(id))) ?? plain(fields);
    return `${comm(tid).padStart(16)}-${String(tid).padEnd(7)} [${cpu}] ${flags(trace.context[row]!)}${clock(trace, row)}: ${name}: ${payload}\n`;
  };
}

/** Seconds with nine decimals, padded as tracefs does. */
export function clock(trace: Trace, row: number): string {
  const time = trace.baseNs + BigInt(Math.round(trace.time[row]!));
  return `${time / 1_000_000_000n}.${String(time % 1_000_000_000n).padStart(9, '0')}`.padStart(16);
}

/** The names of threads when the event in `row` fired. */
function commAt(trace: Trace, row: number): (tid: number) => string {
  const t = trace.time[row]!;
  return (tid) => (tid === 0 ? '<idle>' : (nameAt(trace, tid, t) ?? '<...>'));
}

function flags(context: number): string {
  const has = (bit: number): boolean => (context & bit) !== 0;
  if (!has(CONTEXT.known)) return '';
  const nested = has(CONTEXT.nmi)
    ? has(CONTEXT.hardirq)
      ? 'Z'
      : 'z'
    : has(CONTEXT.hardirq)
      ? has(CONTEXT.softirq)
        ? 'H'
        : 'h'
      : has(CONTEXT.softirq)
        ? 's'
        : '.';
  const mark = (bit: number, letter: string): string => (has(bit) ? letter : '.');
  return `${mark(CONTEXT.irqsOff, 'd')}${mark(CONTEXT.needResched, 'N')}${nested}${mark(CONTEXT.preemptOff, '1')}. `;
}

type Values = Readonly<Record<string, number | string>>;
type Comm = (tid: number | string | undefined) => string;
type Payload = (values: Values, comm: Comm) => string;

const idle = (comm: string): string => (comm === '<idle>' ? 'swapper/0' : comm);
const hex = (value: number | string | undefined): string => `0x${Number(value).toString(16)}`;
const task = (v: Values, comm: Comm): string => `comm=${idle(comm(v['pid']))} pid=${v['pid']}`;
const wake: Payload = (v, comm) =>
  `${task(v, comm)} prio=${v['prio']} target_cpu=${String(v['target_cpu']).padStart(3, '0')}`;

/** As the kernel prints them (include/trace/events/sched.h, arch/x86/kvm/trace.h, 6.12). */
const PAYLOADS: Readonly<Record<string, Payload>> = {
  sched_switch: (v, comm) =>
    `prev_comm=${idle(comm(v['prev_pid']))} prev_pid=${v['prev_pid']} prev_prio=${v['prev_prio']} prev_state=${v['prev_state']} ==> next_comm=${idle(comm(v['next_pid']))} next_pid=${v['next_pid']} next_prio=${v['next_prio']}`,
  sched_waking: wake,
  sched_wakeup: wake,
  sched_wakeup_new: wake,
  sched_migrate_task: (v, comm) =>
    `${task(v, comm)} prio=${v['prio']} orig_cpu=${v['orig_cpu']} dest_cpu=${v['dest_cpu']}`,
  sched_process_fork: (v, comm) =>
    `comm=${comm(v['parent_pid'])} pid=${v['parent_pid']} child_comm=${comm(v['child_pid'])} child_pid=${v['child_pid']}`,
  sched_process_exec: (v) => `filename= pid=${v['pid']} old_pid=${v['old_pid']}`,
  sched_process_exit: (v, comm) => `${task(v, comm)} prio=${v['prio']}`,
  sched_stat_runtime: (v, comm) => `${task(v, comm)} runtime=${v['runtime']} [ns]`,
  sched_pi_setprio: (v, comm) => `${task(v, comm)} oldprio=${v['oldprio']} newprio=${v['newprio']}`,
  kvm_entry: (v) =>
    v['vcpu_id'] === -1 ? `PC: ${hex(v['rip'])}` : `vcpu ${v['vcpu_id']}, rip ${hex(v['rip'])}`,
  kvm_exit: (v) =>
    `${v['vcpu_id'] === -1 ? '' : `vcpu ${v['vcpu_id']} `}reason ${v['exit_reason']} rip ${hex(v['guest_rip'])}`,
  kvm_inj_virq: (v) =>
    `${v['soft'] === 1 ? 'Soft/INTn' : 'IRQ'} ${hex(v['vector'])}${v['reinjected'] === 1 ? ' [reinjected]' : ''}`,
  kvm_vcpu_wakeup: (v) =>
    `${v['waited'] === 1 ? 'wait' : 'poll'} time ${v['ns']} ns, polling ${v['valid'] === 1 ? 'valid' : 'invalid'}`,
  kvm_halt_poll_ns: (v) =>
    `vcpu ${v['vcpu_id']}: halt_poll_ns ${v['new']} (${v['grow'] === 1 ? 'grow' : 'shrink'} ${v['old']})`,
  kvm_userspace_exit: (v) =>
    v['reason'] === -1
      ? `reason ${v['errno'] === -4 ? 'restart' : 'error'} (${-Number(v['errno'])})`
      : `reason KVM_EXIT (${v['reason']})`,
  kvm_apic_accept_irq: (v) => `apicid ${Number(v['apicid']).toString(16)} vec ${v['vec']}`,
  kvm_apic_ipi: (v) => `dst ${Number(v['dest_id']).toString(16)} vec ${v['vec']}`,
  kvm_set_irq: (v) => `gsi ${v['gsi']} level ${v['level']} source ${v['irq_source_id']}`,
  kvm_pio: (v) => `pio_${v['rw'] === 1 ? 'write' : 'read'} at ${hex(v['port'])} size ${v['size']}`,
  kvm_msr: (v) =>
    `msr_${v['write'] === 1 ? 'write' : 'read'} ${Number(v['ecx']).toString(16)} = ${hex(v['data'])}`,
  kvm_hypercall: (v) => `nr ${hex(v['nr'])}`,
  kvm_ple_window_update: (v) => `vcpu ${v['vcpu_id']} old ${v['old']} new ${v['new']}`,
  kvm_fpu: (v) => (v['load'] === 1 ? 'load' : 'unload'),
};

function plain(fields: EventOut['fields']): string {
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

/** Gives rows as lines of JSON: `t` is in ns of the trace's clock, as text where it is not exact as a number. */
export function jsonWriter(trace: Trace): (row: number) => string {
  const eventAt = eventReader(trace);
  return (row) => {
    const { name, fields } = eventAt(row);
    const time = trace.baseNs + BigInt(Math.round(trace.time[row]!));
    const t = time <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(time) : String(time);
    const tid = trace.tid[row]!;
    const head = { t, cpu: trace.cpu[row]!, tid, comm: commAt(trace, row)(tid), event: name };
    return `${JSON.stringify({ ...head, ...Object.fromEntries(fields) })}\n`;
  };
}
