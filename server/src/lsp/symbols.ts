import { SymbolKind, type DocumentSymbol } from 'vscode-languageserver';
import type { Decl, HookRef, Ident } from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { toRange } from './convert.ts';

/** The outline: a policy's declarations, fields and members below what holds them. */
export function symbols(snapshot: Snapshot): readonly DocumentSymbol[] {
  const { header, decls } = snapshot.file;
  const below = decls.flatMap((decl) => outline(snapshot, decl));
  if (!header || header.name.text === '') return below;
  const { name, target, span } = header;
  return [
    symbol(snapshot, name.text, SymbolKind.Module, span, name.span, [], `for ${target.text}`),
    ...below,
  ];
}

function outline(snapshot: Snapshot, decl: Decl): readonly DocumentSymbol[] {
  const named = (name: Ident, kind: SymbolKind, below: readonly DocumentSymbol[] = [], detail?: string) => [
    symbol(snapshot, name.text, kind, decl.span, name.span, below, detail),
  ];
  const fields = (items: readonly { readonly name: Ident; readonly span: Span }[], kind: SymbolKind) =>
    items.map(({ name, span }) => symbol(snapshot, name.text, kind, span, name.span));
  switch (decl.kind) {
    case 'const':
      return named(decl.name, SymbolKind.Constant);
    case 'param':
      return named(decl.name, SymbolKind.Property, [], decl.tunable ? 'tunable' : 'param');
    case 'enum':
      return named(decl.name, SymbolKind.Enum, fields(decl.members, SymbolKind.EnumMember));
    case 'table':
      return named(decl.name, SymbolKind.Object, [], 'table');
    case 'shared': {
      const { direction, span } = decl;
      const below = fields(decl.fields, SymbolKind.Field);
      return [symbol(snapshot, `shared ${direction.text}`, SymbolKind.Struct, span, direction.span, below)];
    }
    case 'state': {
      const name = decl.scope ? `state ${decl.scope.text}` : 'state';
      const at = decl.scope?.span ?? head(decl.span, name);
      return [
        symbol(snapshot, name, SymbolKind.Struct, decl.span, at, fields(decl.fields, SymbolKind.Field)),
      ];
    }
    case 'counter':
    case 'histogram':
      return named(decl.name, SymbolKind.Number, [], decl.kind);
    case 'dsq':
      return named(decl.name, SymbolKind.Array, [], 'dsq');
    case 'fn':
      return named(decl.name, SymbolKind.Function);
    case 'hook': {
      const at = decl.hook.name?.span ?? decl.hook.span;
      return [symbol(snapshot, hookTitle(decl.hook), SymbolKind.Event, decl.span, at)];
    }
    case 'every': {
      const period = snapshot.text.slice(decl.period.span.start, decl.period.span.end);
      return [symbol(snapshot, `every ${period}`, SymbolKind.Event, decl.span, decl.period.span)];
    }
    case 'guest': {
      const below = decl.decls.flatMap((inner) => outline(snapshot, inner));
      return [symbol(snapshot, 'guest', SymbolKind.Namespace, decl.span, head(decl.span, 'guest'), below)];
    }
    case 'invariant':
      return named(decl.name, SymbolKind.Boolean, [], 'invariant');
    case 'scenario':
      return named(decl.name, SymbolKind.Class, [], 'scenario');
    case 'error-decl':
      return [];
  }
}

/** `sched:sched_switch`, `pvsched vmexit`, `op enqueue`, `init` */
export function hookTitle({ family, system, name }: HookRef): string {
  if (!name) return family;
  return family === 'tracepoint' ? `${system?.text ?? ''}:${name.text}` : `${family} ${name.text}`;
}

/** The words that a declaration without a name of its own starts with. */
const head = ({ start, end }: Span, word: string): Span => ({
  start,
  end: Math.min(end, start + word.length),
});

/** LSP requires a name, and that the selection lies within the range. */
function symbol(
  snapshot: Snapshot,
  name: string,
  kind: SymbolKind,
  whole: Span,
  at: Span,
  children: readonly DocumentSymbol[] = [],
  detail = '',
): DocumentSymbol {
  const inside = whole.start <= at.start && at.end <= whole.end ? at : whole;
  return {
    name: name === '' ? '(unnamed)' : name,
    kind,
    detail,
    range: toRange(snapshot, whole),
    selectionRange: toRange(snapshot, inside),
    children: [...children],
  };
}
