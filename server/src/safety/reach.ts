import type { Block, FnDecl } from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import { usesOf, type Use } from './uses.ts';

/** One call of a function of the policy, on the way from a hook to a use. */
export interface Step {
  readonly fn: FnDecl;
  /** Where it is called. */
  readonly span: Span;
}

/** A use that a handler reaches, by the shortest way. */
export interface Reached {
  readonly use: Use;
  readonly steps: readonly Step[];
}

/** Uses of each body of one policy, computed once. */
export class Reach {
  private readonly model: Model;
  private readonly ofFunctions = new Map<FnDecl, readonly Use[]>();

  constructor(model: Model) {
    this.model = model;
  }

  /**
   * Everything that the handler may do, itself or by functions that it calls, each place in the text once. Breadth
   * first: recursion ends it, and the way to a function is the shortest.
   */
  *from(handler: HandlerModel): Generator<Reached> {
    const seen = new Set<FnDecl>();
    const queue: { uses: readonly Use[]; steps: readonly Step[] }[] = [
      { uses: usesOf(handler.decl.body, this.model), steps: [] },
    ];
    for (const { uses, steps } of queue) {
      for (const use of uses) {
        yield { use, steps };
        if (use.kind !== 'fn' || seen.has(use.decl)) continue;
        seen.add(use.decl);
        queue.push({ uses: this.ofFunction(use.decl), steps: [...steps, { fn: use.decl, span: use.span }] });
      }
    }
  }

  /** The bodies of the handlers and of all functions that they reach, each once. */
  bodies(handlers: readonly HandlerModel[]): ReadonlySet<Block> {
    const bodies = new Set<Block>();
    for (const handler of handlers) {
      bodies.add(handler.decl.body);
      for (const { use } of this.from(handler)) if (use.kind === 'fn') bodies.add(use.decl.body);
    }
    return bodies;
  }

  private ofFunction(fn: FnDecl): readonly Use[] {
    const known = this.ofFunctions.get(fn) ?? usesOf(fn.body, this.model);
    this.ofFunctions.set(fn, known);
    return known;
  }
}
