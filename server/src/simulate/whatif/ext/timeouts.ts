import type { ExtCore } from './core.ts';
import type { Hardware } from './hardware.ts';

/** check_rq_for_timeouts: ejects where a task has been runnable for longer than `timeout` without running. */
export function checkTimeouts(core: ExtCore, machine: Hardware, timeout: number): void {
  const now = machine.now();
  for (const task of core.tasks.values()) {
    const waited = now - task.runnableAt;
    if (!task.queued || waited <= timeout) continue;
    if (machine.rankOf(task.cpu) === 'ext' && machine.runningOn(task.cpu) === task.tid) continue;
    const seconds = (Math.floor(waited / 1e6) / 1000).toFixed(3);
    core.fail(
      `${core.queues.label(task.tid)} failed to run for ${seconds}s`,
      task.tid,
      'runnable task stall',
    );
    return;
  }
}
