import type { Trace } from '../trace/columns.ts';
import { CURVE, distributionsOf, type Distribution } from './distribution.ts';
import type { Decision } from './result.ts';
import { timelineOf, type Timeline } from './timeline.ts';
import type { Machines } from './vms.ts';

/** What the pictures of a report are made from: plain data, one entry a schedule, recorded or simulated. */
export interface Pictures {
  readonly timelines: readonly TimelineOf[];
  readonly distributions: readonly DistributionsOf[];
  /** The quantiles that the values of each distribution are. */
  readonly curve: readonly number[];
}

export interface TimelineOf {
  readonly title: string;
  readonly timeline: Timeline;
  /** What the policy decided in this schedule; their times are on the trace's clock. */
  readonly decisions: readonly Decision[];
}

export interface DistributionsOf {
  readonly title: string;
  readonly of: readonly Distribution[];
}

/** A schedule to be pictured. */
export interface Pictured {
  readonly title: string;
  readonly schedule: Trace;
  readonly decisions: readonly Decision[];
}

export function picturesOf(schedules: readonly Pictured[], machines: Machines): Pictures {
  return {
    timelines: schedules.map(({ title, schedule, decisions }) => ({
      title,
      timeline: timelineOf(schedule, machines),
      decisions,
    })),
    distributions: schedules.map(({ title, schedule }) => ({
      title,
      of: distributionsOf(schedule, machines),
    })),
    curve: CURVE,
  };
}
