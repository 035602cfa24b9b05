import {
  CodeActionKind,
  type CodeAction,
  type CodeActionContext,
  type Diagnostic as LspDiagnostic,
  type Range,
} from 'vscode-languageserver';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { addHook } from './add-hook.ts';
import { toEdit, toOffset } from './convert.ts';
import { declareName } from './declare-name.ts';
import { extractFunction } from './extract-function.ts';
import { FIX_ALL, fixAll } from './fix-all.ts';
import { inlineVariable } from './inline-variable.ts';
import { toPvsched } from './to-pvsched.ts';

type Offer = (snapshot: Snapshot, uri: string, span: Span) => readonly CodeAction[];

/** What makes actions of each kind, besides the fixes of diagnostics. */
const OFFERS: readonly (readonly [CodeActionKind, Offer])[] = [
  [CodeActionKind.QuickFix, declareName],
  [FIX_ALL, fixAll],
  [CodeActionKind.RefactorExtract, extractFunction],
  [CodeActionKind.RefactorInline, inlineVariable],
  [CodeActionKind.RefactorRewrite, addHook],
  [CodeActionKind.RefactorRewrite, toPvsched],
];

export const ACTION_KINDS: readonly CodeActionKind[] = [...new Set(OFFERS.map(([kind]) => kind))];

/**
 * What can be done at `range`: the fixes of the diagnostics that touch it, and refactorings. `context` has the client's
 * diagnostics there, so that it can tie a fix to what it fixes, and the kinds that it wants.
 */
export function codeActions(
  snapshot: Snapshot,
  uri: string,
  range: Range,
  { diagnostics, only }: Pick<CodeActionContext, 'diagnostics' | 'only'>,
): readonly CodeAction[] {
  const span = { start: toOffset(snapshot, range.start), end: toOffset(snapshot, range.end) };
  // A kind stands for those below it: `refactor` for `refactor.extract`. What a source action does is asked for by name.
  const wanted = (kind: CodeActionKind): boolean =>
    only === undefined
      ? !kind.startsWith(CodeActionKind.Source)
      : only.some((one) => one === '' || kind === one || kind.startsWith(`${one}.`));
  return [
    ...(wanted(CodeActionKind.QuickFix) ? quickFixes(snapshot, uri, span, diagnostics) : []),
    ...OFFERS.flatMap(([kind, offer]) => (wanted(kind) ? offer(snapshot, uri, span) : [])),
  ];
}

function quickFixes(
  snapshot: Snapshot,
  uri: string,
  { start, end }: Span,
  shown: readonly LspDiagnostic[],
): readonly CodeAction[] {
  return snapshot.diagnostics
    .filter(({ span }) => span.start <= end && start <= span.end)
    .flatMap(({ code, message, fixes }) => {
      const fixed = shown.filter((candidate) => candidate.code === code && candidate.message === message);
      return fixes.map((fix) => ({
        title: fix.title,
        kind: CodeActionKind.QuickFix,
        diagnostics: fixed,
        isPreferred: fixes.length === 1,
        edit: { changes: { [uri]: fix.edits.map((edit) => toEdit(snapshot, edit)) } },
      }));
    });
}
