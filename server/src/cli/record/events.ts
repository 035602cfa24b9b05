import type { Snapshot } from '../../pipeline.ts';

/** What the simulator needs to rebuild a schedule. */
const SCHED = [
  'sched_switch',
  'sched_waking',
  'sched_wakeup',
  'sched_wakeup_new',
  'sched_migrate_task',
  'sched_pi_setprio',
  'sched_process_fork',
  'sched_process_exec',
  'sched_process_exit',
].map((name) => `sched/${name}`);

/** What tells the phases of vCPUs, and who they are. */
const KVM = [
  'kvm_entry',
  'kvm_exit',
  'kvm_inj_virq',
  'kvm_apic_accept_irq',
  'kvm_vcpu_wakeup',
  'kvm_halt_poll_ns',
  'kvm_userspace_exit',
  'kvm_ple_window_update',
  'kvm_fpu',
].map((name) => `kvm/${name}`);

/**
 * The events to record, as `system/name`: those that the simulator needs for `policy` and those that it hooks, or
 * where there is none a set that fits most policies. What the kernel does not have is left out by the recorder.
 */
export function eventsFor(policy: Snapshot | undefined): readonly string[] {
  if (!policy) return [...SCHED, ...KVM];
  const hooks = policy.program?.host.handlers.map(({ hook }) => hook) ?? [];
  const named = hooks
    .filter(({ family }) => family === 'tracepoint')
    .map(({ system, name }) => `${system}/${name}`);
  const vcpus =
    hooks.some(({ family }) => family === 'pvsched') || named.some((name) => name.startsWith('kvm/'));
  return [...new Set([...SCHED, ...(vcpus ? KVM : []), ...named])];
}
