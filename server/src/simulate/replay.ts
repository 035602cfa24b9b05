import type * as ast from '../../../grammar/ast.ts';
import { LineIndex } from '../../../grammar/text.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Value } from '../emit/executor/host.ts';
import type { Program } from '../ir/ir.ts';
import type { Model } from '../semantics/model.ts';
import type { Trace } from '../trace/columns.ts';
import { judge } from './expect.ts';
import type { Measurements } from './measure.ts';
import { threadMetrics, vmMetrics } from './metrics.ts';
import { parseSetting } from './params.ts';
import { report } from './report.ts';
import type { ReplayResult } from './result.ts';
import { runReplay } from './run.ts';
import { planScenario } from './scenario.ts';
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

/**
 * Replays a policy over a trace: its hooks run over the recorded events, in order, as the kernel would have run them;
 * nothing in the schedule changes. Exact for hooks on tracepoints; docs/simulation.md says what else is.
 */
export function replay(policy: Policy, trace: Trace, options: ReplayOptions = {}): ReplayOutcome {
  const { model, program, text } = policy;
  const plan = planScenario(model, options.scenario, trace);
  const settings = (options.params ?? []).map((setting) => parseSetting(program, setting));
  const diagnostics = [
    ...supportOf(program, trace),
    ...plan.diagnostics,
    ...settings.filter((setting): setting is Diagnostic => 'code' in setting),
  ];
  if (diagnostics.some(({ severity }) => severity === 'error')) return { ok: false, diagnostics };
  const params = new Map<string, Value>(plan.params);
  for (const setting of settings) if (!('code' in setting)) params.set(setting.name, setting.value);
  const run = runReplay({
    program,
    trace,
    machines: plan.machines,
    tables: plan.tables,
    assumptions: plan.assumptions,
    params,
    mostDecisions: options.mostDecisions ?? MOST_DECISIONS,
  });
  const threads = threadMetrics(trace, new Set(plan.machines.vcpuOf.keys()));
  const measurements: Measurements = { run, threads };
  const lines = new LineIndex(text);
  const expectations = plan.expectations.map(({ condition }) =>
    judge(model, condition, run.execution.machine.params, measurements, {
      line: lines.lineAt(condition.span.start) + 1,
      text: text.slice(condition.span.start, condition.span.end),
    }),
  );
  const { policy: name, trace: size, ...rest } = report(run, text);
  const result: ReplayResult = {
    policy: name,
    scenario: plan.name ?? null,
    trace: size,
    ...rest,
    expectations,
    recorded: vmMetrics(trace, threads, plan.machines),
  };
  return { ok: true, result, diagnostics };
}
