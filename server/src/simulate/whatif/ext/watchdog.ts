import type { Machine } from '../../machine/types.ts';
import type { ExtCore } from './core.ts';
import type { Hardware } from './hardware.ts';

/** `from` ns as the kernel writes it: seconds and milliseconds. */
const seconds = (from: number): string => `${(Math.floor(from / 1e6) / 1000).toFixed(3)}s`;

/**
 * The watchdog of sched_ext (kernel/sched/ext.c). Twice in each timeout its worker looks for tasks that wait for longer
 * than that (scx_watchdog_workfn). The worker is a task like others, in the hands of the policy: where it does not get to
 * run, ticks notice that (scx_tick).
 */
export class Watchdog {
  private readonly machine: Machine;
  private readonly core: ExtCore;
  private readonly hardware: Hardware;
  private readonly worker: number;
  private readonly timeout: number;
  private readonly stalled: () => void;
  private cancel: () => void = () => undefined;

  /** `worker`: the thread that does its work; `timeout` in ns; `stalled` is called when it did not get to run. */
  constructor(
    machine: Machine,
    core: ExtCore,
    hardware: Hardware,
    of: { readonly worker: number; readonly timeout: number },
    stalled: () => void,
  ) {
    this.machine = machine;
    this.core = core;
    this.hardware = hardware;
    this.worker = of.worker;
    this.timeout = of.timeout;
    this.stalled = stalled;
    this.arm();
  }

  /** A task starts to run: the worker checks in, and looks at the others. */
  starts(tid: number): void {
    if (tid !== this.worker) return;
    this.arm();
    this.checkTasks();
  }

  stop(): void {
    this.cancel();
  }

  /** At the first tick that finds the worker missing for longer than the timeout; the kernel counts in ticks. */
  private arm(): void {
    this.cancel();
    const { machine, timeout } = this;
    const { tickNs, tickPhaseNs } = machine.demand.calibration;
    const tick = Math.floor((machine.now - tickPhaseNs) / tickNs);
    const late = Math.floor(timeout / tickNs) + 1;
    this.cancel = machine.callAt(tickPhaseNs + (tick + late) * tickNs, () => {
      this.core.fail(`watchdog failed to check in for ${seconds(late * tickNs)}`, -1, 'runnable task stall');
      this.stalled();
    });
  }

  /** check_rq_for_timeouts: ejects where a task has been runnable for longer than the timeout without running. */
  private checkTasks(): void {
    const { core, hardware, timeout } = this;
    for (const task of core.tasks.values()) {
      const waited = hardware.now() - task.runnableAt;
      if (!task.queued || waited <= timeout) continue;
      if (hardware.rankOf(task.cpu) === 'ext' && hardware.runningOn(task.cpu) === task.tid) continue;
      core.fail(
        `${core.queues.label(task.tid)} failed to run for ${seconds(waited)}`,
        task.tid,
        'runnable task stall',
      );
      return;
    }
  }
}
