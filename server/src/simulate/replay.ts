import type * as ast from '../../../grammar/ast.ts';
import { LineIndex } from '../../../grammar/text.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Value } from '../emit/executor/host.ts';
import type { Program } from '../ir/ir.ts';
import type { Model } from '../semantics/model.ts';
import type { Trace } from '../trace/columns.ts';
import { judge, type Expectation } from './expect.ts';
import type { Measurements } from './measure.ts';
import { threadMetrics, vmMetrics } from './metrics.ts';
import { parseSetting } from './params.ts';
import { report } from './report.ts';
import type { ReplayResult } from './result.ts';
import { runReplay, type ReplayPlan } from './run.ts';
import { planScenario, type ScenarioPlan } from './scenario.ts';
import { supportOf } from './support.ts';

/** A policy without errors. */
export interface Policy {
  readonly text: string;
  readonly model: Model;
  readonly program: Program;
}

export interface ReplayOptions {
  /** Whose VMs, assumptions, settings and expectations hold; undefined: the policy's hooks alone. */
  readonly scenario?: ast.ScenarioDecl | undefined;
  /** `name=value` of the command line; they win over the scenario's. */
  readonly params?: readonly string[];
  /** Decisions to keep (default 50,000); what is beyond is counted. */
  readonly mostDecisions?: number;
}

/** A replay, or why there is none. The diagnostics of a replay that ran say what it leaves out. */
export type ReplayOutcome =
  | { readonly ok: true; readonly result: ReplayResult; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

const MOST_DECISIONS = 50_000;

/** A policy and a trace that go together, with what the scenario and the command line say. */
export interface Prepared {
  readonly policy: Policy;
  readonly scenario: ScenarioPlan;
  readonly plan: ReplayPlan;
}

export type Preparation =
  | { readonly ok: true; readonly prepared: Prepared; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Finds out whether the policy can run over the trace, and what is left out when it does. */
export function prepare(policy: Policy, trace: Trace, options: ReplayOptions = {}): Preparation {
  const { model, program } = policy;
  const scenario = planScenario(model, options.scenario, trace);
  const settings = (options.params ?? []).map((setting) => parseSetting(program, setting));
  const diagnostics = [
    ...supportOf(program, trace),
    ...scenario.diagnostics,
    ...settings.filter((setting): setting is Diagnostic => 'code' in setting),
  ];
  if (diagnostics.some(({ severity }) => severity === 'error')) return { ok: false, diagnostics };
  const params = new Map<string, Value>(scenario.params);
  for (const setting of settings) if (!('code' in setting)) params.set(setting.name, setting.value);
  const plan: ReplayPlan = {
    program,
    trace,
    machines: scenario.machines,
    tables: scenario.tables,
    assumptions: scenario.assumptions,
    params,
    mostDecisions: options.mostDecisions ?? MOST_DECISIONS,
  };
  return { ok: true, prepared: { policy, scenario, plan }, diagnostics };
}

/**
 * Replays a policy over a trace: its hooks run over the recorded events, in order, as the kernel would have run them;
 * nothing in the schedule changes. Exact for hooks on tracepoints; docs/simulation.md says what else is.
 */
export function replay(policy: Policy, trace: Trace, options: ReplayOptions = {}): ReplayOutcome {
  const preparation = prepare(policy, trace, options);
  return preparation.ok
    ? { ok: true, result: replayPrepared(preparation.prepared), diagnostics: preparation.diagnostics }
    : preparation;
}

export function replayPrepared(prepared: Prepared): ReplayResult {
  const { policy, scenario, plan } = prepared;
  const { trace, machines } = plan;
  const run = runReplay(plan);
  const threads = threadMetrics(trace, new Set(machines.vcpuOf.keys()));
  const { policy: name, trace: size, ...rest } = report(run, policy.text);
  return {
    policy: name,
    scenario: scenario.name ?? null,
    trace: size,
    ...rest,
    expectations: judgeAll(prepared, { run, machines, schedule: trace, threads, recorded: true }, undefined),
    recorded: vmMetrics(trace, threads, machines),
  };
}

/** Holds the scenario's expectations against what was measured. */
export function judgeAll(
  { policy: { model, program, text }, scenario, plan }: Prepared,
  measurements: Measurements,
  baseline: Measurements | undefined,
): readonly Expectation[] {
  const lines = new LineIndex(text);
  const params = new Map(
    program.params.map(({ name, value }) => [
      name,
      { value: plan.params.has(name) ? plan.params.get(name) : value },
    ]),
  );
  return scenario.expectations.map(({ condition }) =>
    judge(model, condition, params, measurements, baseline, {
      line: lines.lineAt(condition.span.start) + 1,
      text: text.slice(condition.span.start, condition.span.end),
    }),
  );
}
