import { DSQ } from '../emit/executor/host.ts';
import type { Thread } from './threads.ts';

/**
 * The policy's dispatch queues beside the recorded schedule: a task is in the queue that the policy put it into until
 * the recording runs it. A thread itself knows in which one it is: every event asks.
 */
export interface Queues {
  readonly tasks: Map<number, Thread[]>;
}

const NOTHING: readonly Thread[] = [];

export const newQueues = (): Queues => ({ tasks: new Map() });

/** Tasks of a queue: in the order of their insertion. */
export const tasksIn = (queues: Queues, dsq: number): readonly Thread[] => queues.tasks.get(dsq) ?? NOTHING;

/** Puts the thread at the end of `dsq`, before the first task for which `after` holds. Another queue loses it. */
export function enqueue(
  queues: Queues,
  dsq: number,
  thread: Thread,
  after?: (other: Thread) => boolean,
): void {
  dequeue(queues, thread);
  let tasks = queues.tasks.get(dsq);
  if (!tasks) queues.tasks.set(dsq, (tasks = []));
  const at = after ? tasks.findIndex(after) : -1;
  if (at < 0) tasks.push(thread);
  else tasks.splice(at, 0, thread);
  thread.queue = dsq;
}

/** Takes the thread out of whatever queue it is in. */
export function dequeue(queues: Queues, thread: Thread): void {
  const dsq = thread.queue;
  if (dsq === undefined) return;
  thread.queue = undefined;
  const tasks = queues.tasks.get(dsq);
  if (!tasks) return;
  // By hand: splice makes a list of what it takes out.
  for (let at = tasks.indexOf(thread); at + 1 < tasks.length; at++) tasks[at] = tasks[at + 1]!;
  tasks.pop();
}

/** The queue that `dsq` means on `cpu`: LOCAL is the CPU's own. */
export const resolveQueue = (dsq: number, cpu: number): number =>
  dsq === DSQ.local ? DSQ.localOn(cpu) : dsq;
