import { InlayHintKind, type InlayHint, type Range } from 'vscode-languageserver';
import type { CallExpr, Expr, Ident } from '../../../grammar/ast.ts';
import type { InParts } from '../../../grammar/in-parts.ts';
import { walk, type AnyNode } from '../../../grammar/walk.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { showValue } from '../semantics/show-value.ts';
import { show } from '../semantics/types.ts';
import { toOffset } from './convert.ts';

/** What the text leaves out, in `range`: types of variables and hook parameters, names of arguments, computed values. */
export function* inlayHints(snapshot: Snapshot, range: Range): InParts<readonly InlayHint[]> {
  const within = { start: toOffset(snapshot, range.start), end: toOffset(snapshot, range.end) };
  const hints: { readonly at: number; readonly label: string; readonly kind: InlayHintKind | undefined }[] =
    [];
  const type = (at: number, label: string): void =>
    void hints.push({ at, label: `: ${label}`, kind: InlayHintKind.Type });
  for (const decl of snapshot.file.decls) {
    if (!touches(decl.span, within)) continue;
    walk(decl, (node) => {
      if (!touches(node.span, within)) return;
      if (node.kind === 'let' && node.type === undefined) typesOf(snapshot, node.names, type);
      if (node.kind === 'if-let' || node.kind === 'for') typesOf(snapshot, [node.name], type);
      if (node.kind === 'call')
        for (const { at, name } of argumentsOf(snapshot, node))
          hints.push({ at, label: `${name}:`, kind: InlayHintKind.Parameter });
      if (node.kind === 'hook') typesOf(snapshot, node.params, type);
      const value = valueOf(snapshot, node);
      if (value !== undefined) hints.push({ at: value.at, label: ` = ${value.text}`, kind: undefined });
    });
    yield;
  }
  return hints
    .filter(({ at }) => within.start <= at && at <= within.end)
    .map(({ at, label, kind }) => ({
      position: snapshot.lines.positionAt(at),
      label,
      ...(kind !== undefined && { kind }),
      ...(kind === InlayHintKind.Parameter && { paddingRight: true }),
    }));
}

const touches = (span: Span, within: Span): boolean => span.start <= within.end && within.start <= span.end;

function typesOf(
  { model }: Snapshot,
  names: readonly Ident[],
  add: (at: number, label: string) => void,
): void {
  for (const ident of names) {
    const symbol = model.names.get(ident);
    if (symbol?.kind === 'local' && symbol.type.kind !== 'error' && ident.text !== '_')
      add(ident.span.end, show(symbol.type));
  }
}

/** Arguments by position whose names say more than they do themselves. */
function argumentsOf(
  { model, text }: Snapshot,
  call: CallExpr,
): readonly { readonly at: number; readonly name: string }[] {
  const resolved = model.calls.get(call);
  const names = resolved && namesOf(resolved.callee);
  if (names === undefined || names.length < 2) return [];
  return call.args.flatMap(({ label, value }, index) => {
    const name = names[index];
    const written = text.slice(value.span.start, value.span.end);
    const tells = label !== undefined || name === undefined || tellsItself(written, name);
    return tells ? [] : [{ at: value.span.start, name }];
  });
}

/** `v` for `v`, `x.flags` for `flags`: the name in front would only repeat it. */
const tellsItself = (written: string, name: string): boolean =>
  written === name || written.endsWith(`.${name}`) || written.endsWith(`_${name}`) || name.length < 2;

function namesOf(
  callee: NonNullable<ReturnType<Snapshot['model']['calls']['get']>>['callee'],
): readonly string[] {
  switch (callee.kind) {
    case 'fn':
      return callee.decl.params.map(({ name }) => name.text);
    case 'action':
      return callee.action.params.map(({ name }) => name);
    case 'kernel':
      return callee.call.params.filter(({ out }) => !out).map(({ name }) => name);
    case 'builtin':
      return [];
  }
}

/** What a constant expression comes to, with its unit, where one declares it by computing. */
function valueOf(
  { model }: Snapshot,
  node: AnyNode,
): { readonly at: number; readonly text: string } | undefined {
  if (node.kind !== 'const' && node.kind !== 'param') return undefined;
  const { value } = node;
  if (!computes(value)) return undefined;
  const known = model.constants.get(value);
  const type = model.types.get(value);
  return known === undefined || type === undefined
    ? undefined
    : { at: value.span.end, text: showValue(known, type) };
}

const computes = (expr: Expr): boolean =>
  expr.kind === 'binary' || expr.kind === 'cond' || expr.kind === 'call' || expr.kind === 'cast';
