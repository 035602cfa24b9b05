import type { DsqDecl, Expr } from '../../../../grammar/ast.ts';
import type { Diagnostic, Fix } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { HandlerModel, Model } from '../../semantics/model.ts';
import { addDispatch } from '../fixes.ts';
import { Guards, type Guard, type GuardedCall } from '../guards.ts';
import type { Reach } from '../reach.ts';
import { Reading } from '../reading.ts';
import { atBegin } from '../rewrites.ts';
import { branches } from './conditions.ts';
import { PREV_KEY, Priorities, emptyKey, isCpuKey, type Taking } from './priorities.ts';
import { drainedIn, isPlacing } from './queues.ts';

/** A place where tasks go into a queue, with what has to hold there. */
interface Filling {
  readonly call: GuardedCall;
  readonly guards: readonly Guard[];
}

/** Queues that another may starve, and queues that only some CPUs take from. */
export function checkStarvation(model: Model, reach: Reach): readonly Diagnostic[] {
  const ops = model.handlers.filter(({ hook }) => hook?.family === 'op' && hook.name === 'dispatch');
  const [dispatch, second] = ops;
  if (dispatch === undefined || second !== undefined) return [];
  const { takings } = new Priorities(model, dispatch);
  const elsewhere = new Set(
    model.handlers.filter((handler) => handler !== dispatch).flatMap((one) => [...drainedIn(one, reach)]),
  );
  const fillings = new Fillings(model);
  const found: Diagnostic[] = [];
  for (const [queue, taking] of takings) {
    if (elsewhere.has(queue)) continue;
    found.push(...checkHigher(queue, taking, [...takings.keys()], fillings, dispatch));
    if (!found.some(isAboutLocal)) found.push(...checkLocal(queue, taking, fillings));
    found.push(...checkCpus(queue, taking, fillings, model));
  }
  return found;
}

/** A queue from which tasks are taken only when a higher one is empty, into which they go without a bound. */
function checkHigher(
  low: DsqDecl,
  { span, known }: Taking,
  queues: readonly DsqDecl[],
  fillings: Fillings,
  dispatch: HandlerModel,
): readonly Diagnostic[] {
  for (const high of queues) {
    if (high === low || !known.has(emptyKey(high))) continue;
    const endless = fillings.into(high)?.find(({ guards }) => !fillings.isBounded(guards));
    if (endless === undefined) continue;
    const related = [
      { message: `tasks go into ${high.name.text} here`, span: endless.call.call.callee.span },
    ];
    const args = { low: low.name.text, high: high.name.text };
    const code = fillings.isGuests(endless.guards) ? 'PV5012' : 'PV5010';
    return [diagnostic(code, span, args, { related, fixes: takeTurns(low, dispatch) })];
  }
  return [];
}

/** Lets the lower queue go first now and then, so that it always gets on. */
function takeTurns(low: DsqDecl, { decl }: HandlerModel): readonly Fix[] {
  const queue = low.name.text;
  const turn = `if bpf_get_prandom_u32() % 8 == 0 && scx_bpf_dsq_move_to_local(${queue}) { return }`;
  return [{ title: `Take from ${queue} first, one time in eight`, edits: [atBegin(decl.body, turn)] }];
}

const isAboutLocal = ({ code, related }: Diagnostic): boolean =>
  code === 'PV5010' && related.some(({ message }) => message === INTO_LOCAL);

const INTO_LOCAL = 'tasks go into LOCAL here';

/** `dispatch` does not run while the CPU's own queue holds a task: what goes there time and again starves every other queue. */
function checkLocal(low: DsqDecl, { span }: Taking, fillings: Fillings): readonly Diagnostic[] {
  const endless = fillings.intoLocal().find(({ guards }) => guards.length > 0 && fillings.isFixed(guards));
  if (endless === undefined) return [];
  const related = [{ message: INTO_LOCAL, span: endless.call.call.callee.span }];
  return [diagnostic('PV5010', span, { low: low.name.text, high: 'LOCAL' }, { related })];
}

/** A queue that CPUs of one kind alone take from, while tasks go there whatever CPUs they may run on. */
function checkCpus(
  queue: DsqDecl,
  { span, known }: Taking,
  fillings: Fillings,
  model: Model,
): readonly Diagnostic[] {
  if (known.has(PREV_KEY)) {
    const which = 'only a CPU on which a task of the policy ran before takes';
    const fixes = addDispatch(model, queue.name.text);
    return [
      diagnostic(
        'PV5011',
        span,
        { which, dsq: queue.name.text, stuck: 'one that waits while the CPUs are idle' },
        { fixes },
      ),
    ];
  }
  if (![...known].some(isCpuKey)) return [];
  const bound = fillings.into(queue)?.find(({ guards }) => !fillings.looksAtCpus(guards));
  if (bound === undefined) return [];
  const related = [{ message: `tasks go into ${queue.name.text} here`, span: bound.call.call.callee.span }];
  const fixes = addDispatch(model, queue.name.text);
  const args = {
    which: 'only some CPUs take',
    dsq: queue.name.text,
    stuck: 'one that is bound to the others',
  };
  return [diagnostic('PV5011', span, args, { related, fixes })];
}

class Fillings {
  private readonly model: Model;
  private readonly reading: Reading;
  private readonly calls: readonly GuardedCall[] | undefined;
  private readonly inEnqueue: readonly GuardedCall[];

  constructor(model: Model) {
    this.model = model;
    this.reading = new Reading(model);
    const guards = new Guards(model, ({ callee }) => callee.kind === 'kernel' && isPlacing(callee.call.name));
    const ways = model.handlers.filter(({ side }) => side === 'host').map(({ decl }) => guards.of(decl.body));
    this.calls = ways.some((one) => one === undefined) ? undefined : ways.flatMap((one) => one ?? []);
    this.inEnqueue = model.handlers
      .filter(({ hook }) => hook?.family === 'op' && hook.name === 'enqueue')
      .flatMap(({ decl }) => guards.of(decl.body) ?? []);
  }

  /** Places where the queue is named as the one to fill; undefined where there are too many ways to tell. */
  into(queue: DsqDecl): readonly Filling[] | undefined {
    return this.calls?.flatMap((call) => {
      const [, where] = call.resolved.args;
      if (where === undefined) return [];
      const named = branches(where).some((branch) => this.isQueue(branch, queue));
      return named ? [{ call, guards: [...call.guards, ...chosenBy(where)] }] : [];
    });
  }

  /** Places in `enqueue` where tasks go into the queue of their CPU. */
  intoLocal(): readonly Filling[] {
    return this.inEnqueue.flatMap((call) => {
      const [, where] = call.resolved.args;
      const local = where === undefined ? [] : branches(where).filter((branch) => this.isLocal(branch));
      return local.length === 0 || where === undefined
        ? []
        : [{ call, guards: [...call.guards, ...chosenBy(where)] }];
    });
  }

  private isLocal(expr: Expr): boolean {
    const symbol = expr.kind === 'name' ? this.model.names.get(expr.name) : undefined;
    return symbol?.kind === 'builtin-name' && expr.kind === 'name' && expr.name.text === 'LOCAL';
  }

  /** Every condition is one that holds for as long as the task lives, and it is no thread of the kernel. */
  isFixed = (guards: readonly Guard[]): boolean =>
    guards.every(({ condition, narrows }) => narrows || this.reading.isFixedProperty(condition)) &&
    !guards.some(({ condition, holds }) => holds && this.asks(condition, 'is_kthread'));

  /** Something on the way says that the task does not go there time and again, or it is a thread of the kernel. */
  isBounded = (guards: readonly Guard[]): boolean =>
    guards.some(
      ({ condition, holds }) =>
        this.reading.bounds(condition) || (holds && this.asks(condition, 'is_kthread')),
    );

  isGuests = (guards: readonly Guard[]): boolean =>
    guards.some(({ condition }) => this.reading.trustsGuest(condition));

  /** A condition on CPUs or masks: the policy has thought of who may run where. */
  looksAtCpus = (guards: readonly Guard[]): boolean =>
    guards.some(({ condition }) =>
      this.reading.some(condition, (node) => {
        const kind = this.model.types.get(node as Expr)?.kind;
        return (
          kind === 'cpu' || kind === 'cpumask' || (node.kind === 'member' && /cpu/.test(node.member.text))
        );
      }),
    );

  private asks(condition: Expr, name: string): boolean {
    if (condition.kind === 'paren') return this.asks(condition.inner, name);
    if (condition.kind === 'binary' && condition.op === '&&')
      return this.asks(condition.left, name) || this.asks(condition.right, name);
    const callee = condition.kind === 'call' ? this.model.calls.get(condition)?.callee : undefined;
    return callee?.kind === 'builtin' && callee.builtin.name === name;
  }

  private isQueue(expr: Expr, queue: DsqDecl): boolean {
    const symbol = expr.kind === 'name' ? this.model.names.get(expr.name) : undefined;
    return symbol?.kind === 'dsq' && symbol.decl === queue;
  }
}

/** The conditions of `c ? a : b`. */
function chosenBy(expr: Expr): readonly Guard[] {
  if (expr.kind === 'paren') return chosenBy(expr.inner);
  if (expr.kind !== 'cond') return [];
  return [
    { condition: expr.condition, holds: false, narrows: false },
    ...chosenBy(expr.then),
    ...chosenBy(expr.otherwise),
  ];
}
