import { CompletionItemKind, type CompletionItem } from 'vscode-languageserver';
import { describe } from '../diagnostics/table.ts';
import type { Snapshot } from '../pipeline.ts';
import type { HookContext } from '../safety/context.ts';
import { callCard } from '../safety/cards.ts';
import { judgeCall } from '../safety/verdict.ts';
import { LEAST, notHere, plainItem } from './completion-items.ts';

const MOST = 20;

/**
 * The kernel's calls that begin with `word` and that completion leaves out, since they must not be made in `context`: each
 * with the reason, behind everything else. They complete all the same; the diagnostic then tells the whole chain.
 */
export function leftOut(
  { model, kernels }: Snapshot,
  context: HookContext | undefined,
  word: string,
): readonly CompletionItem[] {
  if (context === undefined || word.length < LEAST) return [];
  const found: CompletionItem[] = [];
  for (const { name, usable } of model.kernel.calls()) {
    if (usable !== true || !name.startsWith(word)) continue;
    for (const profile of kernels.profiles) {
      const verdict = judgeCall(name, context, profile, kernels);
      if (verdict === undefined) continue;
      const item = plainItem(name, CompletionItemKind.Function, 'kernel', '', callCard(name, kernels));
      found.push(notHere(item, describe(verdict.code).title, ` (${verdict.code}, ${profile.id})`));
      break;
    }
    if (found.length >= MOST) break;
  }
  return found;
}
