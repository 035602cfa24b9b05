import type { Trace } from '../../trace/columns.ts';
import type { Sidecar } from '../../trace/sidecar.ts';
import { simulateBaseline } from '../machine/baseline.ts';
import { createMachine } from '../machine/machine.ts';
import type { Demand, Fidelity, Machine } from '../machine/types.ts';
import type { Machines } from '../vms.ts';

/** What a recording wants of a machine, and what the kernel's own scheduler makes of it in the model. */
export interface KernelRun {
  readonly demand: Demand;
  readonly schedule: Trace;
  readonly fidelity: Fidelity;
}

/** `sidecar` as text: readers make a new one each time. */
const known = new WeakMap<Trace, { readonly sidecar: string; readonly run: KernelRun }>();

/** Simulates the recording under the kernel's own scheduler, once for each trace: nothing of it depends on a policy. */
export function kernelRun(
  trace: Trace,
  sidecar: Sidecar | undefined,
  progress: (part: number) => void,
): KernelRun {
  const before = known.get(trace);
  const key = JSON.stringify(sidecar ?? null);
  if (before?.sidecar === key) return before.run;
  const run = simulateBaseline(trace, { sidecar }, (machine, guess, guesses) =>
    runWith(machine, (part) => progress((guess + part) / guesses)),
  );
  known.set(trace, { sidecar: key, run });
  return run;
}

/** The same with each vCPU bound to one CPU: those of all VMs in turn, from CPU 0 on. */
export function pinnedRun(demand: Demand, { vms }: Machines, progress: (part: number) => void): Trace {
  const machine = createMachine(demand, {});
  const vcpus = vms.flatMap((vm) => vm.vcpus);
  for (const [i, { tid }] of vcpus.entries()) {
    const task = machine.taskOf(tid);
    if (!task) continue;
    const only = new Uint8Array(demand.cpus);
    only[i % demand.cpus] = 1;
    machine.setAffinity(task, only);
  }
  runWith(machine, progress);
  return machine.schedule();
}

/** Steps in which a run says how far it is. */
const STEPS = 50;

/** Runs to the end, and tells after each step which part is done. */
export function runWith(machine: Machine, progress: (part: number) => void): void {
  const { startNs, endNs } = machine.demand;
  for (let step = 1; step < STEPS; step++) {
    machine.run(startNs + ((endNs - startNs) * step) / STEPS);
    progress(step / STEPS);
  }
  machine.run();
  progress(1);
}
