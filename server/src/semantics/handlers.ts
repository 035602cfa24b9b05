import type { Block, EveryDecl, FnDecl, HookDecl, Ident } from '../../../grammar/ast.ts';
import { closest } from '../diagnostics/suggest.ts';
import {
  builtinSymbol,
  CONSTANT,
  declareLocal,
  enter,
  inBlock,
  report,
  type Context,
  type Env,
  type Side,
} from './context.ts';
import { renameFix, replace } from './fixes.ts';
import { constantInt } from './expressions.ts';
import { divisions } from './division.ts';
import { flow } from './flow.ts';
import type { HookFamily, HookInfo } from './kernel-view.ts';
import { block } from './statements.ts';
import { DURATION, ERROR, VOID, type Type } from './types.ts';

/** Hooks that need no kernel to be there. */
function builtinHook(family: 'init' | 'exit' | 'every'): HookInfo {
  const doc = {
    init: 'When the policy is loaded, before any other hook.',
    exit: 'When the policy is unloaded, after every other hook.',
    every: 'Again and again, after each period.',
  }[family];
  return { family, name: '', system: '', params: [], result: VOID, sleepable: false, doc };
}

/** Checks the head and body of `on HOOK (…) { }`. */
export function hookHandler(cx: Context, decl: HookDecl, side: Side): void {
  const hook = findHook(cx, decl, side);
  const label = hookLabel(decl);
  const types = decl.params.map((_, i): Type => hook?.params[i]?.type ?? ERROR);
  const extra = hook === undefined ? undefined : decl.params[hook.params.length];
  if (hook !== undefined && extra !== undefined) {
    const last = decl.params.at(-1) ?? extra;
    report(
      cx,
      'PV2013',
      { start: extra.span.start, end: last.span.end },
      { hook: label, count: hook.params.length, kernel: cx.kernel.label },
    );
  }
  const env: Env = {
    ...CONSTANT,
    place: 'code',
    side,
    body: { kind: 'hook', label, result: hook?.result ?? ERROR, hook, decl: undefined },
  };
  const params = decl.params.map((ident, i) => ({ ident, type: types[i] ?? ERROR }));
  cx.handlers.push({ decl, hook, side, params });
  inBlock(cx, () => {
    declareParams(cx, decl.params, types, label);
    body(cx, env, decl.body, decl.hook.span);
  });
}

/** Checks `every PERIOD { }`. */
export function timer(cx: Context, decl: EveryDecl, side: Side): void {
  const hook = cx.kernel.hook('every', '') ?? builtinHook('every');
  const what = 'the period';
  const period = constantInt(cx, { ...CONSTANT, side }, decl.period, what, DURATION);
  if (period !== undefined && period === 0n)
    report(cx, 'PV3044', decl.period.span, { what: `${what}, in ns,`, lo: 1, hi: 2 ** 53 });
  const env: Env = {
    ...CONSTANT,
    place: 'code',
    side,
    body: { kind: 'hook', label: 'every', result: hook.result, hook, decl: undefined },
  };
  cx.handlers.push({ decl, hook, side, params: [] });
  body(cx, env, decl.body, decl.period.span);
}

/** Checks the body of a function, whose parameters were typed with its declaration. */
export function functionBody(cx: Context, decl: FnDecl, side: Side): void {
  const symbol = cx.names.get(decl.name);
  const result = symbol?.kind === 'fn' ? symbol.result : ERROR;
  const label = `fn ${decl.name.text}`;
  const env: Env = {
    ...CONSTANT,
    place: 'code',
    side,
    body: { kind: 'fn', label, result, hook: undefined, decl },
  };
  cx.functions.push(decl);
  inBlock(cx, () => {
    const seen = new Map<string, Ident>();
    for (const { name } of decl.params) {
      twice(cx, seen, name, label);
      const local = cx.names.get(name);
      if (local?.kind === 'local' && name.text !== '' && name.text !== '_') enter(cx, local);
    }
    body(cx, env, decl.body, decl.name.span);
  });
}

function body(cx: Context, env: Env, node: Block, head: HookDecl['span']): void {
  cx.divides = false;
  block(cx, env, node);
  flow(cx, env, node, head);
  if (cx.divides) divisions(cx, node);
}

function declareParams(cx: Context, params: readonly Ident[], types: readonly Type[], label: string): void {
  const seen = new Map<string, Ident>();
  params.forEach((ident, i) => {
    twice(cx, seen, ident, label);
    declareLocal(cx, ident, types[i] ?? ERROR, 'hook-param');
  });
}

function twice(cx: Context, seen: Map<string, Ident>, ident: Ident, label: string): void {
  if (ident.text === '' || ident.text === '_') return;
  const first = seen.get(ident.text);
  if (first === undefined) {
    seen.set(ident.text, ident);
    return;
  }
  const related = [{ message: 'first declared here', span: first.span }];
  report(cx, 'PV2002', ident.span, { name: ident.text, what: `a parameter of ${label}` }, { related });
}

/** As messages name it: 'sched:sched_switch', 'pvsched vmexit', 'op enqueue', 'init'. */
export function hookLabel(decl: HookDecl): string {
  const { family, system, name } = decl.hook;
  if (family === 'tracepoint')
    return system === undefined ? (name?.text ?? '') : `${system.text}:${name?.text ?? ''}`;
  return name === undefined ? `on ${family}` : `${family} ${name.text}`;
}

function findHook(cx: Context, decl: HookDecl, side: Side): HookInfo | undefined {
  const { family, name, system } = decl.hook;
  if (family === 'error') return undefined;
  if (!familyAllowed(cx, decl, family, side)) return undefined;
  if (family === 'init' || family === 'exit') {
    const hook = side === 'host' && cx.target === 'sched_ext' ? cx.kernel.hook(family, '') : undefined;
    return hook ?? cx.kernel.hook(family, '') ?? builtinHook(family);
  }
  if (name === undefined || name.text === '') return undefined;
  const hook = cx.kernel.hook(family, name.text);
  if (hook === undefined) {
    unknownHook(cx, decl, family, name);
    return undefined;
  }
  const symbol = builtinSymbol(cx, `hook ${family} ${name.text}`, () => ({ kind: 'hook', hook }));
  cx.names.set(name, symbol);
  if (hook.refused !== undefined) {
    report(cx, 'PV2010', decl.hook.span, {
      what: `'on ${hookLabel(decl)}'`,
      where: 'a policy',
      way: hook.refused,
    });
    return undefined;
  }
  if (system === undefined || system.text === '') return hook;
  cx.names.set(system, symbol);
  if (hook.system !== '' && system.text !== hook.system) {
    report(
      cx,
      'PV2009',
      system.span,
      { name: name.text, written: system.text, right: hook.system },
      { fixes: [{ title: `Change to '${hook.system}'`, edits: [replace(system.span, hook.system)] }] },
    );
  }
  return hook;
}

function familyAllowed(cx: Context, decl: HookDecl, family: HookFamily, side: Side): boolean {
  const span = decl.hook.span;
  if (side === 'guest') {
    if (family !== 'op' && family !== 'pvsched') return true;
    report(cx, 'PV2010', span, {
      what: `'on ${family}'`,
      where: "'guest { }'",
      way: 'the guest has tracepoints of its own kernel',
    });
    return false;
  }
  if (cx.target === undefined) return true;
  if (family === 'pvsched' && cx.target !== 'pvsched') {
    const way =
      cx.target === 'tracing'
        ? 'use the tracepoints of KVM, such as kvm:kvm_exit'
        : 'use tracepoints and ops';
    report(cx, 'PV2010', span, { what: "'on pvsched'", where: `a policy for ${cx.target}`, way });
    return false;
  }
  if (family === 'op' && cx.target !== 'sched_ext') {
    report(cx, 'PV2010', span, {
      what: "'on op'",
      where: `a policy for ${cx.target}`,
      way: "write 'for sched_ext' in the first line, or use tracepoints",
    });
    return false;
  }
  return true;
}

const FAMILY_NAMES: Readonly<Record<'tracepoint' | 'pvsched' | 'op', string>> = {
  tracepoint: 'tracepoint',
  pvsched: 'pvsched event',
  op: 'op of sched_ext',
};

function unknownHook(
  cx: Context,
  decl: HookDecl,
  family: 'tracepoint' | 'pvsched' | 'op' | 'every',
  name: Ident,
): void {
  if (family === 'every') return;
  const near = closest(
    name.text,
    cx.kernel.hooks(family).map((h) => h.name),
  );
  const found = near === undefined ? undefined : cx.kernel.hook(family, near);
  const { system } = decl.hook;
  const moved =
    found !== undefined && system !== undefined && found.system !== system.text && near !== undefined;
  const fixes = moved
    ? [
        {
          title: `Change to '${found.system}:${near}'`,
          edits: [replace(system.span, found.system), replace(name.span, near)],
        },
      ]
    : renameFix(name.span, near);
  report(
    cx,
    'PV2008',
    name.span,
    { name: name.text, near, family: FAMILY_NAMES[family], kernel: cx.kernel.label },
    { fixes },
  );
}

/** One handler a hook and side: a second one would need a rule for who is first. */
export function repeatedHandlers(cx: Context): void {
  const seen = new Map<string, HookDecl>();
  for (const { decl, side } of cx.handlers) {
    if (decl.kind !== 'hook' || decl.hook.family === 'error' || decl.hook.name?.text === '') continue;
    const id = `${side} ${decl.hook.family} ${decl.hook.name?.text ?? ''}`;
    const first = seen.get(id);
    if (first === undefined) {
      seen.set(id, decl);
      continue;
    }
    const related = [{ message: 'the first handler', span: first.hook.span }];
    report(cx, 'PV2011', decl.hook.span, { hook: hookLabel(decl) }, { related });
  }
}
