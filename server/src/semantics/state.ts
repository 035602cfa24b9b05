import type { Decl, Field, Ident, SharedDecl, StateDecl } from '../../../grammar/ast.ts';
import { MEMBERS, NAMES } from './builtins.ts';
import { builtinSymbol, report, type Context, type Side } from './context.ts';
import type { Scope, Symbol } from './model.ts';
import { scopeWord } from './symbols.ts';
import { typeOf } from './type-refs.ts';

/** Finds the pages that host and guest share: one a direction. */
export function sharedBlocks(cx: Context): void {
  for (const decl of cx.file.decls) {
    if (decl.kind !== 'shared') continue;
    const direction = decl.direction.text;
    if (direction !== 'hint' && direction !== 'feedback') continue;
    nameDirection(cx, decl.direction, direction);
    const first = cx.shared[direction];
    if (first === undefined) cx.shared[direction] = { decl, fields: new Map() };
    else {
      const related = [{ message: 'the first block', span: first.decl.direction.span }];
      report(
        cx,
        'PV2015',
        decl.direction.span,
        { what: `shared ${direction}`, way: 'put the fields together' },
        { related },
      );
    }
  }
}

function nameDirection(cx: Context, ident: Ident, direction: 'hint' | 'feedback'): void {
  const info = NAMES.find((n) => n.name === direction);
  if (info === undefined) return;
  cx.names.set(
    ident,
    builtinSymbol(cx, `builtin-name ${direction}`, () => ({ kind: 'builtin-name', ...info })),
  );
}

/** One block a scope: whoever looks for the state of a vCPU finds it in one place. */
export function stateBlocks(cx: Context, decls: readonly Decl[]): void {
  const first = new Map<string, StateDecl>();
  for (const decl of decls) {
    if (decl.kind === 'guest') stateBlocks(cx, decl.decls);
    if (decl.kind !== 'state') continue;
    const scope = decl.scope?.text ?? '';
    const other = first.get(scope);
    if (other === undefined) {
      first.set(scope, decl);
      continue;
    }
    const what = scope === '' ? 'state' : `state ${scope}`;
    const span = decl.scope?.span ?? { start: decl.span.start, end: decl.span.start + 'state'.length };
    const related = [
      {
        message: 'the first block',
        span: other.scope?.span ?? { start: other.span.start, end: other.span.start + 'state'.length },
      },
    ];
    report(cx, 'PV2015', span, { what, way: 'put the fields together' }, { related });
  }
}

/** Enters the fields of state that belongs to entities. Their types need the names that `collect` has registered. */
export function collectState(cx: Context, decls: readonly Decl[], side: Side): void {
  for (const decl of decls) {
    if (decl.kind === 'guest') collectState(cx, decl.decls, 'guest');
    if (decl.kind !== 'state' || decl.scope === undefined) continue;
    const scope = scopeWord(cx, side, decl.scope);
    for (const field of decl.fields) stateField(cx, side, scope, decl, field);
  }
}

/** Enters the fields of the pages that host and guest share. */
export function collectShared(cx: Context, decl: SharedDecl): void {
  const direction = decl.direction.text;
  const page = direction === 'hint' || direction === 'feedback' ? cx.shared[direction] : undefined;
  for (const field of decl.fields) {
    const type = typeOf(cx, 'host', field.type, 'shared');
    cx.declared.set(field, type);
    const symbol = { kind: 'shared-field', decl: field, shared: decl, type } as const;
    cx.names.set(field.name, symbol);
    const name = field.name.text;
    if (page === undefined || name === '') continue;
    const first = page.fields.get(name);
    if (first === undefined) page.fields.set(name, symbol);
    else fieldTwice(cx, field, `shared ${direction}`, first.decl);
  }
}

function fieldTwice(cx: Context, field: Field, block: string, first: Field): void {
  const related = [{ message: 'first declared here', span: first.name.span }];
  report(
    cx,
    'PV2002',
    field.name.span,
    { name: field.name.text, what: `a field of '${block}'` },
    { related },
  );
}

/** Enters the fields of the global state, whose names are among those of the other declarations. */
export function globalState(
  cx: Context,
  decl: StateDecl,
  side: Side,
  enter: (ident: Ident, make: () => Symbol, node: Field) => void,
): void {
  for (const field of decl.fields) {
    enter(field.name, () => fieldSymbol(cx, side, 'global', decl, field), field);
  }
}

function fieldSymbol(
  cx: Context,
  side: Side,
  scope: Scope,
  state: StateDecl,
  field: Field,
): Symbol & { readonly kind: 'state-field' } {
  const type = typeOf(cx, side, field.type, 'state');
  cx.declared.set(field, type);
  return { kind: 'state-field', decl: field, state, scope, type };
}

/** `scope` is undefined where the block belongs to something that there is not. */
function stateField(
  cx: Context,
  side: Side,
  scope: Exclude<Scope, 'global'> | undefined,
  decl: StateDecl,
  field: Field,
): void {
  const name = field.name.text;
  const symbol = fieldSymbol(cx, side, scope ?? 'global', decl, field);
  cx.names.set(field.name, symbol);
  if (name === '' || scope === undefined) return;
  const fields = cx[side].state[scope];
  const first = fields.get(name);
  if (first !== undefined) return fieldTwice(cx, field, `state ${scope}`, first.decl);
  if (MEMBERS.some((m) => m.of === scope && m.name === name)) {
    return report(cx, 'PV2003', field.name.span, { name, what: `a member that every ${scope} has` });
  }
  if (scope === 'task' && cx.kernel.field('task_struct', name) !== undefined) {
    report(cx, 'PV2019', field.name.span, { name, struct: 'task_struct' });
  }
  fields.set(name, symbol);
}
