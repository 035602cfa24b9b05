import type { DsqDecl, Expr } from '../../../../grammar/ast.ts';
import type { Diagnostic, Fix, Span } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import { todaysName } from '../../kernel/renames.ts';
import { textOf } from '../../semantics/fixes.ts';
import type { HandlerModel, Model } from '../../semantics/model.ts';
import { addDispatch } from '../fixes.ts';
import type { Reach } from '../reach.ts';
import { leaveOut } from '../rewrites.ts';
import { callStatementIn } from '../statements.ts';
import type { Use } from '../uses.ts';
import { checkEndlessSlices } from './endless.ts';
import { checkShortSlices } from './slices.ts';
import { branches } from './conditions.ts';

/** Calls that name a queue and neither fill nor drain it. */
const ASKING = new Set([
  'scx_bpf_dsq_nr_queued',
  'scx_bpf_dsq_peek',
  'scx_bpf_create_dsq',
  'scx_bpf_destroy_dsq',
]);

/** Calls that put a task into the queue that is their second argument. */
const PLACING = new Set([
  'scx_bpf_dsq_insert',
  'scx_bpf_dsq_insert_vtime',
  'scx_bpf_dsq_move',
  'scx_bpf_dsq_move_vtime',
]);

const INSERTING = new Set(['scx_bpf_dsq_insert', 'scx_bpf_dsq_insert_vtime']);

const today = (name: string): string => todaysName(name) ?? name;

export const isPlacing = (name: string): boolean => PLACING.has(today(name));
export const isInsertion = (name: string): boolean => INSERTING.has(today(name));

export const isMoveToLocal = (name: string): boolean => today(name) === 'scx_bpf_dsq_move_to_local';

/** What a call of the kernel does to the queue that is its argument of that index. */
export function effectOn(name: string, index: number): Effect {
  if (isPlacing(name)) return index === 1 ? 'fill' : 'drain';
  return ASKING.has(today(name)) ? 'none' : 'drain';
}

/** Queues that the handler takes from, or may. */
export function drainedIn(handler: HandlerModel, reach: Reach): ReadonlySet<DsqDecl> {
  const uses = [...reach.from(handler)].map(({ use }) => use);
  const effects = new Map<Expr, Effect>();
  for (const use of uses) if (use.kind === 'call') addEffects(use, effects);
  return new Set(
    uses.flatMap((use) =>
      use.kind === 'dsq' && (effects.get(use.name) ?? 'drain') === 'drain' ? [use.decl] : [],
    ),
  );
}

/** What happens to a queue where it is named; what is not known to fill it or to ask about it may drain it. */
type Effect = 'fill' | 'drain' | 'none';

/** Queues that are filled and never drained, and slices that never end. */
export function checkQueues(model: Model, reach: Reach): readonly Diagnostic[] {
  const uses = new Set<Use>();
  for (const handler of model.handlers) {
    if (handler.side === 'host') for (const { use } of reach.from(handler)) uses.add(use);
  }
  return [
    ...checkDestroyed(model, reach),
    ...checkDrained(uses, model),
    ...checkOrders(uses, model),
    ...checkEndlessSlices(uses, model),
    ...checkShortSlices(uses, model),
  ];
}

/** The compiler makes the queues that are declared, and every insertion counts on them. */
function checkDestroyed(model: Model, reach: Reach): readonly Diagnostic[] {
  return model.handlers
    .filter(({ hook }) => hook !== undefined && hook.name !== 'exit' && hook.family !== 'exit')
    .flatMap((handler) => [...reach.from(handler)])
    .flatMap(({ use }) => {
      if (use.kind !== 'call' || use.name !== 'scx_bpf_destroy_dsq') return [];
      const [queue] = use.args;
      const symbol = queue?.kind === 'name' ? model.names.get(queue.name) : undefined;
      if (symbol?.kind !== 'dsq') return [];
      return [
        diagnostic('PV5014', use.span, { dsq: symbol.decl.name.text }, { fixes: withoutCall(use, model) }),
      ];
    });
}

/** Leaves the call out, where it is a statement. */
function withoutCall(use: Use & { readonly kind: 'call' }, model: Model): readonly Fix[] {
  const stmt = callStatementIn(model, use.span);
  return stmt === undefined ? [] : leaveOut(stmt, 'the call');
}

function checkDrained(uses: ReadonlySet<Use>, model: Model): readonly Diagnostic[] {
  const effects = new Map<Expr, Effect>();
  for (const use of uses) if (use.kind === 'call') addEffects(use, effects);
  const filled = new Map<DsqDecl, Span>();
  const drained = new Set<DsqDecl>();
  for (const use of uses) {
    if (use.kind !== 'dsq') continue;
    const effect = effects.get(use.name) ?? 'drain';
    if (effect === 'fill' && !filled.has(use.decl)) filled.set(use.decl, use.span);
    if (effect === 'drain') drained.add(use.decl);
  }
  return [...filled].flatMap(([decl, span]) =>
    drained.has(decl)
      ? []
      : [diagnostic('PV5003', span, { dsq: decl.name.text }, { fixes: addDispatch(model, decl.name.text) })],
  );
}

function addEffects(use: Use & { readonly kind: 'call' }, effects: Map<Expr, Effect>): void {
  const [first, second] = use.args;
  if (ASKING.has(today(use.name)) && first !== undefined) mark(first, 'none', effects);
  if (isPlacing(use.name) && second !== undefined) mark(second, 'fill', effects);
}

function mark(queue: Expr, effect: Effect, effects: Map<Expr, Effect>): void {
  for (const branch of branches(queue)) effects.set(branch, effect);
}

/** Calls that put a task where virtual time orders it. */
const ordered = (name: string): boolean => today(name).endsWith('_vtime');

/** Insertions into a queue of the other order, and moves out of queues that are the kernel's own. */
function checkOrders(uses: ReadonlySet<Use>, model: Model): readonly Diagnostic[] {
  const orders = new Map<Expr, 'fifo' | 'vtime'>();
  for (const use of uses) if (use.kind === 'dsq') orders.set(use.name, use.order);
  return [...uses].flatMap((use) => {
    if (use.kind !== 'call') return [];
    const [first, second] = use.args;
    if (isMoveToLocal(use.name) && first !== undefined)
      return branches(first)
        .filter((queue) => isBuiltIn(queue, model))
        .map((queue) =>
          diagnostic(
            'PV5007',
            queue.span,
            { call: use.name, queue: nameOf(queue) },
            { fixes: withoutCall(use, model) },
          ),
        );
    if (!isPlacing(use.name) || second === undefined) return [];
    return branches(second).flatMap((queue) => checkOrder(use.name, queue, orders.get(queue), model));
  });
}

function checkOrder(
  call: string,
  queue: Expr,
  order: 'fifo' | 'vtime' | undefined,
  model: Model,
): readonly Diagnostic[] {
  const builtIn = isBuiltIn(queue, model);
  const is = builtIn ? 'fifo' : order;
  if (is === undefined || (is === 'vtime') === ordered(call)) return [];
  const shown = builtIn ? 'built-in and FIFO' : is === 'vtime' ? 'ordered by virtual time' : 'FIFO';
  return [diagnostic('PV5006', queue.span, { call, queue: nameOf(queue), order: shown })];
}

/** LOCAL, GLOBAL, `local_on(cpu)`, SCX_DSQ_LOCAL. */
function isBuiltIn(queue: Expr, model: Model): boolean {
  if (queue.kind === 'call') {
    const callee = model.calls.get(queue)?.callee;
    return callee?.kind === 'builtin' && callee.builtin.name === 'local_on';
  }
  const kind = queue.kind === 'name' ? model.names.get(queue.name)?.kind : undefined;
  return kind === 'builtin-name' || kind === 'kernel-constant';
}

const nameOf = (queue: Expr): string => textOf(queue) ?? 'the queue';
