import { KINDS } from './kinds.ts';
import type { PayloadReader } from './payload.ts';
import * as kvm from './payload-kvm.ts';
import * as sched from './payload-sched.ts';

const BY_NAME: Readonly<Record<string, PayloadReader>> = {
  sched_switch: sched.schedSwitch,
  sched_waking: sched.schedWake,
  sched_wakeup: sched.schedWake,
  sched_wakeup_new: sched.schedWake,
  sched_migrate_task: sched.schedMigrateTask,
  sched_process_fork: sched.schedProcessFork,
  sched_process_exec: sched.schedProcessExec,
  sched_process_exit: sched.schedProcessExit,
  sched_stat_runtime: sched.schedStatRuntime,
  sched_pi_setprio: sched.schedPiSetprio,
  kvm_entry: kvm.kvmEntry,
  kvm_exit: kvm.kvmExit,
  kvm_inj_virq: kvm.kvmInjVirq,
  kvm_vcpu_wakeup: kvm.kvmVcpuWakeup,
  kvm_halt_poll_ns: kvm.kvmHaltPollNs,
  kvm_userspace_exit: kvm.kvmUserspaceExit,
  kvm_apic_accept_irq: kvm.kvmApicAcceptIrq,
  kvm_apic_ipi: kvm.kvmApicIpi,
  kvm_set_irq: kvm.kvmSetIrq,
  kvm_pio: kvm.kvmPio,
  kvm_msr: kvm.kvmMsr,
  kvm_hypercall: kvm.kvmHypercall,
  kvm_ple_window_update: kvm.kvmPleWindowUpdate,
  kvm_fpu: kvm.kvmFpu,
};

/** By index into KINDS: what reads the text of such an event. */
export const PAYLOADS: readonly PayloadReader[] = KINDS.map((kind) => {
  const reader = BY_NAME[kind.name];
  if (!reader) throw new Error(`no reader for the text of ${kind.name}`);
  return reader;
});
