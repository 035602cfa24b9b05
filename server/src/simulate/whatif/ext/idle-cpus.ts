import { bit, has } from '../../../emit/executor/masks.ts';
import type { Hardware } from './hardware.ts';

/** The CPUs that sched_ext's own tracking knows to be idle and not claimed (kernel/sched/ext_idle.c). */
export class IdleCpus {
  private readonly idle: Uint8Array;
  private readonly machine: Hardware;

  constructor(machine: Hardware) {
    this.machine = machine;
    this.idle = new Uint8Array(machine.cpus);
  }

  set(cpu: number, idle: boolean): void {
    this.idle[cpu] = idle ? 1 : 0;
  }

  /** The CPU that scx_bpf_select_cpu_dfl() takes: the previous one where it idles, else the lowest that does. */
  find(tid: number, prev: number, within?: bigint): number | undefined {
    const allowed = this.machine.allowed(tid) & (within ?? -1n);
    if (has(allowed, prev) && this.claim(prev)) return prev;
    return this.take(allowed);
  }

  /** Claims the lowest idle CPU of `allowed`. */
  take(allowed: bigint): number | undefined {
    for (let cpu = 0; cpu < this.machine.cpus; cpu++) if (has(allowed, cpu) && this.claim(cpu)) return cpu;
    return undefined;
  }

  /** scx_bpf_test_and_clear_cpu_idle(). */
  claim(cpu: number): boolean {
    if (this.idle[cpu] !== 1) return false;
    this.idle[cpu] = 0;
    return true;
  }

  mask(): bigint {
    return this.idle.reduce((mask, idle, cpu) => (idle === 1 ? mask | bit(cpu) : mask), 0n);
  }
}
