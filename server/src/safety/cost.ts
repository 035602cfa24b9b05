import type { Block, Expr, FnDecl, ForStmt } from '../../../grammar/ast.ts';
import type { Diagnostic, Fix } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import { eachChild, type Part } from './children.ts';
import { describeContext, type HookContext } from './context.ts';
import { chain } from './explain.ts';
import { renameTo } from './fixes.ts';
import type { Reach, Step } from './reach.ts';

/** Operations that one run of a hook may take: beyond `slow` a warning, beyond `stalls` an error. */
interface Budget {
  readonly slow: number;
  readonly stalls: number;
}

/**
 * Where a lock is held or interrupts are off, all else on the CPU waits: a few thousand operations are unseen, a few
 * milliseconds are a latency that users see. An operation takes 10 ns or so, so a million are 10 ms on each run.
 */
const UNDER_LOCK: Budget = { slow: 5000, stalls: 1_000_000 };

/** Elsewhere a program only keeps others off its CPU: the same times as above, hundredfold. */
const FREE: Budget = { slow: 500_000, stalls: 100_000_000 };

/** A call of the kernel, an action or a `log` does more than an addition. */
const CALL = 10;

/** What a loop over CPUs is counted with; a host may have more. */
const CPUS = 128;

/** Beyond this nothing is told apart. */
const MOST = 1e15;

/** The part of a body that costs most: a loop, or a call of a function. */
interface Heaviest {
  readonly cost: number;
  readonly at: ForStmt | { readonly kind: 'fn'; readonly decl: FnDecl; readonly call: Expr } | undefined;
}

/** Upper bounds of what bodies cost, computed once for a policy: rounds × body, functions inlined, branches apart. */
export class Costs {
  private readonly model: Model;
  private readonly reach: Reach;
  private readonly bodies = new Map<Block, Heaviest>();

  constructor(model: Model, reach: Reach) {
    this.model = model;
    this.reach = reach;
  }

  /** Reports a handler that may take so long that its CPU stalls, at the loop that takes longest. */
  check(handler: HandlerModel, context: HookContext): readonly Diagnostic[] {
    const { slow, stalls } = waits(context) ? UNDER_LOCK : FREE;
    this.prepare(handler.decl.body);
    const { cost } = this.of(handler.decl.body);
    if (cost <= slow) return [];
    const found = this.loopOf(handler.decl.body);
    if (found === undefined) return [];
    const args = {
      hook: context.title,
      context: describeContext(context),
      cost: count(cost),
      limit: count(cost > stalls ? stalls : slow),
    };
    const related = chain(handler, context, found.step, undefined);
    const fixes = this.boundOf(found.loop, cost, slow);
    return [
      diagnostic(cost > stalls ? 'PV5008' : 'PV5009', found.loop.iterable.span, args, { related, fixes }),
    ];
  }

  /** The largest power of two that brings the whole below the limit, where the loop says `max` and one does. */
  private boundOf(loop: ForStmt, cost: number, limit: number): readonly Fix[] {
    if (loop.max === undefined) return [];
    const own = this.part(loop).cost;
    const left = (limit - (cost - own)) / (own / this.rounds(loop));
    return left < 1 ? [] : renameTo(loop.max.span, String(2 ** Math.floor(Math.log2(left))));
  }

  /** Looks at called functions before their callers, so that long chains of calls do not nest here. */
  private prepare(body: Block): void {
    const seen = new Set<Block>();
    const stack = [body];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (seen.has(top) || this.bodies.has(top)) {
        this.of(top);
        stack.pop();
        continue;
      }
      seen.add(top);
      for (const use of this.reach.uses(top)) {
        if (use.kind === 'fn' && !seen.has(use.decl.body)) stack.push(use.decl.body);
      }
    }
  }

  /** The heaviest loop, and the functions by which it is reached. */
  private loopOf(body: Block): { readonly loop: ForStmt; readonly step: Step | undefined } | undefined {
    let step: Step | undefined;
    let { at } = this.of(body);
    while (at?.kind === 'fn') {
      step = { fn: at.decl, span: at.call.span, before: step };
      at = this.of(at.decl.body).at;
    }
    return at && { loop: at, step };
  }

  private of(body: Block): Heaviest {
    const known = this.bodies.get(body);
    if (known !== undefined) return known;
    // Recursion is reported by the checker; it must only come to an end here.
    this.bodies.set(body, { cost: 0, at: undefined });
    const found = this.part(body);
    this.bodies.set(body, found);
    return found;
  }

  private part(node: Part): Heaviest {
    switch (node.kind) {
      case 'for':
        return this.loop(node);
      case 'if':
        return alternatives(this.part(node.condition), [
          this.part(node.then),
          ...(node.otherwise === undefined ? [] : [this.part(node.otherwise)]),
        ]);
      case 'if-let':
        return alternatives(this.part(node.value), [
          this.part(node.then),
          ...(node.otherwise === undefined ? [] : [this.part(node.otherwise)]),
        ]);
      case 'match':
        return alternatives(
          this.part(node.subject),
          node.arms.map((arm) => this.part(arm)),
        );
      case 'call':
        return this.call(node);
      default:
        return sum(this.children(node), ownCost(node));
    }
  }

  private call(node: Expr & { readonly kind: 'call' }): Heaviest {
    const callee = this.model.calls.get(node)?.callee;
    const operands = sum(this.children(node), 0);
    if (callee?.kind !== 'fn') {
      const own = callee === undefined || callee.kind === 'builtin' ? 1 : CALL;
      return { ...operands, cost: add(operands.cost, own) };
    }
    const { cost } = this.of(callee.decl.body);
    return sum([operands, { cost, at: { kind: 'fn', decl: callee.decl, call: node.callee } }], 0);
  }

  private loop(node: ForStmt): Heaviest {
    const round = add(this.part(node.body).cost, 1);
    return { cost: add(this.part(node.iterable).cost, this.rounds(node) * round), at: node };
  }

  private rounds(node: ForStmt): number {
    const max = node.max === undefined ? undefined : this.model.constants.get(node.max);
    const own = this.length(node.iterable);
    // Where neither tells, the checker has reported it.
    if (typeof max !== 'bigint') return own ?? 1;
    return Math.min(Number(max), own ?? MOST);
  }

  /** What is walked has at most so many elements; undefined where only `max` tells. */
  private length(iterable: Expr): number | undefined {
    const { constants, types } = this.model;
    if (iterable.kind === 'paren') return this.length(iterable.inner);
    if (iterable.kind === 'range') {
      const [from, to] = [constants.get(iterable.from), constants.get(iterable.to)];
      return typeof from === 'bigint' && typeof to === 'bigint' ? Math.max(0, Number(to - from)) : undefined;
    }
    const type = types.get(iterable);
    switch (type?.kind) {
      case 'list':
      case 'ring':
        return type.max;
      case 'cpumask':
        return CPUS;
      case 'sequence':
        return type.of.kind === 'cpu' ? CPUS : undefined;
      default:
        return undefined;
    }
  }

  private children(node: Part): readonly Heaviest[] {
    const parts: Heaviest[] = [];
    eachChild(node, (child) => parts.push(this.part(child)));
    return parts;
  }
}

const add = (a: number, b: number): number => Math.min(MOST, a + b);

function sum(parts: readonly Heaviest[], own: number): Heaviest {
  let cost = own;
  let most: Heaviest = { cost: 0, at: undefined };
  for (const part of parts) {
    cost = add(cost, part.cost);
    if (part.at !== undefined && (most.at === undefined || part.cost > most.cost)) most = part;
  }
  return { cost, at: most.at };
}

/** Only one of the branches is taken: the dearest. */
function alternatives(head: Heaviest, branches: readonly Heaviest[]): Heaviest {
  const dearest = branches.reduce((most, one) => (one.cost > most.cost ? one : most), sum([], 0));
  return sum([head, dearest], 1);
}

/** Names and numbers are free; what computes, reads memory or writes it is one operation. */
function ownCost(node: Part): number {
  switch (node.kind) {
    case 'log':
      return CALL;
    case 'assign':
    case 'member':
    case 'index':
    case 'unary':
    case 'binary':
      return 1;
    default:
      return 0;
  }
}

/** Does anything else wait while the hook runs? A lock that others spin for is held, or interrupts are off, or may be. */
function waits(context: HookContext): boolean {
  if (context.row === undefined) return false;
  const spinning = context.locks.some(({ class: kind }) => kind !== 'section' && kind !== 'sleeping');
  return spinning || context.nmi || /disabled|either/.test(context.row.irqs);
}

/** 40960 as '40,960'; what is beyond counting in words. */
const count = (value: number): string =>
  value >= MOST ? 'more than anybody can count' : String(value).replace(/\B(?=(\d{3})+$)/g, ',');
