import { parentPort, Worker, workerData } from 'node:worker_threads';
import { snapshot } from '../pipeline.ts';
import type { Axis } from '../simulate/sweep.ts';
import { scenarioOf } from '../simulation.ts';
import { runPoint, type PointOutcome } from '../sweep.ts';
import type { Trace } from '../trace/columns.ts';
import type { Settings } from '../workspace/settings.ts';
import { readOptions } from './args.ts';
import type { Given } from './command.ts';
import { RUN_OPTIONS, runOptions } from './run-options.ts';
import { sidecarOf } from '../trace/node/sidecar-file.ts';

/** The policy that is swept. */
export interface SweepInput {
  /** As the user named it. */
  readonly file: string;
  readonly text: string;
  readonly settings: Settings;
  readonly scenario: string | undefined;
}

/** Everything that a thread needs to run points. */
interface Work extends SweepInput {
  readonly path: string;
  readonly trace: Trace;
  readonly axes: readonly Axis[];
}

/** What a thread is started with: the options as words, which it reads as the command line does. */
interface Task extends Work {
  readonly words: readonly string[];
}

/**
 * Runs the points `indices` in `threads` threads, each taking the next one when it is done; the outcomes are in the
 * order of the indices. `told` is called after each.
 */
export function runInThreads(
  threads: number,
  work: Work,
  given: Given,
  indices: readonly number[],
  told: () => void,
): Promise<readonly PointOutcome[]> {
  const words = given.text('mode') === undefined ? ['--mode=what-if', ...wordsOf(given)] : wordsOf(given);
  const task: Task = { ...work, trace: shared(work.trace), words };
  const outcomes: PointOutcome[] = [];
  let next = 0;
  let open = indices.length;
  return new Promise((resolve, reject) => {
    const workers = Array.from(
      { length: threads },
      () => new Worker(process.argv[1] ?? '', { workerData: task, argv: [] }),
    );
    const end = (): void => {
      for (const worker of workers) void worker.terminate();
    };
    for (const worker of workers) {
      let at = -1;
      const order = (): void => {
        at = next++;
        if (at < indices.length) worker.postMessage(indices[at]);
      };
      worker.on('message', (outcome: PointOutcome) => {
        outcomes[at] = outcome;
        told();
        if (--open === 0) {
          end();
          resolve(outcomes);
        } else order();
      });
      worker.on('error', (error) => {
        end();
        reject(error);
      });
      order();
    }
  });
}

/** The trace with its columns in memory that threads share, so that it is there once. */
function shared(trace: Trace): Trace {
  const entries = Object.entries(trace).map(([name, value]: [string, unknown]) => {
    if (!ArrayBuffer.isView(value)) return [name, value];
    const column = value as Float64Array;
    const buffer = new SharedArrayBuffer(column.byteLength);
    const copy = new (column.constructor as Float64ArrayConstructor)(buffer);
    copy.set(column);
    return [name, copy];
  });
  return Object.fromEntries(entries) as Trace;
}

/** The options of a run, as they would be written. */
function wordsOf(given: Given): string[] {
  return Object.keys(RUN_OPTIONS).flatMap((name) => {
    const { multiple } = RUN_OPTIONS[name as keyof typeof RUN_OPTIONS] as { readonly multiple?: boolean };
    const values = multiple ? given.texts(name) : [given.text(name)];
    return values.flatMap((value) => (value === undefined ? [] : [`--${name}=${value}`]));
  });
}

/** In a thread of a sweep: answers the index of a point with its outcome. */
export function answerPoints(): void {
  const port = parentPort;
  if (!port) throw new Error('not in a thread');
  const { file, text, settings, scenario: name, path, trace, axes, words } = workerData as Task;
  const current = snapshot(text, settings);
  const { given } = readOptions(words, RUN_OPTIONS);
  const scenario = name === undefined ? undefined : scenarioOf(current, name);
  const options = { ...runOptions(given, file), scenario, sidecar: sidecarOf(path) };
  port.on('message', (index: number) =>
    port.postMessage(runPoint(current, trace, path, options, axes, index)),
  );
}
