import type { Diagnostic, Related, Span } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { callRow } from '../kernel/catalogue.ts';
import { delivery } from '../kernel/delivery.ts';
import { firedBy } from '../kernel/effects.ts';
import type { KernelSelection } from '../kernel/profiles.ts';
import { renamedCall, todaysRowName } from '../kernel/renames.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import { contextOf, type HookContext } from './context.ts';
import { chain } from './explain.ts';
import type { Reach, Step } from './reach.ts';
import type { Use } from './uses.ts';
import { matches } from './verdict.ts';

/** A call in one handler that fires the tracepoint of another. */
interface Spark {
  readonly from: Node;
  readonly to: Node;
  /** As the policy writes it. */
  readonly call: string;
  readonly span: Span;
  readonly step: Step | undefined;
}

interface Node {
  readonly handler: HandlerModel;
  readonly context: HookContext;
  readonly event: string;
}

/**
 * Handlers of tracepoints that fire each other in a circle: each event makes the next, on this CPU or another, for
 * ever. One that fires itself is PV4008.
 */
export function checkFeedback(model: Model, reach: Reach, kernels: KernelSelection): readonly Diagnostic[] {
  const nodes = model.handlers.flatMap((handler) => nodeOf(handler, model, kernels));
  if (nodes.length < 2) return [];
  const sparks = nodes.flatMap((from) => sparksOf(from, nodes, model, reach, kernels));
  // A circle is reported once, where the first of its handlers begins it.
  const circles = new Map<string, Diagnostic>();
  for (const spark of sparks) {
    const back = wayBack(spark, sparks);
    if (back === undefined) continue;
    const key = [spark, ...back]
      .map(({ from }) => from.event)
      .toSorted()
      .join(' ');
    if (!circles.has(key)) circles.set(key, report(spark, back));
  }
  return [...circles.values()];
}

function nodeOf(handler: HandlerModel, model: Model, kernels: KernelSelection): readonly Node[] {
  if (handler.hook?.family !== 'tracepoint' || handler.side === 'guest') return [];
  const context = contextOf(handler, model.target, kernels);
  return context === undefined ? [] : [{ handler, context, event: handler.hook.name }];
}

function sparksOf(
  from: Node,
  nodes: readonly Node[],
  model: Model,
  reach: Reach,
  kernels: KernelSelection,
): readonly Spark[] {
  const sparks: Spark[] = [];
  for (const { use, step } of reach.from(from.handler)) {
    const made = callsOf(use, model, kernels);
    const fired = made.flatMap((name) => eventsOf(name, kernels));
    for (const to of nodes) {
      if (to.event === from.event || !fired.some((pattern) => matches(pattern, to.event))) continue;
      sparks.push({
        from,
        to,
        call: use.kind === 'action' ? use.action.name : (made[0] ?? ''),
        span: use.span,
        step,
      });
    }
  }
  return sparks;
}

/** Calls that the use makes inside of the hook. */
function callsOf(use: Use, { target }: Model, kernels: KernelSelection): readonly string[] {
  if (use.kind === 'call') return [use.name];
  if (use.kind !== 'action' || use.deferred || target === undefined) return [];
  return kernels.profiles.flatMap((profile) => {
    const how = delivery(use.action.name, target, profile, kernels.outOfTree);
    return how.kind === 'inline' ? [how.call] : [];
  });
}

function eventsOf(name: string, { outOfTree }: KernelSelection): readonly string[] {
  const renamed = renamedCall(name);
  const row =
    outOfTree?.calls.find((own) => own.name === name) ??
    callRow(renamed === undefined ? name : todaysRowName(renamed));
  return row === undefined ? [] : firedBy(row);
}

/** The sparks by which the handler that `spark` fires leads back to where it stands, by the shortest way. */
function wayBack(spark: Spark, sparks: readonly Spark[]): readonly Spark[] | undefined {
  const seen = new Set([spark.to.event]);
  const queue: (readonly Spark[])[] = [[]];
  for (const way of queue) {
    const at = way.at(-1)?.to ?? spark.to;
    for (const next of sparks) {
      if (next.from.event !== at.event) continue;
      if (next.to.event === spark.from.event) return [...way, next];
      if (seen.has(next.to.event)) continue;
      seen.add(next.to.event);
      queue.push([...way, next]);
    }
  }
  return undefined;
}

function report(spark: Spark, back: readonly Spark[]): Diagnostic {
  const { from, to, call, span, step } = spark;
  const related: Related[] = [
    ...chain(from.handler, from.context, step, `${call}() fires ${to.event}`),
    ...back.map((next) => ({
      message: `'${next.from.context.title}' calls ${next.call}(), which fires ${next.to.event}`,
      span: next.span,
    })),
  ];
  const args = { call: `${call}()`, event: to.event, other: to.context.title, hook: from.context.title };
  return diagnostic('PV4028', span, args, { related });
}
