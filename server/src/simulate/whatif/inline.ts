import { delivery } from '../../kernel/delivery.ts';
import type { SelectedKernels } from '../../kernel/profiles.ts';
import { ACTIONS } from '../../semantics/actions.ts';
import type { Target } from '../../semantics/model.ts';

/** The actions that a policy's own program does on all of `kernels`; the agent does the others. */
export function inlineActions(target: Target, { profiles, outOfTree }: SelectedKernels): ReadonlySet<string> {
  const isInline = (action: string): boolean =>
    profiles.every((profile) => {
      const { kind } = delivery(action, target, profile, outOfTree);
      return kind === 'inline' || kind === 'write';
    });
  return new Set(ACTIONS.map(({ name }) => name).filter(isInline));
}
