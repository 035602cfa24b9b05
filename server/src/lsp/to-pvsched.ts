import { CodeActionKind, type CodeAction } from 'vscode-languageserver';
import type { HookDecl } from '../../../grammar/ast.ts';
import { walk } from '../../../grammar/walk.ts';
import type { Span, TextEdit } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { toEdit } from './convert.ts';

/** KVM's tracepoints that fire where the patch set calls back (arch/x86/kvm/x86.c: vcpu_enter_guest, kvm_vcpu_halt). */
const CALLBACKS: ReadonlyMap<string, string> = new Map([
  ['kvm_entry', 'vmenter'],
  ['kvm_exit', 'vmexit'],
]);

/**
 * With the cursor in the header of a policy for tracing: makes it one for pvsched, and callbacks of those handlers of
 * KVM's tracepoints that use nothing which only the tracepoint gives. The others may stay: every target has tracepoints.
 */
export function toPvsched(snapshot: Snapshot, uri: string, { start, end }: Span): readonly CodeAction[] {
  const { file, model } = snapshot;
  const { header } = file;
  if (!header || model.target !== 'tracing' || start < header.span.start || end > header.span.end) return [];
  const hooks = file.decls.flatMap((decl) => (decl.kind === 'hook' ? convertible(snapshot, decl) : []));
  if (hooks.length === 0) return [];
  const edits = [{ span: header.target.span, newText: 'pvsched' }, ...hooks];
  return [
    {
      title: "Convert to 'for pvsched' (no released kernel has it)",
      kind: CodeActionKind.RefactorRewrite,
      edit: { changes: { [uri]: edits.map((edit) => toEdit(snapshot, edit)) } },
    },
  ];
}

function convertible({ model }: Snapshot, { hook, params, body }: HookDecl): readonly TextEdit[] {
  const callback = hook.family === 'tracepoint' ? CALLBACKS.get(hook.name?.text ?? '') : undefined;
  if (callback === undefined) return [];
  const symbols = new Set(params.map((ident) => model.names.get(ident)));
  let used = false;
  walk(body, (node) => {
    if (node.kind === 'ident' && symbols.has(model.names.get(node))) used = true;
    // The callback's parameter must not hide what the body calls so.
    if (node.kind === 'ident' && node.text === PARAMETER) used = true;
  });
  if (used) return [];
  const end = body.span.start;
  return [{ span: { start: hook.span.start, end }, newText: `pvsched ${callback}(${PARAMETER}) ` }];
}

const PARAMETER = '_vcpu';
