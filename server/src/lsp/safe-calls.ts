import type { SelectedKernels } from '../kernel/profiles.ts';
import type { Snapshot } from '../pipeline.ts';
import { contextOf, type HookContext } from '../safety/context.ts';
import { judgeCall } from '../safety/verdict.ts';
import type { CallInfo } from '../semantics/kernel-view.ts';
import type { AnyNode } from '../../../grammar/walk.ts';

/** The context of the hook that `path` leads into; undefined in functions, which several hooks may reach. */
export function contextAt({ model }: Snapshot, path: readonly AnyNode[]): HookContext | undefined {
  const decl = path.find((node) => node.kind === 'hook' || node.kind === 'every');
  const handler = model.handlers.find((candidate) => candidate.decl === decl);
  return handler && contextOf(handler, model.target);
}

const known = new WeakMap<SelectedKernels, Map<string, readonly CallInfo[]>>();

/**
 * The kernel's calls that may be made in `context`, on every kernel at hand; without a context those that a policy may
 * make at all. Found once for each hook and choice of kernels.
 */
export function safeCalls(
  { model, kernels }: Snapshot,
  context: HookContext | undefined,
): readonly CallInfo[] {
  const ofKernels = known.get(kernels) ?? new Map<string, readonly CallInfo[]>();
  known.set(kernels, ofKernels);
  const key = context === undefined ? '' : `${context.title} ${context.target ?? ''} ${context.kind}`;
  const found = ofKernels.get(key) ?? judged();
  ofKernels.set(key, found);
  return found;

  function judged(): readonly CallInfo[] {
    const usable = model.kernel.calls().filter((call) => call.usable === true);
    if (!context) return usable;
    return usable.filter(({ name }) =>
      kernels.profiles.every((profile) => judgeCall(name, context, profile, kernels) === undefined),
    );
  }
}
