import type { CallExpr, DsqDecl, Expr, Node } from '../../../../grammar/ast.ts';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import { todaysName } from '../../kernel/renames.ts';
import type { Model } from '../../semantics/model.ts';
import type { Reach } from '../reach.ts';
import { childrenOf } from '../uses.ts';
import { branches } from './conditions.ts';
import { isInsertion } from './paths.ts';

/** How a queue is used by what its hooks reach. */
interface QueueUse {
  /** The first place that puts a task into it. */
  filled: Span | undefined;
  /** Something takes tasks out, or may: the queue is passed on by a name that is not followed. */
  drained: boolean;
}

/** Calls that name a queue and neither fill nor drain it. */
const ASKING = new Set([
  'scx_bpf_dsq_nr_queued',
  'scx_bpf_dsq_peek',
  'scx_bpf_create_dsq',
  'scx_bpf_destroy_dsq',
]);

/** Calls that move a task into a queue, with the position of the queue. */
const MOVING = new Map([
  ['scx_bpf_dsq_move', 1],
  ['scx_bpf_dsq_move_vtime', 1],
]);

/** Queues that are filled and never drained, and slices that never end. */
export function checkQueues(model: Model, reach: Reach): readonly Diagnostic[] {
  const queues = new Map<DsqDecl, QueueUse>();
  const slices: { readonly name: string; readonly span: Span }[] = [];
  let kicks = false;
  for (const body of reach.bodies(model.handlers.filter((handler) => handler.side === 'host'))) {
    scan(body, model, queues);
  }
  for (const handler of model.handlers) {
    for (const { use } of reach.from(handler)) {
      if (use.kind === 'constant' && use.name === 'SCX_SLICE_INF') slices.push(use);
      kicks ||= use.kind === 'action' && ['kick', 'set_slice'].includes(use.action.name);
      kicks ||= use.kind === 'call' && ['scx_bpf_kick_cpu', 'scx_bpf_task_set_slice'].includes(use.name);
      kicks ||= use.kind === 'constant' && use.name === 'SCX_ENQ_PREEMPT';
      kicks ||= use.kind === 'write' && use.field === 'slice';
    }
  }
  const stuck = [...queues].flatMap(([decl, { filled, drained }]) =>
    filled === undefined || drained ? [] : [diagnostic('PV5003', filled, { dsq: decl.name.text })],
  );
  const endless = kicks ? undefined : slices[0];
  return endless === undefined
    ? stuck
    : [...stuck, diagnostic('PV5005', endless.span, { constant: endless.name })];
}

function scan(node: Node, model: Model, queues: Map<DsqDecl, QueueUse>): void {
  for (const [expr, effect] of effectsOf(node as Expr, model)) {
    const decl = queueOf(expr, model);
    if (decl === undefined) continue;
    const use = queues.get(decl) ?? { filled: undefined, drained: false };
    if (effect === 'fill') use.filled ??= expr.span;
    if (effect === 'drain') use.drained = true;
    queues.set(decl, use);
  }
  for (const child of childrenOf(node)) scan(child, model, queues);
}

type Effect = 'fill' | 'drain' | 'none';

/** Expressions in `node` itself that name a queue, and what is done with it. */
function effectsOf(node: Expr | Node, model: Model): readonly (readonly [Expr, Effect])[] {
  if (node.kind === 'for') {
    const { iterable } = node as Node & { readonly iterable: Expr };
    return [[iterable, 'drain']];
  }
  if (node.kind === 'call') return effectsOfCall(node as CallExpr, model);
  if (node.kind === 'let' || node.kind === 'assign' || node.kind === 'return') {
    const { value } = node as Node & { readonly value: Expr | undefined };
    return value === undefined ? [] : passedOn(value);
  }
  return [];
}

function effectsOfCall(call: CallExpr, model: Model): readonly (readonly [Expr, Effect])[] {
  const resolved = model.calls.get(call);
  const given = (resolved?.args ?? []).filter((arg) => arg !== undefined);
  if (resolved?.callee.kind !== 'kernel') return given.flatMap(passedOn);
  const name = todaysName(resolved.callee.call.name) ?? resolved.callee.call.name;
  const at = isInsertion(name) ? 1 : MOVING.get(name);
  return given.flatMap((arg, index): readonly (readonly [Expr, Effect])[] => {
    if (ASKING.has(name)) return [[arg, 'none']];
    if (index === at) return branches(arg).map((branch) => [branch, 'fill']);
    return passedOn(arg);
  });
}

/** What the name is passed on to may do anything with the queue. */
const passedOn = (expr: Expr): readonly (readonly [Expr, Effect])[] =>
  branches(expr).map((branch) => [branch, 'drain']);

function queueOf(expr: Expr, model: Model): DsqDecl | undefined {
  if (expr.kind === 'paren') return queueOf(expr.inner, model);
  const symbol = expr.kind === 'name' ? model.names.get(expr.name) : undefined;
  return symbol?.kind === 'dsq' ? symbol.decl : undefined;
}
