import { DSQ } from '../emit/executor/host.ts';

/**
 * The policy's dispatch queues beside the recorded schedule: a task is in the queue that the policy put it into until
 * the recording runs it.
 */
export interface Queues {
  readonly tasks: Map<number, number[]>;
  readonly queueOf: Map<number, number>;
}

const NOTHING: readonly number[] = [];

export const newQueues = (): Queues => ({ tasks: new Map(), queueOf: new Map() });

/** Tasks of a queue: in the order of their insertion. */
export const tasksIn = (queues: Queues, dsq: number): readonly number[] => queues.tasks.get(dsq) ?? NOTHING;

/** Puts `tid` at the end of `dsq`, before the first task for which `after` holds. Another queue loses it. */
export function enqueue(queues: Queues, dsq: number, tid: number, after?: (other: number) => boolean): void {
  dequeue(queues, tid);
  let tasks = queues.tasks.get(dsq);
  if (!tasks) queues.tasks.set(dsq, (tasks = []));
  const at = after ? tasks.findIndex(after) : -1;
  if (at < 0) tasks.push(tid);
  else tasks.splice(at, 0, tid);
  queues.queueOf.set(tid, dsq);
}

/** Takes `tid` out of whatever queue it is in. */
export function dequeue(queues: Queues, tid: number): void {
  const dsq = queues.queueOf.get(tid);
  if (dsq === undefined) return;
  queues.queueOf.delete(tid);
  const tasks = queues.tasks.get(dsq);
  if (!tasks) return;
  // By hand: splice makes a list of what it takes out.
  for (let at = tasks.indexOf(tid); at + 1 < tasks.length; at++) tasks[at] = tasks[at + 1]!;
  tasks.pop();
}

/** The queue that `dsq` means on `cpu`: LOCAL is the CPU's own. */
export const resolveQueue = (dsq: number, cpu: number): number =>
  dsq === DSQ.local ? DSQ.localOn(cpu) : dsq;
