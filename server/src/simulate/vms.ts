import type { Trace } from '../trace/columns.ts';
import { selectVms, type SelectedVm, type VmPattern } from '../trace/select.ts';
import { findVms } from '../trace/vms.ts';

/** A VM as the simulation knows it: its vCPUs are threads. */
export interface Vm {
  /** As the scenario calls it, else as the trace does. */
  readonly name: string;
  /** Thread group of its process, where it is known; else the lowest of its thread ids. */
  readonly id: number;
  readonly vcpus: readonly Vcpu[];
}

export interface Vcpu {
  readonly tid: number;
  /** KVM's number of the vCPU in its VM. */
  readonly id: number;
}

/** VMs with their vCPUs by thread id. A VM is known by its position in `vms`. */
export interface Machines {
  readonly vms: readonly Vm[];
  readonly vmOf: ReadonlyMap<number, number>;
  readonly vcpuOf: ReadonlyMap<number, Vcpu>;
}

export function machines(vms: readonly Vm[]): Machines {
  const threads = vms.flatMap((vm, index) => vm.vcpus.map((vcpu) => ({ vcpu, index })));
  return {
    vms,
    vmOf: new Map(threads.map(({ vcpu, index }) => [vcpu.tid, index])),
    vcpuOf: new Map(threads.map(({ vcpu }) => [vcpu.tid, vcpu])),
  };
}

/**
 * The VMs of a trace: first those that `patterns` pick, under their names, then what is left of those that the trace
 * itself shows. Threads that a pattern picks and that belong to no VM count as vCPUs where it picks nothing else.
 */
export function machinesOf(
  trace: Trace,
  patterns: readonly VmPattern[],
): { readonly machines: Machines; readonly selected: readonly SelectedVm[] } {
  const found = findVms(trace);
  const selected = selectVms(trace, patterns, found);
  const named = selected.map((vm): Vm => {
    const vcpus = vm.vcpus.length > 0 ? vm.vcpus : vm.tids.map((tid, id) => ({ tid, id }));
    return { name: vm.name, id: vm.id, vcpus };
  });
  const taken = new Set(named.flatMap((vm) => vm.vcpus.map(({ tid }) => tid)));
  const rest = found
    .map((vm) => ({ name: vm.name, id: vm.id, vcpus: vm.vcpus.filter(({ tid }) => !taken.has(tid)) }))
    .filter((vm) => vm.vcpus.length > 0);
  return { machines: machines([...named, ...rest]), selected };
}
