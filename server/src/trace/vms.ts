import type { Guest, Trace } from './columns.ts';
import { CONTEXT } from './columns.ts';
import { fieldReader, kindIndex } from './kinds.ts';

/** A vCPU: KVM's number of it in its VM, and the thread that runs it. */
export interface Vcpu {
  readonly id: number;
  readonly tid: number;
}

/** A virtual machine, as far as a trace shows it. */
export interface Vm {
  /** As the recorder calls it, else `vm-` and the id. */
  readonly name: string;
  /** Thread group of its process where that is known, else the lowest of its thread ids. */
  readonly id: number;
  /** By their number. */
  readonly vcpus: readonly Vcpu[];
  /** Threads of its process that the trace is known to show: the vCPUs, the main thread, I/O threads. */
  readonly tids: readonly number[];
  /** What says that these vCPUs belong together. */
  readonly evidence: Evidence;
  /** By nothing but the order of the thread ids: may be wrong where VMs were started at the same time. */
  readonly inferred: boolean;
}

/**
 * `guest`: the recorder told its vCPUs. `tgid`: the trace names the process. `worker`: a kernel thread that is named after the process wakes the vCPU.
 * `fork`: one thread is seen to make them. `order`: see `inferred`.
 */
export type Evidence = 'guest' | 'tgid' | 'worker' | 'fork' | 'order';

/** QEMU names the threads of vCPUs so (accel/kvm/kvm-accel-ops.c) where it names threads (`-name debug-threads=on`). */
const QEMU_VCPU = /^CPU (\d+)\/KVM$/;
/** How others name them; taken as a number only of threads that KVM's events show to be vCPUs. */
const ANY_VCPU = /vcpu[ _-]?(\d+)$/i;
/**
 * Kernel threads that work for one VM are named after its process, as its own namespace numbers it: the PIT timer
 * (arch/x86/kvm/i8254.c), and vhost (drivers/vhost/vhost.c) after the thread that set it up, as a rule the main one.
 */
const WORKER = /^(?:kvm-pit\/|vhost-)(\d+)$/;

/** KVM events that only ever fire in the thread of a vCPU, each with the field that numbers it, if it has one. */
const VCPU_EVENTS: readonly (readonly [event: string, id: string | undefined])[] = [
  ['kvm_entry', 'vcpu_id'],
  ['kvm_exit', 'vcpu_id'],
  ['kvm_halt_poll_ns', 'vcpu_id'],
  ['kvm_vcpu_wakeup', undefined],
  ['kvm_userspace_exit', undefined],
];

const UNKNOWN = -1;

/** The VMs of `trace` with their vCPUs, by their ids. */
export function findVms(trace: Trace): readonly Vm[] {
  const told = (trace.guests ?? []).flatMap((guest) => toldVm(trace, guest));
  const vcpus = vcpuNumbers(trace);
  for (const vm of told) for (const { tid } of vm.vcpus) vcpus.delete(tid);
  const groups = vcpus.size === 0 ? [] : grouped(vcpus, processesOf(trace, vcpus));
  return [...told, ...groups.map((group) => asVm(trace, group))].toSorted(
    (left, right) => left.id - right.id,
  );
}

/** A VM that the recorder told, of which the trace shows some vCPU. */
function toldVm(trace: Trace, { name, vcpus }: Guest): Vm[] {
  const shown = vcpus.filter(({ tid }) => trace.tasks.has(tid)).toSorted((left, right) => left.id - right.id);
  const tids = shown.map(({ tid }) => tid);
  if (tids.length === 0) return [];
  const group = trace.tasks.get(tids[0]!)?.tgid;
  return [{ name, id: group ?? Math.min(...tids), vcpus: shown, tids, evidence: 'guest', inferred: false }];
}

/** Number of the vCPU by the thread that runs it; −1 where the trace does not tell. */
function vcpuNumbers(trace: Trace): Map<number, number> {
  const numbers = new Map<number, number>();
  for (const task of trace.tasks.values()) {
    const number = QEMU_VCPU.exec(task.comm)?.[1];
    if (number !== undefined) numbers.set(task.tid, Number(number));
  }
  const readers = VCPU_EVENTS.map(([event, id]) => {
    const kind = kindIndex(event);
    return { kind, read: id === undefined ? undefined : fieldReader(trace, kind, id) };
  });
  const byKind = new Map(readers.map((reader) => [reader.kind, reader]));
  const told = new Set<number>();
  for (let row = 0; row < trace.length; row++) {
    const reader = byKind.get(trace.kind[row]!);
    const tid = trace.tid[row]!;
    if (!reader || tid <= 0 || told.has(tid)) continue;
    const number = reader.read?.(row) ?? UNKNOWN;
    if (number !== UNKNOWN) told.add(tid);
    if (number !== UNKNOWN || !numbers.has(tid)) numbers.set(tid, number);
  }
  for (const [tid, number] of numbers) {
    const named = ANY_VCPU.exec(trace.tasks.get(tid)?.comm ?? '')?.[1];
    if (number === UNKNOWN && named !== undefined) numbers.set(tid, Number(named));
  }
  return numbers;
}

interface Process {
  readonly id: number;
  readonly evidence: Exclude<Evidence, 'order' | 'guest'>;
}

/** The process of each vCPU's thread that the trace gives away. */
function processesOf(trace: Trace, vcpus: ReadonlyMap<number, number>): Map<number, Process> {
  const processes = new Map<number, Process>();
  for (const [tid, id] of parents(trace, vcpus)) processes.set(tid, { id, evidence: 'fork' });
  for (const [tid, id] of workersOwners(trace, vcpus)) processes.set(tid, { id, evidence: 'worker' });
  for (const tid of vcpus.keys()) {
    const id = trace.tasks.get(tid)?.tgid;
    if (id !== undefined) processes.set(tid, { id, evidence: 'tgid' });
  }
  return processes;
}

/** By the thread of a vCPU: the process of the thread that made it, which made the whole VM. */
function parents(trace: Trace, vcpus: ReadonlyMap<number, number>): Map<number, number> {
  const found = new Map<number, number>();
  const kind = kindIndex('sched_process_fork');
  if (!trace.counts.has('sched_process_fork')) return found;
  for (let row = 0; row < trace.length; row++) {
    if (trace.kind[row] !== kind) continue;
    const [parent, child] = [trace.a[row]!, trace.b[row]!];
    if (vcpus.has(child)) found.set(child, trace.tasks.get(parent)?.tgid ?? parent);
  }
  return found;
}

/**
 * By the thread of a vCPU: the process after which the kernel thread is named that wakes it most often. Wake-ups by an
 * interrupt that came while such a thread ran are none of its doing.
 */
function workersOwners(trace: Trace, vcpus: ReadonlyMap<number, number>): Map<number, number> {
  const owners = new Map<number, number>();
  for (const task of trace.tasks.values()) {
    const owner = WORKER.exec(task.comm)?.[1];
    if (owner !== undefined) owners.set(task.tid, Number(owner));
  }
  const votes = new Map<number, Map<number, number>>();
  const kinds = new Set([kindIndex('sched_waking'), kindIndex('sched_wakeup')]);
  for (let row = 0; row < (owners.size > 0 ? trace.length : 0); row++) {
    if (!kinds.has(trace.kind[row]!)) continue;
    const owner = owners.get(trace.tid[row]!);
    const woken = trace.a[row]!;
    const interrupt = (trace.context[row]! & (CONTEXT.hardirq | CONTEXT.softirq | CONTEXT.nmi)) !== 0;
    if (owner === undefined || interrupt || !vcpus.has(woken)) continue;
    const vote = votes.get(woken) ?? new Map<number, number>();
    vote.set(owner, (vote.get(owner) ?? 0) + 1);
    votes.set(woken, vote);
  }
  return new Map([...votes].map(([tid, vote]) => [tid, [...vote].toSorted((x, y) => y[1] - x[1])[0]![0]]));
}

interface Group {
  /** The process, where it is known. */
  readonly process: number | undefined;
  readonly members: Vcpu[];
  evidence: Evidence;
}

/** Puts the vCPUs of one VM together, going through them in the order of their threads. */
function grouped(
  vcpus: ReadonlyMap<number, number>,
  processes: ReadonlyMap<number, Process>,
): readonly Group[] {
  const groups: Group[] = [];
  const byProcess = new Map<number, Group>();
  let latest: Group | undefined;
  for (const [tid, id] of [...vcpus].toSorted((left, right) => left[0] - right[0])) {
    const process = processes.get(tid);
    let group = process ? byProcess.get(process.id) : undefined;
    if (!process && latest && id > 0 && latest.members.every((member) => member.id !== id)) {
      // A VM makes the threads of its vCPUs one after the other, from 0 up.
      group = latest;
      group.evidence = 'order';
    }
    if (!group) {
      group = { process: process?.id, members: [], evidence: process?.evidence ?? 'order' };
      groups.push(group);
      if (process) byProcess.set(process.id, group);
    }
    group.members.push({ id, tid });
    latest = group;
  }
  return groups;
}

function asVm(trace: Trace, { process, members, evidence }: Group): Vm {
  const id = process ?? members[0]!.tid;
  const tids = new Set(members.map((vcpu) => vcpu.tid));
  if (process !== undefined) {
    for (const task of trace.tasks.values())
      if (task.tgid === process || task.tid === process) tids.add(task.tid);
  }
  return {
    name: `vm-${id}`,
    id,
    vcpus: numbered(members),
    tids: [...tids].toSorted((left, right) => left - right),
    evidence,
    inferred: evidence === 'order',
  };
}

/** Numbers the vCPUs whose number is not known by the lowest ones that are free, and sorts all. */
function numbered(members: readonly Vcpu[]): readonly Vcpu[] {
  const taken = new Set(members.map((vcpu) => vcpu.id));
  let free = 0;
  const all = members.map(({ id, tid }) => {
    if (id !== UNKNOWN) return { id, tid };
    while (taken.has(free)) free++;
    taken.add(free);
    return { id: free, tid };
  });
  return all.toSorted((left, right) => left.id - right.id || left.tid - right.tid);
}
