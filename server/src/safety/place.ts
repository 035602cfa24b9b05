import type { PolicyFile } from '../../../grammar/ast.ts';
import type { KernelSelection } from '../kernel/profiles.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import type { HookContext } from './context.ts';
import type { Step } from './reach.ts';

/** Where a use stands: in which handler, reached by which functions, on which kernels. */
export interface Place {
  readonly model: Model;
  readonly file: PolicyFile;
  readonly handler: HandlerModel;
  readonly context: HookContext;
  readonly step: Step | undefined;
  readonly selection: KernelSelection;
  /** Of the policy, and of this handler alone. */
  readonly cache: Cache;
  readonly own: Cache;
}

/** What was found out once for one policy: the same call in the same hook is judged once, not at each place. */
export class Cache {
  private readonly known = new Map<string, unknown>();

  /** The value of `key`, computed at the first time; a key must always stand for values of one type. */
  once<T>(key: string, compute: () => T): T {
    if (!this.known.has(key)) this.known.set(key, compute());
    return this.known.get(key) as T;
  }
}
