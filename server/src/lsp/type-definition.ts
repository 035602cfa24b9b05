import type { Position, Range } from 'vscode-languageserver';
import type { Ident } from '../../../grammar/ast.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Symbol } from '../semantics/model.ts';
import type { Type } from '../semantics/types.ts';
import { toOffset, toRange } from './convert.ts';
import { occurrenceAt } from './occurrences.ts';

/**
 * Where the type of the name at `position` is declared: an enum, or the `state` in which the policy keeps what it knows of
 * each vCPU, VM, task or CPU. undefined for the other types, which the language brings.
 */
export function typeDefinition(snapshot: Snapshot, position: Position): Range | undefined {
  const found = occurrenceAt(snapshot.model, toOffset(snapshot, position));
  const type = found && typeOf(found.symbol);
  const ident = type && declarationOf(snapshot, type);
  return ident && toRange(snapshot, ident.span);
}

function typeOf(symbol: Symbol): Type | undefined {
  switch (symbol.kind) {
    case 'fn':
      return symbol.result;
    case 'table':
      return symbol.value;
    case 'kernel-field':
      return symbol.field.type;
    case 'enum':
      return { kind: 'enum', name: symbol.decl.name.text };
    case 'enum-member':
      return { kind: 'enum', name: symbol.enum.name.text };
    default:
      return 'type' in symbol ? symbol.type : undefined;
  }
}

function declarationOf(snapshot: Snapshot, type: Type): Ident | undefined {
  switch (type.kind) {
    case 'optional':
      return declarationOf(snapshot, type.inner);
    case 'list':
    case 'ring':
    case 'ewma':
    case 'sequence':
      return declarationOf(snapshot, type.of);
    case 'enum':
      return snapshot.file.decls.flatMap((decl) =>
        decl.kind === 'enum' && decl.name.text === type.name ? [decl.name] : [],
      )[0];
    case 'shared':
      return snapshot.file.decls.flatMap((decl) =>
        decl.kind === 'shared' && decl.direction.text === type.direction ? [decl.direction] : [],
      )[0];
    default:
      for (const decl of snapshot.file.decls)
        if (decl.kind === 'state' && decl.scope?.text === type.kind) return decl.scope;
      return undefined;
  }
}
