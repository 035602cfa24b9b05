import type { Block, DsqDecl, Expr, FnDecl, Ident, Stmt } from '../../../../grammar/ast.ts';
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { HandlerModel, Model } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';
import { branches, conditionOf } from './conditions.ts';
import { effectOn, isMoveToLocal } from './queues.ts';

/** What is known on every path to a place: queues that were found empty, and conditions on the CPU. */
type Known = ReadonlySet<string>;

/** undefined: no path leads here. */
type Here = Known | undefined;

/** How a queue is taken from: the first place, and what holds at every place. */
export interface Taking {
  readonly span: Span;
  readonly known: Known;
}

export const emptyKey = (dsq: DsqDecl): string => `empty ${dsq.name.text}`;
/** A task ran on the CPU before. */
export const PREV_KEY = 'prev';
export const isCpuKey = (key: string): boolean => key.startsWith('cpu ');

/** Walks `dispatch` and collects under which circumstances it takes from each queue. */
export class Priorities {
  readonly takings = new Map<DsqDecl, Taking>();
  private readonly model: Model;
  private readonly cpu: Ident | undefined;
  private readonly prev: Ident | undefined;
  private readonly origins = new Map<Ident, Expr>();
  private readonly within = new Set<FnDecl>();
  private exits: Here[] = [];

  constructor(model: Model, dispatch: HandlerModel) {
    this.model = model;
    this.cpu = dispatch.params[0]?.ident;
    this.prev = dispatch.params[1]?.ident;
    this.block(dispatch.decl.body, new Set());
  }

  private block(block: Block, from: Here): Here {
    let here = from;
    for (const stmt of block.stmts) {
      if (here === undefined) return undefined;
      here = this.stmt(stmt, here);
    }
    return here;
  }

  private stmt(stmt: Stmt, here: Known): Here {
    switch (stmt.kind) {
      case 'let': {
        const [name] = stmt.names;
        if (name !== undefined && stmt.names.length === 1 && !stmt.mutable)
          this.origins.set(name, stmt.value);
        return this.value(stmt.value, here);
      }
      case 'if': {
        const { yes, no } = this.choose(stmt.condition, here);
        return join(this.block(stmt.then, yes), this.otherwise(stmt.otherwise, no));
      }
      case 'if-let': {
        const after = this.value(stmt.value, here);
        const some = this.isPrev(stmt.value) ? plus(after, PREV_KEY) : after;
        return join(this.block(stmt.then, some), this.otherwise(stmt.otherwise, after));
      }
      case 'match': {
        const after = this.value(stmt.subject, here);
        for (const arm of stmt.arms) this.block(arm.body, after);
        return after;
      }
      case 'for': {
        const after = this.value(stmt.iterable, here);
        this.block(stmt.body, after);
        return after;
      }
      case 'return':
        this.exits.push(stmt.value === undefined ? here : this.value(stmt.value, here));
        return undefined;
      case 'break':
      case 'continue':
        return undefined;
      default: {
        let after = here;
        eachChild(stmt, (child) => (after = this.value(child, after)));
        return after;
      }
    }
  }

  /** The task that ran before: there is none where the CPU is idle. */
  private isPrev(expr: Expr): boolean {
    const symbol = expr.kind === 'name' ? this.model.names.get(expr.name) : undefined;
    return symbol?.kind === 'local' && symbol.decl === this.prev;
  }

  private otherwise(stmt: Block | Stmt | undefined, here: Here): Here {
    if (stmt === undefined || here === undefined) return here;
    return stmt.kind === 'block' ? this.block(stmt, here) : this.stmt(stmt, here);
  }

  private choose(expr: Expr, here: Known): { readonly yes: Known; readonly no: Known } {
    if (expr.kind === 'paren') return this.choose(expr.inner, here);
    if (expr.kind === 'unary' && expr.op === '!') {
      const { yes, no } = this.choose(expr.operand, here);
      return { yes: no, no: yes };
    }
    if (expr.kind === 'binary' && (expr.op === '&&' || expr.op === '||')) {
      const left = this.choose(expr.left, here);
      const right = this.choose(expr.right, expr.op === '&&' ? left.yes : left.no);
      return expr.op === '&&'
        ? { yes: right.yes, no: common(left.no, right.no) }
        : { yes: common(left.yes, right.yes), no: right.no };
    }
    const after = this.value(expr, here);
    const queue = this.moved(expr);
    if (queue !== undefined) return { yes: after, no: plus(after, emptyKey(queue)) };
    const asked = this.lengthAsked(expr);
    if (asked !== undefined) {
      const empty = plus(after, emptyKey(asked.queue));
      return asked.isEmpty ? { yes: empty, no: after } : { yes: after, no: empty };
    }
    const key = this.cpuCondition(expr);
    return key === undefined
      ? { yes: after, no: after }
      : { yes: plus(after, `${key} true`), no: plus(after, `${key} false`) };
  }

  /** The queue that the condition says is empty when it is false. */
  private moved(expr: Expr): DsqDecl | undefined {
    const symbol = expr.kind === 'name' ? this.model.names.get(expr.name) : undefined;
    const origin = symbol?.kind === 'local' ? this.origins.get(symbol.decl) : undefined;
    if (origin !== undefined) return this.moved(origin);
    const resolved = expr.kind === 'call' ? this.model.calls.get(expr) : undefined;
    if (resolved?.callee.kind !== 'kernel' || !isMoveToLocal(resolved.callee.call.name)) return undefined;
    const [queue] = resolved.args;
    return queue === undefined ? undefined : this.queue(queue);
  }

  /** `q.len > 0`, `scx_bpf_dsq_nr_queued(q) == 0`: is it asked whether the queue is empty? */
  private lengthAsked(expr: Expr): { readonly queue: DsqDecl; readonly isEmpty: boolean } | undefined {
    if (expr.kind !== 'binary' || this.model.constants.get(expr.right) !== 0n) return undefined;
    if (!['>', '!=', '=='].includes(expr.op)) return undefined;
    const queue = this.queueOfLength(expr.left);
    return queue && { queue, isEmpty: expr.op === '==' };
  }

  private queueOfLength(expr: Expr): DsqDecl | undefined {
    if (expr.kind === 'paren') return this.queueOfLength(expr.inner);
    if (expr.kind === 'member') return expr.member.text === 'len' ? this.queue(expr.object) : undefined;
    const resolved = expr.kind === 'call' ? this.model.calls.get(expr) : undefined;
    const [queue] = resolved?.args ?? [];
    const asks = resolved?.callee.kind === 'kernel' && resolved.callee.call.name === 'scx_bpf_dsq_nr_queued';
    return asks && queue !== undefined ? this.queue(queue) : undefined;
  }

  /** A condition on nothing but which CPU this is. */
  private cpuCondition(expr: Expr): string | undefined {
    const condition = conditionOf(expr, this.model);
    if (condition === undefined || !condition.stable) return undefined;
    const own = condition.locals.every((local) => local === this.cpu);
    const reads = condition.locals.length > 0 || condition.key.includes('this_cpu(');
    return own && reads ? `cpu ${condition.positive ? '' : 'not '}${condition.key}` : undefined;
  }

  private value(node: Part, here: Known): Known {
    if (node.kind === 'binary' && (node.op === '&&' || node.op === '||')) {
      const { yes, no } = this.choose(node, here);
      return common(yes, no);
    }
    if (node.kind === 'cond') {
      const { yes, no } = this.choose(node.condition, here);
      return common(this.value(node.then, yes), this.value(node.otherwise, no));
    }
    if (node.kind === 'member' && node.member.text === 'len' && this.queue(node.object) !== undefined)
      return here;
    if (node.kind === 'name') {
      const queue = this.queue(node);
      if (queue !== undefined) this.take(queue, node.span, here);
      return here;
    }
    if (node.kind === 'call') return this.call(node, here);
    let after = here;
    eachChild(node, (child) => (after = this.value(child, after)));
    return after;
  }

  private call(node: Expr & { readonly kind: 'call' }, here: Known): Known {
    const resolved = this.model.calls.get(node);
    let after = here;
    for (const [index, arg] of (resolved?.args ?? []).entries()) {
      if (arg === undefined) continue;
      const kernel = resolved?.callee.kind === 'kernel' ? resolved.callee.call.name : undefined;
      // Asking about a queue, and filling it, takes nothing out of it.
      if (
        kernel !== undefined &&
        effectOn(kernel, index) !== 'drain' &&
        branches(arg).every((b) => this.queue(b))
      )
        continue;
      after = this.value(arg, after);
    }
    if (resolved?.callee.kind !== 'fn' || this.within.has(resolved.callee.decl)) return after;
    return this.inline(resolved.callee.decl, after);
  }

  private inline(fn: FnDecl, here: Known): Known {
    const outer = this.exits;
    this.exits = [];
    this.within.add(fn);
    const end = this.block(fn.body, here);
    const after = [...this.exits, end].reduce<Here>(join, undefined);
    this.within.delete(fn);
    this.exits = outer;
    return after ?? here;
  }

  private queue(expr: Expr): DsqDecl | undefined {
    if (expr.kind === 'paren') return this.queue(expr.inner);
    const symbol = expr.kind === 'name' ? this.model.names.get(expr.name) : undefined;
    return symbol?.kind === 'dsq' ? symbol.decl : undefined;
  }

  private take(queue: DsqDecl, span: Span, here: Known): void {
    const before = this.takings.get(queue);
    this.takings.set(
      queue,
      before === undefined ? { span, known: here } : { ...before, known: common(before.known, here) },
    );
  }
}

const plus = (known: Known, key: string): Known => new Set([...known, key]);

const common = (a: Known, b: Known): Known => (a === b ? a : new Set([...a].filter((key) => b.has(key))));

const join = (a: Here, b: Here): Here => (a === undefined ? b : b === undefined ? a : common(a, b));
