import type { TaskInfo, Trace } from './columns.ts';
import { type Vcpu, type Vm, findVms } from './vms.ts';

/** What a scenario says of the threads of a VM. */
export type Selector =
  { readonly by: 'comm' | 'cgroup'; readonly value: string } | { readonly by: 'pid'; readonly value: number };

/** `vm NAME = SELECTOR | SELECTOR …` */
export interface VmPattern {
  readonly name: string;
  readonly selectors: readonly Selector[];
}

/** What a pattern picked. */
export interface SelectedVm {
  readonly name: string;
  /** Of the one VM that it is; else the lowest of its thread ids, or −1 where it is empty. */
  readonly id: number;
  readonly vcpus: readonly Vcpu[];
  /** The threads that count as this VM: its vCPUs, and threads that were picked and belong to no VM. */
  readonly tids: readonly number[];
  readonly problems: readonly SelectionProblem[];
}

export type SelectionProblem =
  /** No thread fits; `present` are the most active names of the trace. */
  | { readonly kind: 'nothing'; readonly selector: Selector; readonly present: readonly string[] }
  /** The trace has no cgroups. */
  | { readonly kind: 'cgroup'; readonly selector: Selector }
  /** Some threads are left to the pattern `owner`, which comes earlier. */
  | { readonly kind: 'taken'; readonly selector: Selector; readonly owner: string };

/**
 * Picks the threads of each pattern. A name picks the VMs that have a thread of that name, whole, and other threads
 * of that name; `*` stands for any letters, `?` for one. The id of a process picks its VM, the id of a thread that
 * thread alone. A thread belongs to the first pattern that picks it.
 */
export function selectVms(
  trace: Trace,
  patterns: readonly VmPattern[],
  vms: readonly Vm[] = findVms(trace),
): readonly SelectedVm[] {
  const owners = new Map<number, string>();
  return patterns.map((pattern) => selectVm(trace, vms, pattern, owners));
}

function selectVm(
  trace: Trace,
  vms: readonly Vm[],
  { name, selectors }: VmPattern,
  owners: Map<number, string>,
) {
  const problems: SelectionProblem[] = [];
  const tids = new Set<number>();
  for (const selector of selectors) {
    if (selector.by === 'cgroup') {
      problems.push({ kind: 'cgroup', selector });
      continue;
    }
    const picked = pick(trace, vms, selector);
    if (picked.length === 0) problems.push({ kind: 'nothing', selector, present: activeNames(trace) });
    const owner = picked.map((tid) => owners.get(tid)).find((other) => other !== undefined && other !== name);
    if (owner !== undefined) problems.push({ kind: 'taken', selector, owner });
    for (const tid of picked) if ((owners.get(tid) ?? name) === name) tids.add(tid);
  }
  for (const tid of tids) owners.set(tid, name);
  const whole = vms.filter((vm) => vm.vcpus.some((vcpu) => tids.has(vcpu.tid)));
  const sorted = [...tids].toSorted((left, right) => left - right);
  return {
    name,
    id: whole.length === 1 ? whole[0]!.id : (sorted[0] ?? -1),
    vcpus: whole.flatMap((vm) => vm.vcpus.filter((vcpu) => tids.has(vcpu.tid))),
    tids: sorted,
    problems,
  };
}

function pick(
  trace: Trace,
  vms: readonly Vm[],
  selector: Exclude<Selector, { by: 'cgroup' }>,
): readonly number[] {
  const tasks = [...trace.tasks.values()];
  const fits = selector.by === 'comm' ? byName(selector.value) : undefined;
  const whole = vms.filter((vm) =>
    fits ? vm.tids.some((tid) => fits(trace.tasks.get(tid))) : vm.id === selector.value,
  );
  const inWhole = new Set(whole.flatMap((vm) => vm.tids));
  const single = tasks.filter((task) =>
    fits ? fits(task) : task.tid === selector.value || task.tgid === selector.value,
  );
  return [
    ...whole.flatMap((vm) => vm.vcpus.map((vcpu) => vcpu.tid)),
    ...single.map((task) => task.tid).filter((tid) => !inWhole.has(tid)),
  ];
}

function byName(glob: string): (task: TaskInfo | undefined) => boolean {
  const escaped = glob.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  const pattern = new RegExp(`^${escaped.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`, 'su');
  return (task) => task !== undefined && pattern.test(task.comm);
}

const MOST_NAMES = 6;

/** The names of the threads that were running at the most events, busiest first. */
function activeNames(trace: Trace): readonly string[] {
  const events = new Map<string, number>();
  for (let row = 0; row < trace.length; row++) {
    const comm = trace.tasks.get(trace.tid[row]!)?.comm;
    if (comm !== undefined) events.set(comm, (events.get(comm) ?? 0) + 1);
  }
  const sorted = [...events].toSorted((left, right) => right[1] - left[1]);
  return sorted.slice(0, MOST_NAMES).map(([comm]) => comm);
}
