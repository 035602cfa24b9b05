import type { Block, FnDecl } from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import { usesOf, type Use } from './uses.ts';

/** One call of a function of the policy on the way from a hook to a use, with the calls before it. */
export interface Step {
  readonly fn: FnDecl;
  /** Where it is called. */
  readonly span: Span;
  readonly before: Step | undefined;
}

/** A use that a handler reaches, by the shortest way. */
export interface Reached {
  readonly use: Use;
  /** The call of the function that it stands in; undefined: it stands in the handler itself. */
  readonly step: Step | undefined;
}

/** Uses of each body of one policy, computed once. */
export class Reach {
  private readonly model: Model;
  private readonly ofBodies: WeakMap<Block, readonly Use[]>;

  /** `known`: the uses of bodies that were looked at before. */
  constructor(model: Model, known: WeakMap<Block, readonly Use[]> = new WeakMap()) {
    this.model = model;
    this.ofBodies = known;
  }

  /**
   * Everything that the handler may do, itself or by functions that it calls, each place in the text once. Breadth
   * first: recursion ends it, and the way to a function is the shortest.
   */
  *from(handler: HandlerModel): Generator<Reached> {
    const seen = new Set<FnDecl>();
    const queue: { body: Block; step: Step | undefined }[] = [{ body: handler.decl.body, step: undefined }];
    for (const { body, step } of queue) {
      for (const use of this.uses(body)) {
        yield { use, step };
        if (use.kind !== 'fn' || seen.has(use.decl)) continue;
        seen.add(use.decl);
        queue.push({ body: use.decl.body, step: { fn: use.decl, span: use.span, before: step } });
      }
    }
  }

  /** What the body does itself, in the order of the text. */
  uses(body: Block): readonly Use[] {
    const known = this.ofBodies.get(body) ?? usesOf(body, this.model);
    this.ofBodies.set(body, known);
    return known;
  }
}
