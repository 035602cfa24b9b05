import type {
  AssumeItem,
  CompareItem,
  Expr,
  Ident,
  InvariantDecl,
  ScenarioDecl,
  ScenarioItem,
  SetItem,
  VmItem,
} from '../../../grammar/ast.ts';
import { closest } from '../diagnostics/suggest.ts';
import { builtinSymbol, CONSTANT, declareLocal, inBlock, report, type Context, type Env } from './context.ts';
import { condition, constantInt, expectType } from './expressions.ts';
import { renameFix } from './fixes.ts';
import { hookLabel } from './handlers.ts';
import { findGlobal, symbolOf } from './lookup.ts';
import { unknownVm } from './metrics.ts';
import type { Symbol } from './model.ts';
import { checkSetting, constantValue } from './params.ts';
import { typeOf } from './type-refs.ts';
import { DURATION, STRING, U32, VOID, show } from './types.ts';

/** Checks scenarios and invariants, whose names are their own. */
export function scenariosAndInvariants(cx: Context): void {
  const scenarios = new Map<string, Ident>();
  const invariants = new Map<string, Ident>();
  for (const decl of cx.file.decls) {
    if (decl.kind === 'scenario') {
      once(cx, scenarios, decl.name, 'a scenario');
      cx.names.set(decl.name, { kind: 'scenario', decl });
      scenario(cx, decl);
    } else if (decl.kind === 'invariant') {
      once(cx, invariants, decl.name, 'an invariant');
      cx.names.set(decl.name, { kind: 'invariant', decl });
      invariant(cx, decl);
    }
  }
}

function once(cx: Context, seen: Map<string, Ident>, ident: Ident, what: string): void {
  const first = seen.get(ident.text);
  if (first === undefined || ident.text === '') {
    seen.set(ident.text, ident);
    return;
  }
  const related = [{ message: 'first declared here', span: first.span }];
  report(cx, 'PV2002', ident.span, { name: ident.text, what }, { related });
}

function invariant(cx: Context, decl: InvariantDecl): void {
  inBlock(cx, () => {
    const seen = new Map<string, Ident>();
    for (const param of decl.params) {
      once(cx, seen, param.name, 'a parameter of this invariant');
      const type = typeOf(cx, 'host', param.type, 'invariant');
      cx.declared.set(param, type);
      declareLocal(cx, param.name, type, 'fn-param');
    }
    for (const expr of decl.always) condition(cx, { ...CONSTANT, place: 'invariant' }, expr);
  });
}

function scenario(cx: Context, decl: ScenarioDecl): void {
  const vms = new Map<string, Symbol>();
  const seen = new Map<string, Ident>();
  for (const item of decl.items) {
    if (item.kind !== 'vm') continue;
    once(cx, seen, item.name, 'a VM of this scenario');
    const symbol: Symbol = { kind: 'scenario-vm', decl: item };
    cx.names.set(item.name, symbol);
    if (item.name.text !== '' && !vms.has(item.name.text)) vms.set(item.name.text, symbol);
  }
  const [, ...more] = decl.items.filter((item) => item.kind === 'trace');
  for (const item of more)
    report(cx, 'PV2015', item.span, { what: 'trace', way: 'make a scenario of its own for the other' });
  const env: Env = { ...CONSTANT, place: 'expect', vms };
  for (const item of decl.items) scenarioItem(cx, env, item);
}

function scenarioItem(cx: Context, env: Env, item: ScenarioItem): void {
  switch (item.kind) {
    case 'trace':
      cx.types.set(item.path, STRING);
      cx.constants.set(item.path, item.path.value);
      return;
    case 'vm':
      return selectors(cx, item);
    case 'assume':
      return assumption(cx, env, item);
    case 'compare':
      return comparison(cx, item);
    case 'set':
      return item.key === undefined ? setting(cx, item) : entry(cx, env, item, item.key);
    case 'expect':
      return condition(cx, env, item.condition);
  }
}

function selectors(cx: Context, item: VmItem): void {
  for (const { by, value } of item.selectors) {
    const what = by === 'pid' ? 'the pid' : `the name of a ${by}`;
    constantValue(cx, value, expectType(cx, CONSTANT, value, by === 'pid' ? U32 : STRING, what), what);
  }
}

function assumption(cx: Context, env: Env, item: AssumeItem): void {
  const field = hintField(cx, item.field);
  if (item.vm.text !== '') {
    const vm = env.vms?.get(item.vm.text);
    if (vm === undefined) unknownVm(cx, env, item.vm);
    else cx.names.set(item.vm, vm);
  }
  if (item.value !== undefined) {
    const what = `'${item.field.text}'`;
    const wanted = field?.type ?? ({ kind: 'error' } as const);
    constantValue(cx, item.value, expectType(cx, CONSTANT, item.value, wanted, what), what);
  } else if (field !== undefined && field.type.kind !== 'bool' && field.type.kind !== 'error') {
    report(cx, 'PV3041', item.field.span, { field: item.field.text, type: show(field.type) });
  }
  if (item.when.kind === 'always') return;
  constantInt(cx, CONSTANT, item.when.duration, 'how long it holds', DURATION);
  event(cx, item.when.hook);
}

function hintField(cx: Context, ident: Ident): (Symbol & { readonly kind: 'shared-field' }) | undefined {
  if (ident.text === '') return undefined;
  const symbol = cx.shared.hint?.fields.get(ident.text);
  if (symbol !== undefined) {
    cx.names.set(ident, symbol);
    return symbol;
  }
  const near = closest(ident.text, cx.shared.hint?.fields.keys() ?? []);
  const hint = cx.shared.hint === undefined ? "the policy has no 'shared hint { }' block" : '';
  report(
    cx,
    'PV2006',
    ident.span,
    { name: ident.text, near, of: 'the hint', hint },
    { fixes: renameFix(ident.span, near) },
  );
  return undefined;
}

/** What an assumption follows: a handler of the policy, or any event that a trace can have. */
function event(cx: Context, ident: Ident): void {
  const name = ident.text;
  if (name === '') return;
  const own = cx.handlers.find(({ decl }) => decl.kind === 'hook' && decl.hook.name?.text === name)?.hook;
  const hook = own ?? cx.kernel.hook('pvsched', name) ?? cx.kernel.hook('tracepoint', name);
  if (hook !== undefined) {
    const id = `hook ${hook.family} ${hook.name}`;
    cx.names.set(
      ident,
      builtinSymbol(cx, id, () => ({ kind: 'hook', hook })),
    );
    return;
  }
  // A handler of a hook that there is not has been reported there.
  if (cx.handlers.some(({ decl }) => decl.kind === 'hook' && decl.hook.name?.text === name)) return;
  const names = [
    ...cx.handlers.flatMap(({ decl }) =>
      decl.kind === 'hook' ? [decl.hook.name?.text ?? hookLabel(decl)] : [],
    ),
    ...cx.kernel.hooks('pvsched').map((h) => h.name),
    ...cx.kernel.hooks('tracepoint').map((h) => h.name),
  ];
  const near = closest(name, names);
  report(cx, 'PV2030', ident.span, { name, near }, { fixes: renameFix(ident.span, near) });
}

const BASELINES: Readonly<Record<string, string>> = {
  eevdf: "The kernel's own scheduler, without a policy.",
  pinned: 'Each vCPU pinned to a CPU of its own, as far as there are enough.',
};

function comparison(cx: Context, item: CompareItem): void {
  for (const baseline of item.baselines) {
    if (baseline.kind === 'string') {
      cx.types.set(baseline, STRING);
      cx.constants.set(baseline, baseline.value);
      continue;
    }
    const name = baseline.text;
    const doc = BASELINES[name];
    if (doc !== undefined) {
      const symbol = builtinSymbol(cx, `builtin-name baseline ${name}`, () => ({
        kind: 'builtin-name',
        name,
        type: VOID,
        doc,
      }));
      cx.names.set(baseline, symbol);
    } else if (name !== '') {
      const near = closest(name, Object.keys(BASELINES));
      report(cx, 'PV2029', baseline.span, { name, near }, { fixes: renameFix(baseline.span, near) });
    }
  }
}

function setting(cx: Context, item: SetItem): void {
  const ident = item.param;
  const entry = findGlobal(cx, 'host', ident.text);
  const symbol = entry?.decl.kind === 'param' ? symbolOf(cx, entry, ident) : undefined;
  if (symbol?.kind !== 'param') {
    expectType(cx, CONSTANT, item.value, { kind: 'error' }, 'the value');
    if (ident.text === '') return;
    const params = [...cx.host.globals.values()]
      .filter((e) => e.decl.kind === 'param')
      .map((e) => e.ident.text);
    const near = closest(ident.text, params);
    const named = { what: 'param or tunable', name: ident.text, near };
    report(cx, 'PV2032', ident.span, named, { fixes: renameFix(ident.span, near) });
    return;
  }
  cx.names.set(ident, symbol);
  const what = `the param '${ident.text}'`;
  const type = expectType(cx, CONSTANT, item.value, symbol.type, what);
  const value = constantValue(cx, item.value, type, what);
  if (value !== undefined && type.kind !== 'error')
    checkSetting(cx, symbol.decl, item.value, value, symbol.type);
}

/** `set TABLE[KEY] = VALUE`: an entry that the operator would have filled in; the key of a VM is the scenario's name of it. */
function entry(cx: Context, env: Env, item: SetItem, key: Expr): void {
  const ident = item.param;
  const found = findGlobal(cx, 'host', ident.text);
  const symbol = found?.decl.kind === 'table' ? symbolOf(cx, found, ident) : undefined;
  if (symbol?.kind !== 'table') {
    expectType(cx, CONSTANT, item.value, { kind: 'error' }, 'the value');
    if (ident.text === '') return;
    const tables = [...cx.host.globals.values()].filter((e) => e.decl.kind === 'table');
    const near = closest(
      ident.text,
      tables.map((e) => e.ident.text),
    );
    const named = { what: 'table', name: ident.text, near };
    report(cx, 'PV2032', ident.span, named, { fixes: renameFix(ident.span, near) });
    return;
  }
  cx.names.set(ident, symbol);
  if (symbol.key.kind === 'vm' && key.kind === 'name') {
    const vm = env.vms?.get(key.name.text);
    if (vm === undefined) unknownVm(cx, env, key.name);
    else {
      cx.names.set(key.name, vm);
      cx.used.add(vm);
    }
  } else {
    const what = `the key of '${ident.text}'`;
    const type = symbol.key.kind === 'task' ? U32 : symbol.key;
    constantValue(cx, key, expectType(cx, CONSTANT, key, type, what), what);
  }
  const what = `the entry of '${ident.text}'`;
  constantValue(cx, item.value, expectType(cx, CONSTANT, item.value, symbol.value, what), what);
}
