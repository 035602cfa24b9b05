import type { Trace } from './columns.ts';

/** Where a field of an event lives, and what it is. */
export interface FieldPlace {
  readonly column: 'a' | 'b' | 'c' | 'wide';
  /** Bit position and width inside an integer column; absent: the whole column. */
  readonly shift?: number;
  readonly bits?: number;
  /**
   * 'string': an index into `Trace.strings`. 'prio': stored plus one, so that −1 (deadline) fits. 'state': bits of
   * TASK_STATE. 'u32': stored as the same 32 bits, signed. An 'int' in `wide` above 2^53 is rounded.
   */
  readonly as: 'int' | 'u32' | 'bool' | 'tid' | 'cpu' | 'ns' | 'string' | 'prio' | 'state';
}

export interface Kind {
  readonly system: 'sched' | 'kvm' | 'irq' | 'timer' | 'power';
  readonly name: string;
  /** By the name of the field in the event's tracefs format. */
  readonly fields: Readonly<Record<string, FieldPlace>>;
}

/**
 * Bits of `prev_state` of sched_switch: in what state a task left its CPU. They are those that the event itself
 * reports since 4.14 (include/trace/events/sched.h, include/linux/sched.h). No bit: still runnable, preempted on the
 * way out of the kernel or yielding, printed as R. `preempted`: still runnable too, preempted inside the kernel,
 * printed as R+ (bit 0x100, TASK_REPORT_MAX). Anything else: blocked or gone.
 */
export const TASK_STATE = {
  interruptible: 0x01,
  uninterruptible: 0x02,
  stopped: 0x04,
  traced: 0x08,
  dead: 0x10,
  zombie: 0x20,
  parked: 0x40,
  idle: 0x80,
  preempted: 0x100,
} as const;

const task = (column: 'a' | 'b' | 'c'): FieldPlace => ({ column, as: 'tid' });
const int = (column: FieldPlace['column']): FieldPlace => ({ column, as: 'int' });
const u32 = (column: 'a' | 'b' | 'c'): FieldPlace => ({ column, as: 'u32' });
const bits = (column: 'a' | 'b' | 'c', shift: number, width: number, as: FieldPlace['as']): FieldPlace => ({
  column,
  shift,
  bits: width,
  as,
});

const WAKE = {
  pid: task('a'),
  target_cpu: { column: 'b', as: 'cpu' },
  prio: { column: 'c', as: 'prio' },
} as const satisfies Kind['fields'];

/** The events that policies and the simulator use. The order is the encoding of `Trace.kind`. */
export const KINDS: readonly Kind[] = [
  {
    system: 'sched',
    name: 'sched_switch',
    fields: {
      prev_pid: task('a'),
      next_pid: task('b'),
      prev_prio: bits('c', 0, 8, 'prio'),
      next_prio: bits('c', 8, 8, 'prio'),
      prev_state: bits('c', 16, 15, 'state'),
    },
  },
  { system: 'sched', name: 'sched_waking', fields: WAKE },
  { system: 'sched', name: 'sched_wakeup', fields: WAKE },
  { system: 'sched', name: 'sched_wakeup_new', fields: WAKE },
  {
    system: 'sched',
    name: 'sched_migrate_task',
    fields: {
      pid: task('a'),
      orig_cpu: bits('b', 0, 16, 'cpu'),
      dest_cpu: bits('b', 16, 15, 'cpu'),
      prio: { column: 'c', as: 'prio' },
    },
  },
  { system: 'sched', name: 'sched_process_fork', fields: { parent_pid: task('a'), child_pid: task('b') } },
  { system: 'sched', name: 'sched_process_exec', fields: { pid: task('a'), old_pid: task('b') } },
  {
    system: 'sched',
    name: 'sched_process_exit',
    fields: { pid: task('a'), prio: { column: 'c', as: 'prio' } },
  },
  {
    system: 'sched',
    name: 'sched_stat_runtime',
    fields: { pid: task('a'), runtime: { column: 'wide', as: 'ns' } },
  },
  {
    system: 'sched',
    name: 'sched_pi_setprio',
    fields: { pid: task('a'), oldprio: { column: 'b', as: 'prio' }, newprio: { column: 'c', as: 'prio' } },
  },
  // vcpu_id is −1 where the recording kernel did not print it (kvm_exit before 5.8, arm64).
  { system: 'kvm', name: 'kvm_entry', fields: { vcpu_id: int('a'), rip: int('wide') } },
  {
    system: 'kvm',
    name: 'kvm_exit',
    fields: {
      vcpu_id: int('a'),
      exit_reason: { column: 'b', as: 'string' },
      guest_rip: int('wide'),
    },
  },
  {
    system: 'kvm',
    name: 'kvm_inj_virq',
    fields: { vector: int('a'), soft: bits('b', 0, 1, 'bool'), reinjected: bits('b', 1, 1, 'bool') },
  },
  {
    system: 'kvm',
    name: 'kvm_vcpu_wakeup',
    fields: {
      ns: { column: 'wide', as: 'ns' },
      waited: bits('a', 0, 1, 'bool'),
      valid: bits('a', 1, 1, 'bool'),
    },
  },
  {
    system: 'kvm',
    name: 'kvm_halt_poll_ns',
    fields: { grow: bits('a', 0, 1, 'bool'), vcpu_id: bits('a', 1, 30, 'int'), new: int('b'), old: int('c') },
  },
  // reason is −1 where errno is not 0: the kernel prints only one of them.
  { system: 'kvm', name: 'kvm_userspace_exit', fields: { reason: int('a'), errno: int('b') } },
  { system: 'kvm', name: 'kvm_apic_accept_irq', fields: { apicid: u32('a'), vec: int('b') } },
  { system: 'kvm', name: 'kvm_apic_ipi', fields: { dest_id: u32('a'), vec: int('b') } },
  { system: 'kvm', name: 'kvm_set_irq', fields: { gsi: int('a'), level: int('b'), irq_source_id: int('c') } },
  { system: 'kvm', name: 'kvm_pio', fields: { rw: int('a'), port: int('b'), size: int('c') } },
  { system: 'kvm', name: 'kvm_msr', fields: { write: int('a'), ecx: u32('b'), data: int('wide') } },
  { system: 'kvm', name: 'kvm_hypercall', fields: { nr: int('wide') } },
  {
    system: 'kvm',
    name: 'kvm_ple_window_update',
    fields: { vcpu_id: int('a'), new: int('b'), old: int('c') },
  },
  { system: 'kvm', name: 'kvm_fpu', fields: { load: bits('a', 0, 1, 'bool') } },
];

/** Index of the kind called `name`, or −1. */
export function kindIndex(name: string): number {
  return KINDS.findIndex((kind) => kind.name === name);
}

/** A function that gives the value of `field` in row `i`; undefined where the kind has no such field. */
export function fieldReader(
  trace: Trace,
  kind: number,
  field: string,
): ((row: number) => number) | undefined {
  const place = KINDS[kind]?.fields[field];
  if (!place) return undefined;
  const column = trace[place.column];
  const offset = place.as === 'prio' ? -1 : 0;
  if (place.as === 'u32') return (row) => (column[row] ?? 0) >>> 0;
  if (place.bits === undefined) return (row) => (column[row] ?? 0) + offset;
  const shift = place.shift ?? 0;
  const mask = 2 ** place.bits - 1;
  return (row) => (((column[row] ?? 0) >>> shift) & mask) + offset;
}
