import { Worker } from 'node:worker_threads';
import type { CancellationToken } from 'vscode-languageserver';
import type { Told } from '../host.ts';
import type { Answer, Order, Result, Task } from './messages.ts';

/**
 * A thread beside the server, so that typing goes on while it works. The first task starts it, and it keeps what it has
 * loaded; cancelling a task ends the thread, and the next task starts another.
 */
export class JobThread {
  private readonly script: string;
  private worker: Worker | undefined;
  private runs = 0;

  /** `script` is the file that, run in a thread, answers orders. */
  constructor(script: string) {
    this.script = script;
  }

  /** Does `task`; rejects where the thread itself fails, which is a bug. */
  run(
    task: Task,
    told: Told,
    token: CancellationToken,
  ): Promise<Result | { readonly ok: false; readonly message: string }> {
    const worker = (this.worker ??= this.start());
    const order: Order = { ...task, id: this.runs++ };
    return new Promise((resolve, reject) => {
      const done = (): void => {
        cancelling.dispose();
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      };
      const onMessage = (answer: Answer): void => {
        if (answer.id !== order.id) return;
        if (answer.kind === 'progress') return told.progress(answer.message);
        if (answer.kind === 'partial') return told.partial(answer.found);
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
