import { CompletionItemKind } from 'vscode-languageserver';
import { delivery } from '../kernel/delivery.ts';
import type { Snapshot } from '../pipeline.ts';
import type { HookContext } from '../safety/context.ts';
import { judgeCall } from '../safety/verdict.ts';
import { ACTIONS, type ActionInfo } from '../semantics/actions.ts';
import { show } from '../semantics/types.ts';
import { plainItem, type Item } from './completion-items.ts';

/**
 * The actions that the target has, in the form that is safe in `context`: with `defer` in front where they cannot be
 * done inside the hook. `deferred`: the `defer` is written already.
 */
export function actionItems(
  snapshot: Snapshot,
  context: HookContext | undefined,
  deferred: boolean,
): readonly Item[] {
  return ACTIONS.flatMap((action) => {
    const form = formOf(snapshot, action, context);
    if (form === undefined) return [];
    const label = form === 'deferred' && !deferred ? `defer ${action.name}` : action.name;
    const params = action.params.map(({ name, type }) => `${name}: ${show(type)}`).join(', ');
    return [plainItem(label, CompletionItemKind.Function, 'language', `(${params})`, action.doc)];
  });
}

/** Undefined: the target has no such action on some kernel at hand. */
function formOf(
  { model: { target }, kernels }: Snapshot,
  { name }: ActionInfo,
  context: HookContext | undefined,
): 'immediate' | 'deferred' | undefined {
  if (target === undefined) return 'immediate';
  const forms = kernels.profiles.map((profile) => {
    const delivered = delivery(name, target, profile, kernels.outOfTree);
    switch (delivered.kind) {
      case 'none':
        return undefined;
      case 'agent':
        return 'deferred';
      case 'write':
        return 'immediate';
      case 'inline': {
        const safe = !context || judgeCall(delivered.call, context, profile, kernels) === undefined;
        return safe ? 'immediate' : 'deferred';
      }
    }
  });
  if (forms.includes(undefined)) return undefined;
  return forms.includes('deferred') ? 'deferred' : 'immediate';
}
