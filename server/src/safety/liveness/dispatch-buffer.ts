import type { CallExpr, FnDecl, ForStmt } from '../../../../grammar/ast.ts';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { Model } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';
import { isInsertion, isMoveToLocal } from './queues.ts';

/** Insertions that one run of dispatch can hold back, unless the scheduler asks for more: kernel/sched/ext.c:SCX_DSP_DFL_MAX_BATCH. */
export const DISPATCH_ROOM = 32;

/** Insertions in `dispatch` that may be more than the kernel's buffer holds; a move to the local queue empties it. */
export function checkDispatchBuffer(model: Model): readonly Diagnostic[] {
  return model.handlers
    .filter(({ hook }) => hook?.family === 'op' && hook.name === 'dispatch')
    .flatMap(({ decl }) => {
      const walk = new Walk(model);
      const { peak } = walk.of(decl.body);
      if (peak <= DISPATCH_ROOM || walk.insertion === undefined) return [];
      return [diagnostic('PV5020', walk.insertion, { most: String(peak), room: String(DISPATCH_ROOM) })];
    });
}

/** Tasks in the buffer that a part of the text adds: at most at any time, and at its end; `empties`: it begins anew within. */
interface Held {
  readonly peak: number;
  readonly end: number;
  readonly empties: boolean;
}

const NOTHING: Held = { peak: 0, end: 0, empties: false };

const then = (first: Held, second: Held): Held => ({
  peak: Math.max(first.peak, first.end + second.peak),
  end: second.empties ? second.end : first.end + second.end,
  empties: first.empties || second.empties,
});

/** One of the two: only what both do is sure. */
const either = (a: Held, b: Held): Held => ({
  peak: Math.max(a.peak, b.peak),
  end: Math.max(a.end, b.end),
  empties: a.empties && b.empties,
});

class Walk {
  /** The first insertion that is seen. */
  insertion: Span | undefined;
  private readonly model: Model;
  private readonly inside = new Set<FnDecl>();

  constructor(model: Model) {
    this.model = model;
  }

  of(node: Part): Held {
    switch (node.kind) {
      case 'for':
        return this.loop(node);
      case 'if':
      case 'if-let': {
        const before = this.of(node.kind === 'if' ? node.condition : node.value);
        const otherwise = node.otherwise === undefined ? NOTHING : this.of(node.otherwise);
        return then(before, either(this.of(node.then), otherwise));
      }
      default: {
        let held = NOTHING;
        eachChild(node, (child) => {
          held = then(held, this.of(child));
        });
        return node.kind === 'call' ? then(held, this.call(node)) : held;
      }
    }
  }

  private call(node: CallExpr): Held {
    const callee = this.model.calls.get(node)?.callee;
    if (callee?.kind === 'kernel' && isMoveToLocal(callee.call.name)) return { ...NOTHING, empties: true };
    if (callee?.kind === 'kernel' && isInsertion(callee.call.name)) {
      this.insertion ??= node.span;
      return { peak: 1, end: 1, empties: false };
    }
    if (callee?.kind !== 'fn' || this.inside.has(callee.decl)) return NOTHING;
    this.inside.add(callee.decl);
    const held = this.of(callee.decl.body);
    this.inside.delete(callee.decl);
    return held;
  }

  /** A loop that empties the buffer holds what one round does; it may have no round at all. */
  private loop(node: ForStmt): Held {
    const { peak, end, empties } = this.of(node.body);
    if (empties) return { peak: end + peak, end, empties: false };
    const all = end * this.rounds(node);
    return { peak: all, end: all, empties: false };
  }

  /** Rounds of a loop at most: what `max` says, or the room of a list. */
  private rounds({ max, iterable }: ForStmt): number {
    const bound = max === undefined ? undefined : this.model.constants.get(max);
    if (typeof bound === 'bigint') return Number(bound);
    const type = this.model.types.get(iterable);
    return type?.kind === 'list' ? type.max : 1;
  }
}
