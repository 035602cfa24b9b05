import type { ScenarioDecl } from '../../grammar/ast.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import { diagnostic } from './diagnostics/table.ts';
import { hasErrors, type Snapshot } from './pipeline.ts';
import type { Expectation } from './simulate/expect.ts';
import { prepare, replayPrepared, type Preparation, type Prepared } from './simulate/replay.ts';
import type { ReplayResult } from './simulate/result.ts';
import { traceOf } from './simulate/scenario.ts';
import type { Machines } from './simulate/vms.ts';
import type { AgentDelay } from './simulate/whatif/deliver.ts';
import { inlineActions } from './simulate/whatif/inline.ts';
import {
  DEFAULT_DELAY,
  DEFAULT_WATCHDOG,
  missingForWhatIf,
  whatIf,
  type Baseline,
  type Schedules,
  type WhatIf,
  type WhatIfResult,
} from './simulate/whatif/whatif.ts';
import type { Trace, TraceResult } from './trace/columns.ts';
import { incompleteTrace } from './trace/diagnose.ts';
import { longestPart } from './trace/silence.ts';
import type { Sidecar } from './trace/sidecar.ts';

/** What a simulation found, as `simulate --json` prints it and the editor shows it. Lines count from 1. */
export interface SimulationReport {
  readonly version: 1;
  readonly policy: string;
  readonly scenario: string | null;
  readonly trace: ReplayResult['trace'] & { readonly file: string };
  readonly replay: Omit<ReplayResult, 'policy' | 'scenario' | 'trace' | 'expectations'>;
  /** null: a replay alone was asked for, or the trace has no schedule to start from. */
  readonly whatif: WhatIfResult | null;
  /** Each judged by the replay where that can tell, else by the what-if run. */
  readonly expectations: ReplayResult['expectations'];
}

export type SimulationOutcome =
  | {
      readonly ok: true;
      readonly report: SimulationReport;
      readonly diagnostics: readonly Diagnostic[];
      /** Of the what-if run, where there is one: for timelines and exports. */
      readonly schedules: Schedules | null;
      /** The VMs, as the scenario names them. */
      readonly machines: Machines;
      /** What was replayed: the trace, or its longest part. */
      readonly recorded: Trace;
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export type Mode = 'replay' | 'what-if' | 'both';

export interface SimulationOptions {
  readonly scenario: ScenarioDecl | undefined;
  /** `name=value`, as written in a policy. */
  readonly params: readonly string[];
  readonly mostDecisions?: number;
  /** 'both' where it is not given; 'what-if' lets the model judge every expectation. */
  readonly mode?: Mode;
  /** `eevdf`, `pinned` or the file of a policy; none: those of the scenario, else `eevdf`. */
  readonly baselines?: readonly string[];
  /** Gives the policy in a file that is named relative to this one, or says why there is none. */
  readonly openPolicy?: (path: string) => Snapshot | string;
  /** What the recorder wrote beside the trace. */
  readonly sidecar?: Sidecar | undefined;
  readonly delay?: AgentDelay;
  /** ns. */
  readonly watchdog?: number;
  /** Told which part of the what-if run is done, from 0 to 1. */
  readonly progress?: (part: number) => void;
}

/** The scenario called `name`; without a name the first one, if there is any. */
export function scenarioOf({ model }: Snapshot, name: string | undefined): ScenarioDecl | undefined {
  return name === undefined
    ? model.scenarios[0]
    : model.scenarios.find((scenario) => scenario.name.text === name);
}

/** The trace that a scenario names, as written; undefined where it names none. */
export function traceNamed(scenario: ScenarioDecl | undefined): string | undefined {
  const path = scenario && traceOf(scenario);
  return typeof path === 'string' ? path : undefined;
}

/** Where to show what is wrong with the trace of a run. */
export function tracePlace({ file }: Snapshot, scenario: ScenarioDecl | undefined): Diagnostic['span'] {
  const item = scenario?.items.find((candidate) => candidate.kind === 'trace');
  return item?.span ?? file.header?.name.span ?? { start: 0, end: 0 };
}

/** Decisions of a what-if run that are kept. */
const WHATIF_DECISIONS = 1000;

/** Runs a policy without errors over `trace`, which was read from `file`. */
export function simulateSnapshot(
  snapshot: Snapshot,
  trace: Trace,
  file: string,
  options: SimulationOptions,
): SimulationOutcome {
  const preparation = prepareSnapshot(snapshot, longestPart(trace), options);
  const incomplete = incompleteTrace(file, trace, tracePlace(snapshot, options.scenario));
  if (!preparation.ok)
    return {
      ok: false,
      diagnostics: snapshot.program ? [...incomplete, ...preparation.diagnostics] : preparation.diagnostics,
    };
  const { prepared } = preparation;
  const mode = options.mode ?? 'both';
  const model = mode === 'replay' ? undefined : whatIfOf(snapshot, prepared, options);
  const diagnostics = [...incomplete, ...preparation.diagnostics, ...(model?.diagnostics ?? [])];
  if (hasErrors(diagnostics)) return { ok: false, diagnostics };
  const { policy, scenario: name, trace: size, expectations, ...rest } = replayPrepared(prepared);
  return {
    ok: true,
    diagnostics,
    schedules: model?.found?.schedules ?? null,
    machines: prepared.plan.machines,
    recorded: prepared.plan.trace,
    report: {
      version: 1,
      policy,
      scenario: name,
      trace: { file, ...size },
      replay: rest,
      whatif: model?.found?.result ?? null,
      expectations: joined(expectations, model?.found?.expectations, mode === 'what-if'),
    },
  };
}

/** A replay takes the recorded events as they are, so where it can tell its word goes before the model's. */
function joined(
  replayed: readonly Expectation[],
  modelled: readonly Expectation[] | undefined,
  preferModel: boolean,
): readonly Expectation[] {
  if (!modelled) return replayed;
  return replayed.map((one, i) => {
    const other = modelled[i];
    return other && (preferModel || one.ok === null) ? other : one;
  });
}

function prepareSnapshot(snapshot: Snapshot, trace: Trace, options: SimulationOptions): Preparation {
  const { text, model, program } = snapshot;
  if (!program) return { ok: false, diagnostics: snapshot.diagnostics };
  const { scenario, params, mostDecisions } = options;
  return prepare({ text, model, program }, trace, {
    scenario,
    params,
    ...(mostDecisions !== undefined && { mostDecisions }),
  });
}

interface Modelled {
  /** undefined: there is no schedule to start from, or an error, as the diagnostics say. */
  readonly found: WhatIf | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

function whatIfOf(snapshot: Snapshot, prepared: Prepared, options: SimulationOptions): Modelled {
  const place = tracePlace(snapshot, options.scenario);
  const events = missingForWhatIf(prepared.plan.trace);
  if (events !== undefined)
    return { found: undefined, diagnostics: [diagnostic('PV7062', place, { events })] };
  const names = options.baselines?.length ? options.baselines : comparedIn(options.scenario);
  const baselines = names.map((name) => baselineOf(name, prepared, options));
  const wrong = baselines.filter((one) => typeof one === 'string');
  if (wrong.length > 0) {
    const diagnostics = baselines.flatMap((one, i) =>
      typeof one === 'string' ? [diagnostic('PV7063', place, { baseline: names[i] ?? '', why: one })] : [],
    );
    return { found: undefined, diagnostics };
  }
  const [first, ...others] = baselines as readonly Baseline[];
  const found = whatIf(prepared, {
    baselines: [first ?? { kind: 'eevdf' }, ...others],
    inline: inlineOf(snapshot),
    delay: options.delay ?? DEFAULT_DELAY,
    watchdog: options.watchdog ?? DEFAULT_WATCHDOG,
    sidecar: options.sidecar,
    mostDecisions: Math.min(WHATIF_DECISIONS, options.mostDecisions ?? WHATIF_DECISIONS),
    progress: options.progress ?? (() => undefined),
  });
  return { found, diagnostics: [] };
}

const inlineOf = ({ program, kernels }: Snapshot): ReadonlySet<string> =>
  program ? inlineActions(program.target, kernels) : new Set();

/** What a scenario compares with, as written. */
function comparedIn(scenario: ScenarioDecl | undefined): readonly string[] {
  const items = scenario?.items.filter((item) => item.kind === 'compare') ?? [];
  return items.flatMap(({ baselines }) =>
    baselines.map((one) => (one.kind === 'string' ? one.value : one.text)),
  );
}

/** The baseline called `name`; a string says why it cannot run. */
function baselineOf(
  name: string,
  { plan, scenario }: Prepared,
  options: SimulationOptions,
): Baseline | string {
  if (name === 'eevdf' || name === 'pinned') return { kind: name };
  const other = options.openPolicy?.(name) ?? 'no files can be read here';
  if (typeof other === 'string') return other;
  const preparation = prepareSnapshot(other, plan.trace, { scenario: undefined, params: [] });
  if (!preparation.ok) return preparation.diagnostics[0]?.message ?? 'it has errors';
  // What is assumed of the guests holds for them whatever the host runs.
  const prepared = {
    ...preparation.prepared,
    scenario,
    plan: { ...preparation.prepared.plan, assumptions: plan.assumptions },
  };
  return { kind: 'policy', name, prepared, inline: inlineOf(other) };
}

/** A trace is long that has more events; so many are there, read and replayed, within a blink. */
export const FIRST_EVENTS = 50_000;

/**
 * What a replay of the beginning of a long trace shows, to have something to tell while the whole is at work; undefined
 * where `begin` is all that the trace has, or does not go with the policy.
 */
export function firstPart(
  snapshot: Snapshot,
  begin: TraceResult,
  file: string,
  options: SimulationOptions,
): SimulationReport | undefined {
  if (!begin.ok || begin.more !== true) return undefined;
  const found = simulateSnapshot(snapshot, begin.trace, file, { ...options, mode: 'replay' });
  return found.ok ? found.report : undefined;
}

/** Did something that the policy expects not come true, or was it thrown out? */
export const hasFailed = ({ expectations, replay: { invariants }, whatif }: SimulationReport): boolean =>
  expectations.some(({ ok }) => ok === false) ||
  [...invariants, ...(whatif?.run.invariants ?? [])].some(({ ok }) => !ok) ||
  (whatif?.policy.ejected ?? null) !== null;
