import type { PolicyFile } from '../../../grammar/ast.ts';
import type { KernelSelection, Profile } from '../kernel/profiles.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import type { HookContext } from './context.ts';
import type { Step } from './reach.ts';
import type { Verdict } from './verdict.ts';

/** Where a use stands: in which handler, reached by which functions, on which kernels. */
export interface Place {
  readonly model: Model;
  readonly file: PolicyFile;
  readonly handler: HandlerModel;
  readonly context: HookContext;
  readonly steps: readonly Step[];
  readonly selection: KernelSelection;
  readonly cache: VerdictCache;
}

/** Verdicts that were made for one policy: the same call in the same hook is judged once for each kernel. */
export class VerdictCache {
  private readonly known = new Map<string, Verdict | undefined>();

  judge(
    name: string,
    context: HookContext,
    profile: Profile,
    judge: () => Verdict | undefined,
  ): Verdict | undefined {
    const key = `${context.title} ${name} ${profile.id}`;
    if (!this.known.has(key)) this.known.set(key, judge());
    return this.known.get(key);
  }
}
