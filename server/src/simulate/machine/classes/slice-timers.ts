import type { FairClass } from './fair.ts';

/** The shortest time for which the kernel sets the timer (hrtick_start). */
const SHORTEST_NS = 10_000;

/** Ends slices when they are over, not at the next tick: HRTICK (kernel/sched/fair.c: hrtick_start_fair). */
export class SliceTimers {
  private readonly fair: FairClass;
  private readonly cancels: ((() => void) | undefined)[] = [];

  constructor(fair: FairClass) {
    this.fair = fair;
  }

  /** For the fair task that runs on `cpu` while another one waits there. */
  arm(cpu: number): void {
    this.cancel(cpu);
    const { machine } = this.fair;
    const task = machine.current(cpu);
    if (task?.sched !== this.fair || this.fair.count(cpu) < 2) return;
    const { deadline, vruntime, weight, chargedAt } = this.fair.entityOf(task);
    const end = chargedAt + ((deadline - vruntime) * weight) / 1024;
    this.cancels[cpu] = machine.callAt(Math.max(end, machine.now + SHORTEST_NS), () => {
      this.cancels[cpu] = undefined;
      this.fair.account(task);
      machine.resched(cpu);
    });
  }

  cancel(cpu: number): void {
    this.cancels[cpu]?.();
    this.cancels[cpu] = undefined;
  }
}
