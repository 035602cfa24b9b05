import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parentPort } from 'node:worker_threads';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { snapshot, type Snapshot } from '../../pipeline.ts';
import { reportPictures } from '../../report.ts';
import { scenarioOf, simulateSnapshot, traceNamed } from '../../simulation.ts';
import type { TraceResult } from '../../trace/columns.ts';
import { sidecarOf } from '../../trace/node/sidecar-file.ts';
import { openTrace } from '../../trace/open.ts';
import type { SimulationJob } from '../host.ts';
import type { SimulateResult } from '../protocol.ts';
import type { Answer, Order } from './messages.ts';

/** Decisions that an editor is sent; it shows fewer. */
const MOST_DECISIONS = 1000;

/** In the simulator's thread: answers orders, one after the other. */
export function answerJobs(): void {
  const port = parentPort;
  if (!port) throw new Error('not in a thread');
  const answer = (message: Answer): void => port.postMessage(message);
  port.on('message', ({ id, job }: Order) => {
    const progress = (message: string): void => answer({ id, kind: 'progress', message });
    void run(job, progress).then((result) => answer({ id, kind: 'result', result }));
  });
}

async function run(job: SimulationJob, progress: (message: string) => void): Promise<SimulateResult> {
  const current = snapshot(job.text, job.settings);
  if (!current.program) return { ok: false, message: 'the policy has errors' };
  const scenario = scenarioOf(current, job.scenario);
  if (job.scenario !== undefined && !scenario) return { ok: false, message: `no scenario '${job.scenario}'` };
  const named = job.trace ?? traceNamed(scenario);
  if (named === undefined) return { ok: false, message: 'no trace is named', needsTrace: true };
  if (job.path === '' && !isAbsolute(named))
    return {
      ok: false,
      message: `'${named}' is beside no file: the policy is not saved on a disk`,
      needsTrace: true,
    };
  const path = resolve(dirname(job.path), named);
  progress('reading the trace');
  const opened = await readTrace(path);
  if (!opened.ok) return { ok: false, message: `${path}: ${opened.error.message}`, needsTrace: true };
  progress(`replaying ${opened.trace.length} events`);
  const outcome = simulateSnapshot(current, opened.trace, path, {
    scenario,
    params: Object.entries(job.params).map(([name, value]) => `${name}=${value}`),
    mostDecisions: MOST_DECISIONS,
    sidecar: sidecarOf(path),
    openPolicy: (name) => openPolicy(resolve(dirname(job.path), name), job),
    progress: (part) => progress(`simulating, ${Math.floor(100 * part)} %`),
  });
  const notes = outcome.diagnostics.map(({ code, message }: Diagnostic) => `${code} ${message}`);
  if (!outcome.ok) return { ok: false, message: notes.join('\n'), needsTrace: true };
  const pictures = job.pictures && reportPictures({ ...outcome, recorded: opened.trace });
  return { ok: true, report: outcome.report, notes, ...(pictures && { pictures }) };
}

/** Another policy, to compare with; a string says why there is none. */
function openPolicy(path: string, { settings }: SimulationJob): Snapshot | string {
  try {
    return snapshot(readFileSync(path, 'utf8'), settings);
  } catch {
    return `${path} cannot be read`;
  }
}

let last: { readonly key: string; readonly result: TraceResult } | undefined;

/** The trace in `path`; the last one is kept until its file changes. */
async function readTrace(path: string): Promise<TraceResult> {
  const stat = statSync(path, { throwIfNoEntry: false });
  const key = `${path} ${stat?.size} ${stat?.mtimeMs}`;
  if (last?.key !== key) last = { key, result: await openTrace(path) };
  return last.result;
}
