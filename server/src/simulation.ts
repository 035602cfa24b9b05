import type { ScenarioDecl } from '../../grammar/ast.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import type { Snapshot } from './pipeline.ts';
import { replay } from './simulate/replay.ts';
import type { ReplayResult } from './simulate/result.ts';
import { traceOf } from './simulate/scenario.ts';
import type { Trace } from './trace/columns.ts';
import { incompleteTrace } from './trace/diagnose.ts';

/** What a simulation found, as `simulate --json` prints it and the editor shows it. Lines count from 1. */
export interface SimulationReport {
  readonly version: 1;
  readonly policy: string;
  readonly scenario: string | null;
  readonly trace: ReplayResult['trace'] & { readonly file: string };
  readonly replay: Omit<ReplayResult, 'policy' | 'scenario' | 'trace' | 'expectations'>;
  readonly expectations: ReplayResult['expectations'];
}

export type SimulationOutcome =
  | { readonly ok: true; readonly report: SimulationReport; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export interface SimulationOptions {
  readonly scenario: ScenarioDecl | undefined;
  /** `name=value`, as written in a policy. */
  readonly params: readonly string[];
  readonly mostDecisions?: number;
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

/** Runs a policy without errors over `trace`, which was read from `file`. */
export function simulateSnapshot(
  snapshot: Snapshot,
  trace: Trace,
  file: string,
  options: SimulationOptions,
): SimulationOutcome {
  const { text, model, program } = snapshot;
  if (!program) return { ok: false, diagnostics: snapshot.diagnostics };
  const { scenario, params, mostDecisions } = options;
  const outcome = replay({ text, model, program }, trace, {
    scenario,
    params,
    ...(mostDecisions !== undefined && { mostDecisions }),
  });
  const diagnostics = [
    ...incompleteTrace(file, trace, tracePlace(snapshot, scenario)),
    ...outcome.diagnostics,
  ];
  if (!outcome.ok) return { ok: false, diagnostics };
  const { policy, scenario: name, trace: size, expectations, ...rest } = outcome.result;
  return {
    ok: true,
    diagnostics,
    report: { version: 1, policy, scenario: name, trace: { file, ...size }, replay: rest, expectations },
  };
}

/** Did something that the policy expects not come true? */
export const hasFailed = ({ expectations, replay: { invariants } }: SimulationReport): boolean =>
  expectations.some(({ ok }) => ok === false) || invariants.some(({ ok }) => !ok);
