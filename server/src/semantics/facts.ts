import type {
  AssignStmt,
  Block,
  CallExpr,
  Decl,
  EveryDecl,
  FnDecl,
  ForStmt,
  HookDecl,
} from '../../../grammar/ast.ts';
import { walk } from '../../../grammar/walk.ts';
import { Anchored } from '../diagnostics/anchored.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Context, Flow, Local, Side } from './context.ts';
import type { HandlerModel, Symbol } from './model.ts';

/** What the checker finds out on its way, besides what each name and expression means. */
export interface Facts {
  diagnostics: Diagnostic[];
  handlers: HandlerModel[];
  functions: FnDecl[];
  /** Symbols that are read somewhere; the rest is reported as unused. */
  used: Set<Symbol>;
  /** Every local and parameter, in the order of the text. */
  locals: Local[];
  /** Locals that are assigned to. */
  assigned: Set<Symbol>;
  /** Which value can get where: into a variable, a field, a parameter, the result of a function. */
  flows: Flow[];
  /** Loops and assignments, which the guest must not steer. */
  sinks: (ForStmt | AssignStmt)[];
  /** Which function calls which. */
  edges: { readonly from: FnDecl; readonly to: FnDecl; readonly call: CallExpr }[];
  /** There is text that the parser could not read, and that may use anything. */
  gaps: boolean;
}

export const noFacts = (): Facts => ({
  diagnostics: [],
  handlers: [],
  functions: [],
  used: new Set(),
  locals: [],
  assigned: new Set(),
  flows: [],
  sinks: [],
  edges: [],
  gaps: false,
});

/** What `run` finds out, apart from what the context knows already. */
export function apart(cx: Context, run: () => void): Facts {
  const outer = factsOf(cx);
  Object.assign(cx, noFacts());
  run();
  const found = factsOf(cx);
  Object.assign(cx, outer);
  return found;
}

const factsOf = (cx: Facts): Facts => ({
  diagnostics: cx.diagnostics,
  handlers: cx.handlers,
  functions: cx.functions,
  used: cx.used,
  locals: cx.locals,
  assigned: cx.assigned,
  flows: cx.flows,
  sinks: cx.sinks,
  edges: cx.edges,
  gaps: cx.gaps,
});

/** Facts that are kept while declarations move. */
export interface KeptFacts extends Omit<Facts, 'diagnostics'> {
  readonly anchored: Anchored | undefined;
}

export const kept = (cx: Context, { diagnostics, ...facts }: Facts): KeptFacts => ({
  ...facts,
  anchored: diagnostics.length === 0 ? undefined : new Anchored(diagnostics, cx.file.decls),
});

/** Makes all of `parts`, in their order, what the context knows. */
export function takeUp(cx: Context, parts: Iterable<KeptFacts>): void {
  const all = noFacts();
  for (const part of parts) {
    if (part.anchored !== undefined) all.diagnostics.push(...part.anchored.now());
    for (const one of part.handlers) all.handlers.push(one);
    for (const one of part.functions) all.functions.push(one);
    for (const one of part.used) all.used.add(one);
    for (const one of part.locals) all.locals.push(one);
    for (const one of part.assigned) all.assigned.add(one);
    for (const one of part.flows) all.flows.push(one);
    for (const one of part.sinks) all.sinks.push(one);
    for (const one of part.edges) all.edges.push(one);
    all.gaps ||= part.gaps;
  }
  Object.assign(cx, all);
}

/** A declaration whose body can be checked for itself: nothing but its head concerns others. */
export type WithBody = FnDecl | HookDecl | EveryDecl;

/** A body and what was found out in it. */
export interface CheckedBody {
  readonly body: Block;
  readonly side: Side;
  readonly facts: KeptFacts;
}

/** All that was found out about one policy, by the part of the text that it depends on. */
export class Checked {
  readonly cx: Context;
  readonly bodies: Map<WithBody, CheckedBody>;
  private readonly declarations: KeptFacts;
  private readonly rest: KeptFacts;

  constructor(cx: Context, declarations: Facts, bodies: Map<WithBody, CheckedBody>, rest: Facts) {
    this.cx = cx;
    this.declarations = kept(cx, declarations);
    this.bodies = bodies;
    this.rest = kept(cx, rest);
  }

  *facts(): Generator<KeptFacts> {
    yield this.declarations;
    for (const { facts } of this.bodies.values()) yield facts;
    yield this.rest;
  }
}

/** Every declaration with a body, and the side that it is on, in the order of the text. */
export function withBodies(
  decls: readonly Decl[],
  side: Side = 'host',
): readonly (readonly [WithBody, Side])[] {
  return decls.flatMap((decl) => {
    switch (decl.kind) {
      case 'fn':
      case 'hook':
      case 'every':
        return [[decl, side] as const];
      case 'guest':
        return withBodies(decl.decls, 'guest');
      default:
        return [];
    }
  });
}

/** Forgets what the names and expressions of a body mean, which is no longer part of the policy. */
export function forgetBody(cx: Context, body: Block): void {
  const maps: readonly { delete(key: object): boolean }[] = [cx.types, cx.names, cx.calls, cx.constants];
  walk(body, (node) => {
    for (const map of maps) map.delete(node);
  });
}
