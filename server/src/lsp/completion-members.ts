import { CompletionItemKind } from 'vscode-languageserver';
import type { EnumDecl, Expr } from '../../../grammar/ast.ts';
import { MEMBERS, METHODS, showSlot } from '../semantics/builtins.ts';
import type { Model, Scope, Symbol } from '../semantics/model.ts';
import { show, type Type } from '../semantics/types.ts';
import { builtinItem, plainItem, type Item } from './completion-items.ts';

/** What can follow the dot behind `object`. */
export function memberItems(model: Model, object: Expr): readonly Item[] {
  const named = object.kind === 'name' ? model.names.get(object.name) : undefined;
  if (named?.kind === 'enum') return enumItems(named.decl, '');
  const type = model.types.get(object);
  if (!type) return [];
  const state = stateFields(model, type);
  const builtin = MEMBERS.filter((member) => member.of === type.kind).map((member) =>
    plainItem(member.name, CompletionItemKind.Property, 'language', showSlot(member.type), member.doc),
  );
  const methods = METHODS.filter((method) => method.receiver === type.kind).map(builtinItem);
  const kernel = struct(type);
  const fields =
    kernel === undefined ? [] : model.kernel.fields(kernel).filter((field) => field.unreadable === undefined);
  return [
    ...state,
    ...builtin,
    ...methods,
    ...fields
      .filter((field) => !builtin.some(({ label }) => label === field.name))
      .map((field) => plainItem(field.name, CompletionItemKind.Field, 'kernel', show(field.type), field.doc)),
  ];
}

/** The members of an enum, as they are written behind `prefix`. */
export const enumItems = ({ name, members }: EnumDecl, prefix: string): readonly Item[] =>
  members.flatMap((member) =>
    member.name.text === ''
      ? []
      : [plainItem(prefix + member.name.text, CompletionItemKind.EnumMember, 'own', name.text, member.doc)],
  );

/** The kernel struct behind a type, whose fields a policy may read. */
function struct(type: Type): string | undefined {
  if (type.kind === 'task') return 'task_struct';
  return type.kind === 'struct' ? type.name : undefined;
}

/** Fields that the policy itself declared for the entity or the shared page. */
function stateFields(model: Model, type: Type): readonly Item[] {
  const own = (symbol: Symbol): boolean => {
    if (symbol.kind === 'state-field') return scopes(type).includes(symbol.scope);
    return (
      symbol.kind === 'shared-field' &&
      type.kind === 'shared' &&
      symbol.shared.direction.text === type.direction
    );
  };
  return [...new Set(model.names.values())].flatMap((symbol) =>
    (symbol.kind === 'state-field' || symbol.kind === 'shared-field') && own(symbol)
      ? [
          plainItem(
            symbol.decl.name.text,
            CompletionItemKind.Field,
            'own',
            show(symbol.type),
            symbol.decl.doc,
          ),
        ]
      : [],
  );
}

/** A vCPU is a task too: the state of either is at hand. */
function scopes({ kind }: Type): readonly Scope[] {
  switch (kind) {
    case 'vcpu':
      return ['vcpu', 'task'];
    case 'vm':
    case 'task':
    case 'cpu':
      return [kind];
    default:
      return [];
  }
}
