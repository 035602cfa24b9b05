import type { Trace } from '../../trace/columns.ts';
import type { Sidecar } from '../../trace/sidecar.ts';
import type { Expectation } from '../expect.ts';
import type { Fidelity } from '../machine/types.ts';
import type { Measurements } from '../measure.ts';
import { has } from '../prepass.ts';
import { judgeAll, type Prepared } from '../replay.ts';
import { report } from '../report.ts';
import type { ReplayResult } from '../result.ts';
import type { AgentDelay } from './deliver.ts';
import { effects, type Effect } from './effects.ts';
import { kernelRun, pinnedRun } from './kernel.ts';
import { measureSchedule, type Measured, type ScheduleMetrics } from './metrics.ts';
import { runPolicy, type WhatIfRun } from './run.ts';

/** What a policy is compared with: the kernel's own scheduler, the same with vCPUs bound to CPUs, or another policy. */
export type Baseline =
  | { readonly kind: 'eevdf' | 'pinned' }
  | {
      readonly kind: 'policy';
      readonly name: string;
      readonly prepared: Prepared;
      readonly inline: ReadonlySet<string>;
    };

export interface WhatIfOptions {
  /** The first one is what effects and `baseline` in expectations are about. */
  readonly baselines: readonly [Baseline, ...Baseline[]];
  /** Actions that the policy's own program does; the agent does the others. */
  readonly inline: ReadonlySet<string>;
  readonly delay: AgentDelay;
  /** How long sched_ext lets a task wait before it throws the policy out, ns. */
  readonly watchdog: number;
  readonly sidecar: Sidecar | undefined;
  /** Decisions of the policy to keep. */
  readonly mostDecisions: number;
  /** Told which part of the work is done. */
  readonly progress: (part: number) => void;
}

/** The defaults of the model: the agent as measured, the watchdog as the generated C sets it. */
export const DEFAULT_DELAY: AgentDelay = { from: 600_000, to: 1_700_000 };
export const DEFAULT_WATCHDOG = 5_000_000_000;

/** The events without which there is nothing to start from; undefined: all are there. */
export function missingForWhatIf(trace: Trace): string | undefined {
  if (!has(trace, 'sched_switch')) return 'sched_switch';
  return has(trace, 'sched_waking') || has(trace, 'sched_wakeup')
    ? undefined
    : 'sched_waking or sched_wakeup';
}

export type NamedMetrics = { readonly name: string } & ScheduleMetrics;

/** Why and when sched_ext threw the policy out, in its own words. */
export interface EjectionResult {
  /** ns of the trace's clock. */
  readonly t: number;
  readonly reason: string;
  readonly message: string;
  /** The task that it is about, `comm-tid`; null: none. */
  readonly task: string | null;
}

/** What the policy itself did in the model, in the form of a replay. */
export type PolicyRunResult = Pick<
  ReplayResult,
  | 'hooks'
  | 'lines'
  | 'branches'
  | 'decisions'
  | 'decisions_dropped'
  | 'actions'
  | 'boosts'
  | 'counters'
  | 'histograms'
  | 'invariants'
  | 'unknown'
>;

export interface WhatIfResult {
  readonly fidelity: Fidelity;
  readonly baseline: NamedMetrics;
  readonly policy: NamedMetrics & { readonly ejected: EjectionResult | null };
  /** Further baselines. */
  readonly compared: readonly NamedMetrics[];
  readonly effects: readonly Effect[];
  readonly run: PolicyRunResult;
  /** What the model had to assume of the recording. */
  readonly notes: readonly string[];
}

/** Schedules of the recorded demand, as traces. */
export interface Schedules {
  readonly recorded: Trace;
  readonly baseline: Trace;
  readonly policy: Trace;
}

export interface WhatIf {
  readonly result: WhatIfResult;
  readonly expectations: readonly Expectation[];
  readonly schedules: Schedules;
}

/** What would have become of the recorded demand with the policy in charge, beside what became of it without. */
export function whatIf(prepared: Prepared, options: WhatIfOptions): WhatIf {
  const { plan, policy } = prepared;
  const { trace, machines } = plan;
  const runs = options.baselines.length + 2;
  let done = 0;
  const progress = (part: number): void => options.progress((done + part) / runs);
  const kernel = kernelRun(trace, options.sidecar, progress);
  const { demand } = kernel;
  done++;
  const measured = (schedule: Trace): Measured => measureSchedule(schedule, trace, machines, demand.startNs);
  const baselines = options.baselines.map((baseline) => {
    const schedule = baselineSchedule(baseline, kernel.schedule, options, { prepared, demand }, progress);
    done++;
    return { name: nameOf(baseline), measured: measured(schedule) };
  });
  const run = runPolicy({ ...plan, demand, ...options, progress });
  done++;
  const [first] = baselines;
  const own = measured(run.schedule);
  const side = (one: Measured, of: WhatIfRun['run'] | undefined): Measurements => ({
    run: of,
    machines,
    schedule: one.schedule,
    threads: one.threads,
    recorded: false,
  });
  options.progress(1);
  return {
    result: {
      fidelity: kernel.fidelity,
      baseline: { name: first!.name, ...first!.measured.metrics },
      policy: {
        name: plan.program.name,
        ...own.metrics,
        ejected: ejectionOf(run, trace),
      },
      compared: baselines.slice(1).map(({ name, measured: { metrics } }) => ({ name, ...metrics })),
      effects: effects(measured(trace), first!.measured, own, machines),
      run: policyRun(run, policy.text),
      notes: demand.notes,
    },
    expectations: judgeAll(prepared, side(own, run.run), side(first!.measured, undefined)),
    schedules: { recorded: trace, baseline: first!.measured.schedule, policy: run.schedule },
  };
}

const nameOf = (baseline: Baseline): string => (baseline.kind === 'policy' ? baseline.name : baseline.kind);

function baselineSchedule(
  baseline: Baseline,
  kernel: Trace,
  options: WhatIfOptions,
  { prepared, demand }: { readonly prepared: Prepared; readonly demand: Parameters<typeof pinnedRun>[0] },
  progress: (part: number) => void,
): Trace {
  switch (baseline.kind) {
    case 'eevdf':
      return kernel;
    case 'pinned':
      return pinnedRun(demand, prepared.plan.machines, progress);
    case 'policy': {
      // Its own params and assumptions, the VMs of the policy at hand.
      const plan = { ...baseline.prepared.plan, machines: prepared.plan.machines };
      return runPolicy({ ...plan, demand, ...options, inline: baseline.inline, progress }).schedule;
    }
  }
}

function ejectionOf({ ejection, schedule }: WhatIfRun, trace: Trace): EjectionResult | null {
  if (!ejection) return null;
  const { t, reason, message, tid } = ejection;
  return {
    t: Number(trace.baseNs) + t,
    reason,
    message,
    task: tid < 0 ? null : `${schedule.tasks.get(tid)?.comm ?? ''}-${tid}`,
  };
}

function policyRun({ run }: WhatIfRun, text: string): PolicyRunResult {
  const whole = report(run, text);
  const { hooks, lines, branches, decisions, decisions_dropped, actions } = whole;
  const { boosts, counters, histograms, invariants, unknown } = whole;
  return {
    hooks,
    lines,
    branches,
    decisions,
    decisions_dropped,
    actions,
    boosts,
    counters,
    histograms,
    invariants,
    unknown,
  };
}
