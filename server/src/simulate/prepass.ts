import type { Trace } from '../trace/columns.ts';
import { fieldReader, kindIndex } from '../trace/kinds.ts';
import { ByThread } from './by-thread.ts';
import { staysRunnable } from './threads.ts';

/** Exit reasons after which KVM blocks the vCPU: `hlt` of AMD, `HLT` of Intel, `WFx` of arm64. */
const HALTS = /^(hlt|wf.)/i;

export const has = (trace: Trace, event: string): boolean => (trace.counts.get(event) ?? 0) > 0;

/** Reads a field of an event that is known to have it. */
export function field(trace: Trace, event: string, name: string): (row: number) => number {
  const read = fieldReader(trace, kindIndex(event), name);
  if (!read) throw new Error(`${event} has no field ${name}`);
  return read;
}

/**
 * Rows at which a halted vCPU goes to sleep (1): its thread leaves the CPU blocked, and either its last KVM event is
 * the exit of a halt, or its next one is a kvm_vcpu_wakeup that says it waited. Only threads of `vcpus` count.
 */
export function haltRows(trace: Trace, vcpus: { keys(): Iterable<number> }): Uint8Array {
  const rows = new Uint8Array(trace.length);
  const [exit, wakeup, change] = ['kvm_exit', 'kvm_vcpu_wakeup', 'sched_switch'].map(kindIndex);
  const reason = field(trace, 'kvm_exit', 'exit_reason');
  const waited = field(trace, 'kvm_vcpu_wakeup', 'waited');
  const state = field(trace, 'sched_switch', 'prev_state');
  const kvm = kvmKinds();
  const halts = trace.strings.map((text) => HALTS.test(text));
  const indices = new Map([...vcpus.keys()].map((tid, index) => [tid, index]));
  const halted = new Uint8Array(indices.size);
  /** The latest switch-out of each vCPU since its last KVM event, and for each the one before, plus one. */
  const asleep = new Int32Array(indices.size);
  const before = new Int32Array(trace.length);
  for (let row = 0; row < trace.length; row++) {
    const kind = trace.kind[row]!;
    if (kind !== change && kvm[kind] === 0) continue;
    const vcpu = indices.get(trace.tid[row]!);
    if (vcpu === undefined) continue;
    if (kind === change) {
      if (staysRunnable(state(row))) continue;
      if (halted[vcpu] === 1) rows[row] = 1;
      before[row] = asleep[vcpu]!;
      asleep[vcpu] = row + 1;
    } else {
      if (kind === wakeup && waited(row) === 1)
        for (let at = asleep[vcpu]!; at > 0; at = before[at - 1]!) rows[at - 1] = 1;
      asleep[vcpu] = 0;
      halted[vcpu] = kind === exit && halts[reason(row)] === true ? 1 : 0;
    }
  }
  return rows;
}

/** Events of KVM that fire in the thread of a vCPU, by kind (1). */
export function kvmKinds(): Uint8Array {
  const kinds = new Uint8Array(256);
  for (const name of VCPU_EVENTS) kinds[kindIndex(name)] = 1;
  return kinds;
}

/** KVM's events that only the thread of a vCPU causes (hooks.json: `current` is the vCPU). */
export const VCPU_EVENTS: readonly string[] = [
  'kvm_entry',
  'kvm_exit',
  'kvm_inj_virq',
  'kvm_vcpu_wakeup',
  'kvm_halt_poll_ns',
  'kvm_userspace_exit',
  'kvm_apic_ipi',
  'kvm_pio',
  'kvm_msr',
  'kvm_hypercall',
  'kvm_ple_window_update',
  'kvm_fpu',
];

/**
 * For each sched_waking, sched_wakeup and sched_wakeup_new the CPU on which the task was then placed: that of the
 * wake-up that follows, else of its next switch-in; −1 for other rows.
 */
export function placements(trace: Trace): Int32Array {
  const placed = new Int32Array(trace.length).fill(-1);
  const [waking, wakeup, wakeupNew, change] = [
    'sched_waking',
    'sched_wakeup',
    'sched_wakeup_new',
    'sched_switch',
  ].map(kindIndex);
  const next = field(trace, 'sched_switch', 'next_pid');
  const pid = field(trace, 'sched_wakeup', 'pid');
  const target = field(trace, 'sched_wakeup', 'target_cpu');
  const later = new ByThread((tid): Later => ({ tid, cpu: undefined }));
  for (let row = trace.length - 1; row >= 0; row--) {
    const kind = trace.kind[row];
    if (kind === change) later.of(next(row)).cpu = trace.cpu[row] ?? 0;
    else if (kind === wakeup || kind === wakeupNew) later.of(pid(row)).cpu = placed[row] = target(row);
    else if (kind === waking) placed[row] = later.of(pid(row)).cpu ?? target(row);
  }
  return placed;
}

interface Later {
  readonly tid: number;
  cpu: number | undefined;
}
