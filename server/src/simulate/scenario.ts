import type * as ast from '../../../grammar/ast.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { valueOf, type Value } from '../emit/executor/host.ts';
import type { HookInfo } from '../semantics/kernel-view.ts';
import type { Model, Value as Constant } from '../semantics/model.ts';
import type { Trace } from '../trace/columns.ts';
import type { SelectionProblem, Selector, VmPattern } from '../trace/select.ts';
import type { Assumption } from './hints.ts';
import { missing } from './support.ts';
import { machinesOf, type Machines } from './vms.ts';

/** What the scenario puts into tables, by table and key; a VM's key is its position among the machines. */
export type Tables = ReadonlyMap<string, ReadonlyMap<Value, Value>>;

/** A scenario over one trace, ready to run. */
export interface ScenarioPlan {
  /** Name of the scenario; undefined: the policy is run without one. */
  readonly name: string | undefined;
  readonly machines: Machines;
  readonly assumptions: readonly Assumption[];
  /** Params that the scenario sets. */
  readonly params: ReadonlyMap<string, Value>;
  readonly tables: Tables;
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
    params: new Map(
      items.flatMap((item) => (item.kind === 'set' && !item.key ? [setting(model, item)] : [])),
    ),
    tables: tablesOf(model, items, machines),
    expectations: items.filter((item) => item.kind === 'expect'),
    diagnostics: [...problems, ...late],
  };
}

function constant(model: Model, expr: ast.Expr): Constant {
  const value = model.constants.get(expr);
  if (value === undefined) throw new Error(`the value at ${expr.span.start} is not constant`);
  return value;
}

/** The constant that `expr` is, in the form that it has while the policy runs. */
const asValue = (model: Model, expr: ast.Expr): Value =>
  valueOf(constant(model, expr), model.types.get(expr)?.kind === 'cpumask');

function patternOf(model: Model, item: ast.VmItem): VmPattern {
  const selectors = item.selectors.map(({ by, value }): Selector => {
    const wanted = constant(model, value);
    return by === 'pid' ? { by, value: Number(wanted) } : { by, value: String(wanted) };
  });
  return { name: item.name.text, selectors };
}

function describe(item: ast.VmItem, problem: SelectionProblem): Diagnostic[] {
  const vm = item.name.text;
  const { by, value } = problem.selector;
  const selector = typeof value === 'number' ? `${by} ${value}` : `${by} "${value}"`;
  switch (problem.kind) {
    case 'cgroup':
      return [diagnostic('PV7060', item.span, { vm })];
    case 'nothing': {
      const names = problem.present.map((name) => `'${name}'`).join(', ');
      const threads = names === '' ? 'it names no threads' : `its busiest threads are ${names}`;
      return [diagnostic('PV7059', item.span, { vm, selector, threads })];
    }
    case 'taken':
      return [
        diagnostic('PV7059', item.span, {
          vm,
          selector,
          threads: `threads that it picks belong to '${problem.owner}' already`,
        }),
      ];
  }
}

function setting(model: Model, item: ast.SetItem): [string, Value] {
  return [item.param.text, asValue(model, item.value)];
}

function tablesOf(model: Model, items: readonly ast.ScenarioItem[], machines: Machines): Tables {
  const tables = new Map<string, Map<Value, Value>>();
  for (const item of items) {
    if (item.kind !== 'set' || !item.key) continue;
    const entries = tables.get(item.param.text) ?? new Map<Value, Value>();
    tables.set(item.param.text, entries);
    entries.set(keyOf(model, item.key, machines), asValue(model, item.value));
  }
  return tables;
}

function keyOf(model: Model, key: ast.Expr, machines: Machines): Value {
  const symbol = key.kind === 'name' ? model.names.get(key.name) : undefined;
  if (symbol?.kind !== 'scenario-vm') return asValue(model, key);
  return machines.vms.findIndex(({ name }) => name === symbol.decl.name.text);
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
      value: item.value ? asValue(model, item.value) : true,
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
