import { Worker } from 'node:worker_threads';
import type { CancellationToken } from 'vscode-languageserver';
import type { SimulationJob } from '../host.ts';
import type { SimulateResult } from '../protocol.ts';
import type { Answer, Order } from './messages.ts';

/**
 * The thread that simulations run in, so that typing goes on beside them. It is started by the first run and keeps the
 * last trace; cancelling a run ends the thread, and the next run starts another.
 */
export class SimulationThread {
  private readonly script: string;
  private worker: Worker | undefined;
  private runs = 0;

  /** `script` is the file that, run in a thread, answers orders. */
  constructor(script: string) {
    this.script = script;
  }

  /** Runs `job`; rejects where the thread itself fails, which is a bug. */
  run(
    job: SimulationJob,
    progress: (message: string) => void,
    token: CancellationToken,
  ): Promise<SimulateResult> {
    const worker = (this.worker ??= this.start());
    const order: Order = { id: this.runs++, job };
    return new Promise((resolve, reject) => {
      const done = (): void => {
        cancelling.dispose();
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      };
      const onMessage = (answer: Answer): void => {
        if (answer.id !== order.id) return;
        if (answer.kind === 'progress') return progress(answer.message);
        done();
        resolve(answer.result);
      };
      const onError = (error: Error): void => {
        done();
        reject(error);
      };
      const onExit = (): void => {
        done();
        resolve({ ok: false, message: 'cancelled' });
      };
      const cancelling = token.onCancellationRequested(() => void worker.terminate());
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(order);
    });
  }

  private start(): Worker {
    const worker = new Worker(this.script, { argv: [], stdout: true });
    // The server must be able to end although the thread waits for orders.
    worker.unref();
    worker.once('exit', () => {
      if (this.worker === worker) this.worker = undefined;
    });
    return worker;
  }
}
