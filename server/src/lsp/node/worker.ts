import { parentPort } from 'node:worker_threads';
import type { Told } from '../host.ts';
import type { Answer, Order, Result } from './messages.ts';

/** In a thread beside the server: does what it is ordered to, one after the other. */
export function answerJobs(): void {
  const port = parentPort;
  if (!port) throw new Error('not in a thread');
  const answer = (message: Answer): void => port.postMessage(message);
  port.on('message', (order: Order) => {
    const { id } = order;
    const told: Told = {
      progress: (message) => answer({ id, kind: 'progress', message }),
      partial: (found) => answer({ id, kind: 'partial', found }),
    };
    void run(order, told).then((result) => answer({ id, kind: 'result', result }));
  });
}

/** What a thread never does is never loaded into it. */
async function run(order: Order, told: Told): Promise<Result> {
  switch (order.kind) {
    case 'simulate':
      return (await import('./run-simulation.ts')).runSimulation(order.job, told);
    case 'compile':
      return (await import('./run-compilation.ts')).runCompilation(order.job);
  }
}
