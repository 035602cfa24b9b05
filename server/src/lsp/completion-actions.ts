import { CompletionItemKind } from 'vscode-languageserver';
import { delivery } from '../kernel/delivery.ts';
import type { Snapshot } from '../pipeline.ts';
import type { HookContext } from '../safety/context.ts';
import { judgeCall } from '../safety/verdict.ts';
import { ACTIONS, type ActionInfo } from '../semantics/actions.ts';
import { show } from '../semantics/types.ts';
import { LEAST, notHere, plainItem, type Item } from './completion-items.ts';

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
    // It is found by its own name, also in editors that only look at how a label begins.
    return [{ ...item(action, label), filterText: action.name }];
  });
}

const item = ({ params, doc }: ActionInfo, label: string): Item => {
  const types = params.map(({ name, type }) => `${name}: ${show(type)}`).join(', ');
  return plainItem(label, CompletionItemKind.Function, 'language', `(${types})`, doc);
};

/** The actions that begin with `word` and that the target does not have, with the targets that do. */
export function actionsLeftOut(snapshot: Snapshot, word: string): readonly Item[] {
  const { target } = snapshot.model;
  if (target === undefined || word.length < LEAST) return [];
  return ACTIONS.filter(({ name }) => name.startsWith(word)).flatMap((action) => {
    for (const profile of snapshot.kernels.profiles) {
      const delivered = delivery(action.name, target, profile, snapshot.kernels.outOfTree);
      if (delivered.kind !== 'none') continue;
      const others = delivered.targets.length > 0 ? `; ${delivered.targets.join(' and ')} has it` : '';
      return [notHere(item(action, action.name), `${target} has no such action${others}`)];
    }
    return [];
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
