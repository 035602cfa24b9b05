import { picturesOf, type Pictured, type Pictures } from './simulate/pictures.ts';
import type { Machines } from './simulate/vms.ts';
import type { SimulationReport } from './simulation.ts';
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
}

export function reportData({ report, notes, text, machines, recorded }: Finished): ReportData {
  return {
    report,
    notes,
    source: text.split(/\r?\n/u),
    ...picturesOf(picturedOf(report, recorded), machines),
  };
}

function picturedOf({ replay }: SimulationReport, recorded: Trace): readonly Pictured[] {
  return [{ title: 'as recorded', schedule: recorded, decisions: replay.decisions }];
}
