import type { Trace } from './columns.ts';
import { KINDS, kindIndex } from './kinds.ts';
import type { Vm } from './vms.ts';

/** What a vCPU did, as far as the events of the trace tell. Times in ns. */
export interface VcpuTimes {
  readonly tid: number;
  /** On a CPU, in guest or host. */
  readonly runNs: number;
  /** Of that: between kvm_entry and kvm_exit. 0 where the trace has none. */
  readonly guestNs: number;
  /** kvm_vcpu_wakeup: times the vCPU came out of a halt. */
  readonly halts: number;
  /** kvm_inj_virq. */
  readonly injected: number;
  /** kvm_exit by reason, the most frequent first. */
  readonly exits: readonly (readonly [reason: string, count: number])[];
}

interface Counting {
  run: number;
  guest: number;
  halts: number;
  injected: number;
  exits: Map<string, number>;
  /** When it came onto the CPU, into the guest; −1: it is not there. */
  on: number;
  inside: number;
}

const [SWITCH, ENTRY, EXIT, INJECTED, WAKEUP] = [
  'sched_switch',
  'kvm_entry',
  'kvm_exit',
  'kvm_inj_virq',
  'kvm_vcpu_wakeup',
].map(kindIndex);

/** Times and counts of each vCPU of `vms`, by its thread. */
export function vcpuTimes(trace: Trace, vms: readonly Vm[]): ReadonlyMap<number, VcpuTimes> {
  const counting = new Map<number, Counting>();
  for (const { tid } of vms.flatMap((vm) => vm.vcpus))
    counting.set(tid, { run: 0, guest: 0, halts: 0, injected: 0, exits: new Map(), on: -1, inside: -1 });
  for (let row = 0; row < (counting.size > 0 ? trace.length : 0); row++) count(trace, row, counting);
  const end = trace.durationNs;
  return new Map([...counting].map(([tid, one]) => [tid, timesOf(tid, one, end)]));
}

function count(trace: Trace, row: number, counting: ReadonlyMap<number, Counting>): void {
  const time = trace.time[row]!;
  const kind = trace.kind[row]!;
  if (kind === SWITCH) {
    const [prev, next] = [counting.get(trace.a[row]!), counting.get(trace.b[row]!)];
    if (prev) leave(prev, time);
    if (next) next.on = time;
    return;
  }
  if (KINDS[kind]!.system !== 'kvm') return;
  const current = counting.get(trace.tid[row]!);
  if (!current) return;
  if (kind === ENTRY) current.inside = time;
  else if (kind === INJECTED) current.injected++;
  else if (kind === WAKEUP) current.halts++;
  else if (kind === EXIT) {
    if (current.inside >= 0) current.guest += time - current.inside;
    current.inside = -1;
    const reason = trace.strings[trace.b[row]!] ?? '';
    current.exits.set(reason, (current.exits.get(reason) ?? 0) + 1);
  }
}

/** A task that is switched out has left the guest, even where its exit was lost. */
function leave(one: Counting, time: number): void {
  if (one.on >= 0) one.run += time - one.on;
  one.on = -1;
  one.inside = -1;
}

function timesOf(tid: number, one: Counting, end: number): VcpuTimes {
  return {
    tid,
    runNs: one.run + (one.on >= 0 ? end - one.on : 0),
    guestNs: one.guest,
    halts: one.halts,
    injected: one.injected,
    exits: [...one.exits].toSorted((left, right) => right[1] - left[1] || (left[0] < right[0] ? -1 : 1)),
  };
}
