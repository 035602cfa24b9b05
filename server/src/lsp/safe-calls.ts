import type { SelectedKernels } from '../kernel/profiles.ts';
import { contextOf } from '../safety/context.ts';
import { judgeCall } from '../safety/verdict.ts';
import type { CallInfo } from '../semantics/kernel-view.ts';
import type { Model } from '../semantics/model.ts';
import type { AnyNode } from './walk.ts';

const known = new WeakMap<Model, Map<AnyNode, readonly CallInfo[]>>();

/**
 * The kernel's calls that may be made in the hook on `path`, on every kernel at hand. In a function, which several
 * hooks may reach, those that a policy may make at all.
 */
export function safeCalls(
  model: Model,
  kernels: SelectedKernels,
  path: readonly AnyNode[],
): readonly CallInfo[] {
  const usable = model.kernel.calls().filter((call) => call.usable === true);
  const decl = path.find((node) => node.kind === 'hook' || node.kind === 'every');
  const handler = model.handlers.find((candidate) => candidate.decl === decl);
  const context = handler && contextOf(handler, model.target);
  if (!decl || !context) return usable;
  const ofModel = known.get(model) ?? new Map<AnyNode, readonly CallInfo[]>();
  known.set(model, ofModel);
  const cached = ofModel.get(decl);
  if (cached) return cached;
  const safe = usable.filter(({ name }) =>
    kernels.profiles.every((profile) => judgeCall(name, context, profile, kernels) === undefined),
  );
  ofModel.set(decl, safe);
  return safe;
}
