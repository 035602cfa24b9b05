import { picturesOf, type Pictured, type Pictures } from './simulate/pictures.ts';
import type { Machines } from './simulate/vms.ts';
import type { SimulationReport } from './simulation.ts';
import type { Schedules } from './simulate/whatif/whatif.ts';
import type { Trace } from './trace/columns.ts';

/** What a page with the report of a run is made from: plain data. */
export interface ReportData extends Pictures {
  readonly report: SimulationReport;
  /** What the run leaves out or takes for granted. */
  readonly notes: readonly string[];
  /** Lines of the policy. */
  readonly source: readonly string[];
}

/** A run that is over, with the recording and, where the model ran too, the schedules that it made. */
export interface Finished {
  readonly report: SimulationReport;
  readonly notes: readonly string[];
  /** The policy's text. */
  readonly text: string;
  readonly machines: Machines;
  readonly recorded: Trace;
  readonly schedules: Schedules | null;
}

export function reportData(run: Finished): ReportData {
  const { report, notes, text } = run;
  return { report, notes, source: text.split(/\r?\n/u), ...reportPictures(run) };
}

/** The pictures of a run: the recording, and what the model made of it without and with the policy. */
export function reportPictures({
  report: { replay, whatif },
  machines,
  recorded,
  schedules,
}: Omit<Finished, 'notes' | 'text'>): Pictures {
  const pictured: Pictured[] = [{ title: 'as recorded', schedule: recorded, decisions: replay.decisions }];
  if (schedules && whatif)
    pictured.push(
      { title: `simulated, ${whatif.baseline.name}`, schedule: schedules.baseline, decisions: [] },
      {
        title: `simulated, ${whatif.policy.name}`,
        schedule: schedules.policy,
        decisions: whatif.run.decisions,
      },
    );
  return picturesOf(pictured, machines);
}
