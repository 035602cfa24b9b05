import type { PolicyFile } from '../../../grammar/ast.ts';
import { finish, type InParts } from '../../../grammar/in-parts.ts';
import { closest } from '../diagnostics/suggest.ts';
import { builtinSymbol, report, type Context, type Side, type SideNames } from './context.ts';
import {
  apart,
  Checked,
  forgetBody,
  kept,
  noFacts,
  takeUp,
  withBodies,
  type CheckedBody,
  type WithBody,
} from './facts.ts';
import { collect } from './declarations.ts';
import { collectShared, collectState, sharedBlocks, stateBlocks } from './state.ts';
import { renameFix } from './fixes.ts';
import { functionBody, hookHandler, repeatedHandlers, timer } from './handlers.ts';
import type { KernelView } from './kernel-view.ts';
import { symbolOf } from './lookup.ts';
import type { Model, Symbol, Target } from './model.ts';
import { divisionsIn } from './division.ts';
import { pureInvariants } from './purity.ts';
import { recursion } from './recursion.ts';
import { scenariosAndInvariants } from './scenario.ts';
import { untrusted } from './taint.ts';
import { VOID } from './types.ts';
import { usage } from './usage.ts';

const TARGETS: readonly Target[] = ['pvsched', 'tracing', 'sched_ext'];

const isTarget = (word: string): word is Target => (TARGETS as readonly string[]).includes(word);

/** What the checker knew when it made a model: where it can go on for a text in which only bodies are new. */
const checked = new WeakMap<Model, Checked>();

/**
 * Finds out what every name of a policy means and which type every expression has, and reports what is wrong with
 * them. Takes any tree, broken ones too, and stays quiet about what the parser could not read.
 *
 * `before` is the model of an older text, which is used up: where the declarations are the same objects and have other
 * bodies, only these are looked at again.
 */
export const check = (file: PolicyFile, kernel: KernelView, before?: Model): Model =>
  finish(checkInParts(file, kernel, before));

/** The same, body by body. */
export function* checkInParts(file: PolicyFile, kernel: KernelView, before?: Model): InParts<Model> {
  const known = before && checked.get(before);
  const own = (known && again(known, file, kernel)) ?? (yield* afresh(file, kernel));
  const { cx } = own;
  takeUp(cx, own.facts());
  if (cx.tooDeep) report(cx, 'PV3045', file.span);
  else analyses(cx);
  const made = model(cx);
  if (!cx.tooDeep) checked.set(made, own);
  return made;
}

function* afresh(file: PolicyFile, kernel: KernelView): InParts<Checked> {
  const cx = newContext(file, kernel);
  const declarations = apart(cx, () => {
    header(cx);
    sharedBlocks(cx);
    stateBlocks(cx, file.decls);
    collect(cx, file.decls, 'host');
    for (const decl of file.decls) if (decl.kind === 'shared') collectShared(cx, decl);
    collectState(cx, file.decls, 'host');
    for (const entry of cx.entries) symbolOf(cx, entry);
  });
  const bodies = new Map<WithBody, CheckedBody>();
  yield;
  for (const [decl, side] of withBodies(file.decls)) {
    bodies.set(decl, checkBody(cx, decl, side));
    yield;
  }
  const handlers = [...bodies.values()].flatMap(({ facts }) => facts.handlers);
  const rest = apart(cx, () => {
    cx.handlers = handlers;
    repeatedHandlers(cx);
    scenariosAndInvariants(cx);
    cx.handlers = [];
  });
  yield;
  return new Checked(cx, declarations, bodies, rest);
}

/** Looks at the bodies that are new; undefined where anything else is. */
function again(known: Checked, file: PolicyFile, kernel: KernelView): Checked | undefined {
  const { cx, bodies } = known;
  const { header: head, decls } = cx.file;
  if (cx.kernel !== kernel || head !== file.header || decls.length !== file.decls.length) return undefined;
  if (!decls.every((decl, index) => decl === file.decls[index])) return undefined;
  cx.file = file;
  for (const [decl, { body, side }] of bodies) {
    if (decl.body === body) continue;
    forgetBody(cx, body);
    bodies.set(decl, checkBody(cx, decl, side));
  }
  return known;
}

const checkBody = (cx: Context, decl: WithBody, side: Side): CheckedBody => ({
  body: decl.body,
  side,
  facts: kept(
    cx,
    apart(cx, () => handler(cx, decl, side)),
  ),
});

/** What needs every name and type first. */
function analyses(cx: Context): void {
  recursion(cx);
  divisionsIn(cx, cx.file.decls);
  untrusted(cx);
  pureInvariants(cx);
  usage(cx);
}

function newContext(file: PolicyFile, kernel: KernelView): Context {
  const target = file.header?.target.text ?? '';
  const names = (): SideNames => ({
    globals: new Map(),
    state: { vcpu: new Map(), vm: new Map(), task: new Map(), cpu: new Map() },
  });
  return {
    file,
    kernel,
    target: isTarget(target) ? target : undefined,
    types: new Map(),
    names: new Map(),
    calls: new Map(),
    constants: new Map(),
    declared: new Map(),
    ...noFacts(),
    entries: [],
    host: names(),
    guest: names(),
    shared: { hint: undefined, feedback: undefined },
    adaptable: new Set(),
    lets: new WeakMap(),
    builtins: new Map(),
    parameters: new Map(),
    kernelFields: new Map(),
    scope: undefined,
    statement: undefined,
    divides: false,
    hasEnums: false,
    depth: 0,
    tooDeep: false,
  };
}

function header(cx: Context): void {
  const node = cx.file.header;
  if (node === undefined) return;
  cx.names.set(node.name, { kind: 'policy', decl: node });
  const name = node.target.text;
  if (name === '') return;
  if (isTarget(name)) {
    const doc = TARGET_DOCS[name];
    const symbol = builtinSymbol(cx, `builtin-name target ${name}`, () => ({
      kind: 'builtin-name',
      name,
      type: VOID,
      doc,
    }));
    cx.names.set(node.target, symbol);
    return;
  }
  const near = closest(name, TARGETS);
  const others = near === undefined ? TARGETS : [near];
  report(
    cx,
    'PV2007',
    node.target.span,
    { name, near },
    { fixes: others.flatMap((t) => renameFix(node.target.span, t)) },
  );
}

const TARGET_DOCS: Readonly<Record<Target, string>> = {
  pvsched: 'Callbacks of the paravirt scheduling patch set (v2). No released kernel has it.',
  tracing: 'Tracepoints of a stock kernel, and an agent in user space that acts.',
  sched_ext: 'A scheduler of its own, in kernels from 6.12 on.',
};

function handler(cx: Context, decl: WithBody, side: Side): void {
  switch (decl.kind) {
    case 'hook':
      return hookHandler(cx, decl, side);
    case 'every':
      return timer(cx, decl, side);
    case 'fn':
      return functionBody(cx, decl, side);
  }
}

function model(cx: Context): Model {
  const globals = (side: Side): ReadonlyMap<string, Symbol> =>
    new Map(
      [...cx[side].globals].flatMap(([name, { symbol }]) =>
        symbol === undefined ? [] : [[name, symbol] as const],
      ),
    );
  const { file, kernel, target, types, names, calls, constants, declared, handlers, functions } = cx;
  return {
    file,
    kernel,
    name: file.header?.name.text ?? '',
    target,
    types,
    names,
    calls,
    constants,
    declared,
    globals: { host: globals('host'), guest: globals('guest') },
    handlers,
    functions,
    scenarios: file.decls.filter((decl) => decl.kind === 'scenario'),
    invariants: file.decls.filter((decl) => decl.kind === 'invariant'),
    diagnostics: cx.diagnostics,
    family: cx,
  };
}
