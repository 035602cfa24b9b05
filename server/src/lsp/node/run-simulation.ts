import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { snapshot, type Snapshot } from '../../pipeline.ts';
import { reportPictures } from '../../report.ts';
import {
  FIRST_EVENTS,
  firstPart,
  scenarioOf,
  simulateSnapshot,
  traceNamed,
  type SimulationOptions,
} from '../../simulation.ts';
import type { TraceResult } from '../../trace/columns.ts';
import { sidecarOf } from '../../trace/node/sidecar-file.ts';
import { openTrace } from '../../trace/open.ts';
import type { SimulationJob, Told } from '../host.ts';
import type { SimulateResult } from '../protocol.ts';

/** Decisions that an editor is sent; it shows fewer. */
const MOST_DECISIONS = 1000;

/** Runs a policy over a trace; of a long one, the first part is replayed and told of before the rest is read. */
export async function runSimulation(job: SimulationJob, told: Told): Promise<SimulateResult> {
  const { progress } = told;
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
  const options: SimulationOptions = {
    scenario,
    params: Object.entries(job.params).map(([name, value]) => `${name}=${value}`),
    mostDecisions: MOST_DECISIONS,
  };
  const { begin, whole } = await readTrace(path);
  const report = firstPart(current, begin, path, options);
  if (report) told.partial({ report });
  const opened = await whole();
  if (!opened.ok) return { ok: false, message: `${path}: ${opened.error.message}`, needsTrace: true };
  progress(`replaying ${opened.trace.length} events`);
  const outcome = simulateSnapshot(current, opened.trace, path, {
    ...options,
    sidecar: sidecarOf(path),
    openPolicy: (name) => openPolicy(resolve(dirname(job.path), name), job),
    progress: (part) => progress(`simulating, ${Math.floor(100 * part)} %`),
  });
  const notes = outcome.diagnostics.map(({ code, message }: Diagnostic) => `${code} ${message}`);
  if (!outcome.ok) return { ok: false, message: notes.join('\n'), needsTrace: true };
  const pictures = job.pictures && reportPictures(outcome);
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

interface Read {
  readonly key: string;
  /** The first part, or all of a trace that is not long. */
  readonly begin: TraceResult;
  whole: TraceResult | undefined;
}

let last: Read | undefined;

/** The trace in `path`, of a long one the first part too; the last one is kept until its file changes. */
async function readTrace(path: string): Promise<{
  readonly begin: TraceResult;
  readonly whole: () => Promise<TraceResult>;
}> {
  const stat = statSync(path, { throwIfNoEntry: false });
  const key = `${path} ${stat?.size} ${stat?.mtimeMs}`;
  if (last?.key !== key) last = { key, begin: await openTrace(path, FIRST_EVENTS), whole: undefined };
  const read = last;
  const { begin } = read;
  const whole = async (): Promise<TraceResult> =>
    begin.ok && begin.more === true ? (read.whole ??= await openTrace(path)) : begin;
  return { begin, whole };
}
