import type * as ast from '../../../grammar/ast.ts';
import type { Model, Scope, Value } from '../semantics/model.ts';
import type {
  CounterDef,
  DsqDef,
  EnumDef,
  FieldDef,
  FieldType,
  HistogramDef,
  IrType,
  ParamDef,
  Program,
  StateDef,
  TableDef,
} from './ir.ts';
import { irType, wrap } from './types.ts';

type Declarations = Pick<
  Program,
  'enums' | 'params' | 'tables' | 'states' | 'hint' | 'feedback' | 'counters' | 'histograms' | 'dsqs'
>;

/** Lowers everything of the policy that is no code. */
export function lowerDeclarations(model: Model): Declarations {
  const host = model.file.decls.filter((decl) => decl.kind !== 'guest');
  const guest = model.file.decls.flatMap((decl) => (decl.kind === 'guest' ? decl.decls : []));
  const all = [...host, ...guest];
  const of = <K extends ast.Decl['kind']>(
    kind: K,
    decls: readonly ast.Decl[] = all,
  ): Extract<ast.Decl, { kind: K }>[] =>
    decls.filter((decl): decl is Extract<ast.Decl, { kind: K }> => decl.kind === kind);
  const shared = (direction: string): FieldDef[] =>
    of('shared')
      .filter((decl) => decl.direction.text === direction)
      .flatMap((decl) => decl.fields.map((field) => fieldDef(model, field)));
  return {
    enums: of('enum').map((decl) => enumDef(model, decl)),
    params: of('param').map((decl) => paramDef(model, decl)),
    tables: of('table').map((decl) => tableDef(model, decl)),
    states: [
      ...stateDefs(model, of('state', host), 'host'),
      ...stateDefs(model, of('state', guest), 'guest'),
    ],
    hint: shared('hint'),
    feedback: shared('feedback'),
    counters: of('counter').map(counterDef),
    histograms: of('histogram').map((decl) => histogramDef(model, decl)),
    dsqs: of('dsq').map(dsqDef),
  };
}

function constantOf(model: Model, expr: ast.Expr): Value {
  const value = model.constants.get(expr);
  if (value === undefined) throw new Error(`the value at ${expr.span.start} is not constant`);
  return value;
}

/** A constant as a value of `type`. */
function scalar(model: Model, expr: ast.Expr, type: IrType): bigint | boolean {
  const value = constantOf(model, expr);
  if (typeof value === 'string') throw new Error(`the text at ${expr.span.start} is no number`);
  if (type.kind === 'bool') return typeof value === 'boolean' ? value : value !== 0n;
  return wrap(typeof value === 'boolean' ? BigInt(value) : value, type);
}

function enumDef(model: Model, decl: ast.EnumDecl): EnumDef {
  const members = decl.members.map(({ name }) => {
    const symbol = model.names.get(name);
    if (symbol?.kind !== 'enum-member') throw new Error(`${name.text} has no value`);
    return { name: name.text, value: symbol.value };
  });
  return { name: decl.name.text, doc: decl.doc, members };
}

function paramDef(model: Model, decl: ast.ParamDecl): ParamDef {
  const declared = model.declared.get(decl);
  if (!declared) throw new Error(`no type for ${decl.name.text}`);
  const type = irType(declared);
  const bound = (expr: ast.Expr): bigint => BigInt(scalar(model, expr, type));
  return {
    name: decl.name.text,
    doc: decl.doc,
    type,
    value: scalar(model, decl.value, type),
    range: decl.range && { lo: bound(decl.range.lo), hi: bound(decl.range.hi) },
    tunable: decl.tunable,
    span: decl.span,
  };
}

function tableDef(model: Model, decl: ast.TableDecl): TableDef {
  const symbol = model.names.get(decl.name);
  if (symbol?.kind !== 'table') throw new Error(`${decl.name.text} is no table`);
  const { kind } = symbol.key;
  if (kind !== 'vm' && kind !== 'task' && kind !== 'cpu' && kind !== 'string') {
    throw new Error(`a table by ${kind}`);
  }
  const value = irType(symbol.value);
  return {
    name: decl.name.text,
    doc: decl.doc,
    key: kind,
    value,
    fallback: scalar(model, decl.fallback, value),
  };
}

/** Several blocks of one scope are one definition. */
function stateDefs(model: Model, decls: readonly ast.StateDecl[], side: 'host' | 'guest'): StateDef[] {
  const scopes = new Map<Scope, { docs: string[]; fields: FieldDef[] }>();
  for (const decl of decls) {
    const scope = scopeOf(decl.scope);
    const entry = scopes.get(scope) ?? { docs: [], fields: [] };
    scopes.set(scope, entry);
    if (decl.doc !== undefined) entry.docs.push(decl.doc);
    entry.fields.push(...decl.fields.map((field) => fieldDef(model, field)));
  }
  return [...scopes].map(([scope, { docs, fields }]) => ({
    scope,
    side,
    doc: docs.length > 0 ? docs.join('\n') : undefined,
    fields,
  }));
}

function scopeOf(ident: ast.Ident | undefined): Scope {
  if (!ident) return 'global';
  switch (ident.text) {
    case 'vcpu':
    case 'vm':
    case 'task':
    case 'cpu':
      return ident.text;
    default:
      throw new Error(`no scope ${ident.text}`);
  }
}

function fieldDef(model: Model, field: ast.Field): FieldDef {
  const type = model.declared.get(field);
  if (!type) throw new Error(`no type for ${field.name.text}`);
  return { name: field.name.text, doc: field.doc, type: fieldType(type) };
}

function fieldType(type: Parameters<typeof irType>[0]): FieldType {
  switch (type.kind) {
    case 'ewma':
      return { kind: 'ewma', type: irType(type.of), alpha: type.alpha };
    case 'list':
    case 'ring':
      return { kind: type.kind, type: irType(type.of), max: type.max };
    default:
      return { kind: 'scalar', type: irType(type) };
  }
}

function counterDef(decl: ast.CounterDecl): CounterDef {
  return { name: decl.name.text, doc: decl.doc, per: scopeOf(decl.per) };
}

function histogramDef(model: Model, decl: ast.HistogramDecl): HistogramDef {
  const type = model.declared.get(decl);
  if (!type) throw new Error(`no type for ${decl.name.text}`);
  return { name: decl.name.text, doc: decl.doc, per: scopeOf(decl.per), type: irType(type) };
}

function dsqDef(decl: ast.DsqDecl, index: number): DsqDef {
  return {
    name: decl.name.text,
    doc: decl.doc,
    order: decl.order?.text === 'vtime' ? 'vtime' : 'fifo',
    index,
  };
}
