import type { Value } from '../emit/executor/host.ts';
import type { Trace } from '../trace/columns.ts';
import { fieldReader, kindIndex, KINDS, TASK_STATE } from '../trace/kinds.ts';

/** Gives the value of a hook's argument at a row of the trace. */
export type Reader = (row: number) => Value;

/** An argument that is not a field of the event under its own name: which field has it, or how it is made up. */
type Source = string | ((trace: Trace, kind: number) => Reader);

/** Of `struct kvm_vcpu *` and of vCPUs: the thread that the event fired in. */
const ownThread: Source = (trace) => (row) => trace.tid[row] ?? 0;

/**
 * Arguments of tracepoints by `event.argument`, where the event's field has another name. What is neither here nor a
 * field of the event is not in a trace.
 */
const SOURCES: Readonly<Record<string, Source>> = {
  'sched_switch.prev': 'prev_pid',
  'sched_switch.next': 'next_pid',
  'sched_switch.preempt': (trace, kind) => {
    const state = requiredField(trace, kind, 'prev_state');
    return (row) => (state(row) & TASK_STATE.preempted) !== 0;
  },
  'sched_switch.prev_state': (trace, kind) => {
    const state = requiredField(trace, kind, 'prev_state');
    return (row) => rawState(state(row));
  },
  'sched_waking.p': 'pid',
  'sched_wakeup.p': 'pid',
  'sched_wakeup_new.p': 'pid',
  'sched_migrate_task.p': 'pid',
  'sched_process_fork.parent': 'parent_pid',
  'sched_process_fork.child': 'child_pid',
  'sched_process_exec.p': 'pid',
  'sched_process_exit.p': 'pid',
  'sched_stat_runtime.tsk': 'pid',
  'sched_pi_setprio.tsk': 'pid',
  'kvm_entry.vcpu': ownThread,
  'kvm_exit.vcpu': ownThread,
  'kvm_exit.isa': (trace, kind) => {
    const reason = requiredField(trace, kind, 'exit_reason');
    // KVM names the reasons of Intel in capitals and those of AMD in small letters (vmx.h, svm.h).
    return (row) => (/[A-Z]/.test(trace.strings[reason(row)] ?? '') ? 1 : 2);
  },
};

/** Why some arguments are in no trace, by `event.argument`. */
const ABSENT: Readonly<Record<string, string>> = {
  'sched_process_exec.bprm': 'it is a pointer',
  'sched_pi_setprio.pi_task': 'the event names the new priority, not its donor',
  'kvm_entry.force_immediate_exit': 'the reader of traces keeps only the vCPU and its rip',
  'kvm_apic_ipi.icr_low': 'the event decodes it and prints the vector',
};

/**
 * The bits that `sched_switch` reports (include/trace/events/sched.h) as the task's `__state`: a dead task has
 * TASK_DEAD there and its exit state elsewhere, an idle kernel thread is TASK_UNINTERRUPTIBLE | TASK_NOLOAD
 * (include/linux/sched.h). Qualifiers such as TASK_WAKEKILL are not reported.
 */
function rawState(reported: number): number {
  if ((reported & (TASK_STATE.dead | TASK_STATE.zombie)) !== 0) return 0x80;
  if ((reported & TASK_STATE.idle) !== 0) return 0x402;
  return reported & 0xff & ~TASK_STATE.preempted;
}

function requiredField(trace: Trace, kind: number, field: string): (row: number) => number {
  const read = fieldReader(trace, kind, field);
  if (!read) throw new Error(`${KINDS[kind]?.name} has no field ${field}`);
  return read;
}

/**
 * How to read argument `param` of the tracepoint `event`; a string says why no trace has it. `idleOf` is the idle task
 * of a CPU.
 */
export function bindParam(
  trace: Trace,
  event: string,
  param: string,
  idleOf: (cpu: number) => number = () => 0,
): Reader | string {
  const kind = kindIndex(event);
  const source = SOURCES[`${event}.${param}`] ?? param;
  if (typeof source !== 'string') return source(trace, kind);
  const read = fieldReader(trace, kind, source);
  if (!read) return ABSENT[`${event}.${param}`] ?? 'the reader of traces does not keep it';
  switch (KINDS[kind]?.fields[source]?.as) {
    case 'bool':
      return (row) => read(row) !== 0;
    case 'string':
      return (row) => trace.strings[read(row)] ?? '';
    case 'tid':
      return (row) => {
        const tid = read(row);
        return tid === 0 ? idleOf(trace.cpu[row] ?? 0) : tid;
      };
    default:
      return read;
  }
}
