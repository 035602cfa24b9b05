import type * as ast from '../../../grammar/ast.ts';
import { finish, type InParts } from '../../../grammar/in-parts.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import type { Fn, Handler, InvariantDef, Local, Program, Side, Stmt } from './ir.ts';
import { declare, declaredType, newBody, type Body } from './lower-body.ts';
import { lowerDeclarations } from './lower-decls.ts';
import { lowerAs } from './lower-expr.ts';
import { lowerBlock } from './lower-stmt.ts';
import { IR_BOOL, IR_VOID, irType } from './types.ts';

/** A body as it was lowered. */
interface LoweredBody {
  readonly params: readonly Local[];
  readonly body: readonly Stmt[];
  readonly locals: number;
}

/** Bodies of models of one family. */
export type LoweredBodies = WeakMap<ast.Block, LoweredBody>;

/**
 * Lowers a policy to the program that the emitters print and the executor runs. Only for models without errors: what
 * the checker should have refused throws. With `known`, bodies that it has are not lowered again; some of their places
 * are then those of the text that they were lowered for.
 */
export const lower = (model: Model, known: LoweredBodies = new WeakMap()): Program =>
  finish(lowerInParts(model, known));

/** The same, body by body. */
export function* lowerInParts(model: Model, known: LoweredBodies): InParts<Program> {
  const { header } = model.file;
  if (!header || !model.target) throw new Error('a policy without a header cannot be lowered');
  const guest = model.file.decls.some((decl) => decl.kind === 'guest');
  return {
    name: model.name,
    target: model.target,
    doc: header.doc,
    requires: header.requires?.version,
    ...lowerDeclarations(model),
    invariants: model.invariants.map((decl) => lowerInvariant(model, decl)),
    host: yield* lowerSide(model, 'host', known),
    guest: guest ? yield* lowerSide(model, 'guest', known) : undefined,
  };
}

function* lowerSide(model: Model, side: 'host' | 'guest', known: LoweredBodies): InParts<Side> {
  const ofGuest = new Set<ast.Decl>(
    model.file.decls.flatMap((decl) => (decl.kind === 'guest' ? decl.decls : [])),
  );
  const functions: Fn[] = [];
  for (const decl of model.functions) {
    if (ofGuest.has(decl) !== (side === 'guest')) continue;
    functions.push(lowerFn(model, decl, side, known));
    yield;
  }
  const handlers: Handler[] = [];
  for (const handler of model.handlers) {
    if (handler.side !== side) continue;
    handlers.push(lowerHandler(model, handler, handlers.length, known));
    yield;
  }
  return { functions, handlers };
}

function once(known: LoweredBodies, block: ast.Block, lowered: () => LoweredBody): LoweredBody {
  const found = known.get(block) ?? lowered();
  known.set(block, found);
  return found;
}

function lowerFn(model: Model, decl: ast.FnDecl, side: 'host' | 'guest', known: LoweredBodies): Fn {
  const symbol = model.names.get(decl.name);
  const result = symbol?.kind === 'fn' ? irType(symbol.result) : IR_VOID;
  const lowered = once(known, decl.body, () => {
    const body = newBody(model, side, result);
    const params = declareFields(body, decl.params);
    const statements = lowerBlock(body, decl.body);
    return { params, body: statements, locals: body.count };
  });
  const span = { start: decl.span.start, end: decl.body.span.start };
  return { name: decl.name.text, doc: decl.doc, result, ...lowered, span };
}

function declareFields(body: Body, fields: readonly ast.Field[]): Local[] {
  return fields.map((field) => declare(body, field.name, declaredType(body, field.name)));
}

function lowerHandler(model: Model, handler: HandlerModel, index: number, known: LoweredBodies): Handler {
  const { decl, hook, side } = handler;
  if (!hook) throw new Error(`the hook at ${decl.span.start} is unknown`);
  const lowered = once(known, decl.body, () => {
    const body = newBody(model, side, irType(hook.result));
    const params = handler.params.map(({ ident, type }) => {
      const local = declare(body, ident, irType(type));
      body.own.add(local.id);
      return local;
    });
    const statements = lowerBlock(body, decl.body);
    return { params, body: statements, locals: body.count };
  });
  return {
    index,
    hook,
    doc: decl.doc,
    period: decl.kind === 'every' ? periodOf(model, decl) : undefined,
    ...lowered,
    span: { start: decl.span.start, end: decl.body.span.start },
  };
}

function periodOf(model: Model, decl: ast.EveryDecl): bigint {
  const period = model.constants.get(decl.period);
  if (typeof period !== 'bigint') throw new Error(`the period at ${decl.period.span.start} is not constant`);
  return period;
}

function lowerInvariant(model: Model, decl: ast.InvariantDecl): InvariantDef {
  const body = newBody(model, 'host', IR_BOOL);
  const params = declareFields(body, decl.params);
  const always = decl.always.map((condition) => lowerAs(body, condition, IR_BOOL));
  return { name: decl.name.text, doc: decl.doc, params, always, span: decl.name.span };
}
