import type * as ast from '../../../grammar/ast.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import type { Value } from '../emit/executor/host.ts';
import { canonical } from '../emit/executor/number.ts';
import type { HookInfo } from '../semantics/kernel-view.ts';
import type { Model, Value as Constant } from '../semantics/model.ts';
import type { Trace } from '../trace/columns.ts';
import type { SelectionProblem, Selector, VmPattern } from '../trace/select.ts';
import type { Assumption } from './hints.ts';
import { missing } from './support.ts';
import { machinesOf, type Machines } from './vms.ts';

/** A scenario over one trace, ready to run. */
export interface ScenarioPlan {
  /** Name of the scenario; undefined: the policy is run without one. */
  readonly name: string | undefined;
  readonly machines: Machines;
  readonly assumptions: readonly Assumption[];
  /** Params that the scenario sets. */
  readonly params: ReadonlyMap<string, Value>;
  readonly expectations: readonly ast.ExpectItem[];
  /** What does not go together with the trace. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The path of the trace that a scenario names, relative to the policy; a diagnostic where it names none. */
export function traceOf(scenario: ast.ScenarioDecl): string | Diagnostic {
  const item = scenario.items.find((candidate) => candidate.kind === 'trace');
  return item ? item.path.value : diagnostic('PV7058', scenario.name.span, { scenario: scenario.name.text });
}

/** Resolves `scenario` of a policy without errors over a trace; undefined: the trace alone, with its own VMs. */
export function planScenario(
  model: Model,
  scenario: ast.ScenarioDecl | undefined,
  trace: Trace,
): ScenarioPlan {
  const items = scenario?.items ?? [];
  const vmItems = items.filter((item) => item.kind === 'vm');
  const assumeItems = items.filter((item) => item.kind === 'assume');
  const { machines, selected } = machinesOf(
    trace,
    vmItems.map((item) => patternOf(model, item)),
  );
  const problems = vmItems.flatMap((item, i) =>
    (selected[i]?.problems ?? []).flatMap((problem) => describe(item, problem)),
  );
  const late = assumeItems.flatMap((item) => neverStarts(model, item, trace));
  return {
    name: scenario?.name.text,
    machines,
    assumptions: assumeItems.flatMap((item) => assumption(model, item, machines)),
    params: new Map(items.flatMap((item) => (item.kind === 'set' ? [setting(model, item)] : []))),
    expectations: items.filter((item) => item.kind === 'expect'),
    diagnostics: [...problems, ...late],
  };
}

function constant(model: Model, expr: ast.Expr): Constant {
  const value = model.constants.get(expr);
  if (value === undefined) throw new Error(`the value at ${expr.span.start} is not constant`);
  return value;
}

const asValue = (value: Constant): Value => (typeof value === 'bigint' ? canonical(value) : value);

function patternOf(model: Model, item: ast.VmItem): VmPattern {
  const selectors = item.selectors.map(({ by, value }): Selector => {
    const wanted = constant(model, value);
    return by === 'pid' ? { by, value: Number(wanted) } : { by, value: String(wanted) };
  });
  return { name: item.name.text, selectors };
}

function describe(item: ast.VmItem, problem: SelectionProblem): Diagnostic[] {
  const vm = item.name.text;
  switch (problem.kind) {
    case 'cgroup':
      return [diagnostic('PV7060', item.span, { vm })];
    case 'nothing': {
      const names = problem.present.map((name) => `'${name}'`).join(', ');
      const threads = names === '' ? 'it names no threads' : `its busiest threads are ${names}`;
      return [diagnostic('PV7059', item.span, { vm, threads })];
    }
    case 'taken':
      return [
        diagnostic('PV7059', item.span, {
          vm,
          threads: `threads that it picks belong to '${problem.owner}' already`,
        }),
      ];
  }
}

function setting(model: Model, item: ast.SetItem): [string, Value] {
  return [item.param.text, asValue(constant(model, item.value))];
}

/** The hook that an assumption follows. */
function hookOf(model: Model, item: ast.AssumeItem): HookInfo | undefined {
  if (item.when.kind !== 'after') return undefined;
  const symbol = model.names.get(item.when.hook);
  if (symbol?.kind !== 'hook') throw new Error(`${item.when.hook.text} is no hook`);
  return symbol.hook;
}

function assumption(model: Model, item: ast.AssumeItem, machines: Machines): Assumption[] {
  const vm = machines.vms.find(({ name }) => name === item.vm.text);
  if (!vm) return [];
  const hook = hookOf(model, item);
  const { when } = item;
  return [
    {
      field: item.field.text,
      value: item.value ? asValue(constant(model, item.value)) : true,
      vcpus: new Set(vm.vcpus.map(({ tid }) => tid)),
      when:
        when.kind === 'after' && hook
          ? {
              kind: 'after',
              hook: `${hook.family} ${hook.name}`,
              for: Number(constant(model, when.duration)),
            }
          : { kind: 'always' },
    },
  ];
}

function neverStarts(model: Model, item: ast.AssumeItem, trace: Trace): Diagnostic[] {
  const hook = hookOf(model, item);
  if (!hook || missing(trace, hook).length === 0) return [];
  return [diagnostic('PV7061', item.span, { hook: hook.name })];
}
