import type { Trace } from '../trace/columns.ts';
import { nameAt } from '../trace/names.ts';

/** Names of threads that only the kernel has, before a slash, a colon or a bracket, or whole. */
const KERNEL_NAMES =
  /^(kthreadd|kworker|ksoftirqd|migration|cpuhp|idle_inject|irq_work|rcu_\w+|rcuc|rcub|rcuo\w*|kcompactd\d*|kswapd\d*|ksmd|khugepaged|khungtaskd|oom_reaper|kauditd|kdevtmpfs|kvm-pit|kvm-nx-lpage-re.*|irq|scsi_eh_\d+|jbd2|watchdogd|kblockd|writeback|vhost-\d+|swapper)([/:]|$)/;

/** Threads that the kernel binds to the CPU that their name ends with. */
const BOUND = /^(?:ksoftirqd|migration|cpuhp|idle_inject|irq_work|rcuc)\/(\d+)$|^kworker\/(\d+):/;

/**
 * Every CPU has an idle task of its own, all with the id 0. Replay tells them apart by negative numbers below −1,
 * which stands for a thread that the trace does not name.
 */
export const idleTask = (cpu: number): number => -2 - cpu;

export const isIdleTask = (task: number): boolean => task === 0 || task <= -2;

/** The thread id of a task; 0 also where the trace does not name it. */
export const pidOf = (task: number): number => Math.max(0, task);

/** The name of a thread, as last seen; '' where the trace has none. */
export function commOf(trace: Trace, task: number): string {
  if (isIdleTask(task)) return `swapper/${task === 0 ? 0 : -2 - task}`;
  return trace.tasks.get(task)?.comm ?? '';
}

/** Its name at `t`, ns since the start of the trace. */
export const commAt = (trace: Trace, task: number, t: number): string =>
  isIdleTask(task) ? commOf(trace, task) : (nameAt(trace, task, t) ?? '');

/** Is it a thread of the kernel itself, by its name and by who made it? A trace does not say it outright. */
export function looksLikeKthread(trace: Trace, tid: number, parent: number): boolean {
  return isIdleTask(tid) || tid === 2 || parent === 2 || KERNEL_NAMES.test(commOf(trace, tid));
}

/** The one CPU that a kernel thread is bound to by its name; undefined: it may run anywhere as far as is known. */
export function boundCpu(trace: Trace, tid: number): number | undefined {
  const match = BOUND.exec(commOf(trace, tid));
  const cpu = match?.[1] ?? match?.[2];
  return cpu === undefined ? undefined : Number(cpu);
}

/** `comm-tid`, as ftrace writes it. */
export const threadLabel = (trace: Trace, tid: number): string => `${commOf(trace, tid)}-${pidOf(tid)}`;
