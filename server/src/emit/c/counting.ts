import type { Expr, Stmt } from '../../ir/ir.ts';
import { hoist, type Body } from './body.ts';
import { elementText, storedText } from './collections.ts';
import { cType, declare } from './ctypes.ts';
import { exprText } from './expressions.ts';
import { ownerText } from './owners.ts';
import { keptPer, lookUp, statsKey } from './lookups.ts';
import { instanceC } from './places.ts';
import { isSigned, nameFor, stateField } from './state.ts';
import { statsTag } from './stats.ts';
import { helper } from './unit.ts';
import { acts } from './walk.ts';

type Stat = Stmt & { kind: 'count' | 'record' };

/** Counts or records for whom it is kept; the numbers of one are looked up once a block. */
export function statText(body: Body, stmt: Stat): string {
  const { unit } = body;
  const per = keptPer(unit.program, stmt);
  unit.features.add(`stats ${per}`);
  unit.features.add(`counts ${per}`);
  const { entity } = stmt;
  const stats = lookUp(body, statsKey(per, entity), entity, {
    type: `struct ${statsTag(per)}`,
    name: variableFor(entity, per),
    call: `pv_${statsTag(per)}(${ownerText(body, per, entity)})`,
  });
  const [add, name] =
    stmt.kind === 'count' ? (['pv_count', stmt.counter] as const) : (['pv_sample', stmt.histogram] as const);
  return `${helper(unit, add)}(${stats}, ${unit.fields.counter.name(name)}, ${amountText(body, stmt)});`;
}

function variableFor(entity: Expr | undefined, per: string): string {
  if (entity === undefined) return 'stats';
  return nameFor(entity, entity.kind === 'local' ? 'counts' : `${per}_counts`);
}

function amountText(body: Body, stmt: Stat): string {
  const value = stmt.kind === 'count' ? stmt.amount : stmt.value;
  // What the value does is done where there is no room for the number, too.
  return acts(value)
    ? hoist(body, 'value', (name) => `${declare(cType(value.type), name)} = ${exprText(body, value)};`)
    : exprText(body, value);
}

/** A statement that changes a list, a ring or an average. */
export function collectText(body: Body, stmt: Stmt & { kind: 'collect' }): string {
  const { unit } = body;
  const { instance } = stmt;
  const field = `${instanceC(body, instance)}${unit.fields[instance.scope].name(stmt.field)}`;
  const change = changeText(body, stmt, field);
  return stmt.shared ? `${helper(unit, 'pv_change')}(&${field}, ${change});` : `${change};`;
}

/** The change of the list, ring or average alone. What it is changed by is computed before, as other changes may be. */
function changeText(body: Body, stmt: Stmt & { kind: 'collect' }, field: string): string {
  const { unit } = body;
  const { type } = stateField(unit, stmt.instance.scope, stmt.field);
  if (stmt.op === 'clear') return `${field}.len = 0`;
  if (stmt.value === undefined) throw new Error(`${stmt.op} of nothing`);
  const by = (text: string): string =>
    stmt.shared && text.includes('(') ? hoist(body, 'by', (name) => `u64 ${name} = ${text};`) : text;
  if (type.kind === 'ewma') {
    const update = helper(unit, isSigned(type.type) ? 'pv_saverage' : 'pv_average');
    return `${update}(&${field}, ${by(storedText(body, stmt.value))}, ${type.alpha})`;
  }
  const name = type.kind === 'ring' ? 'pv_ring_push' : stmt.op === 'push' ? 'pv_list_push' : 'pv_list_remove';
  return `${helper(unit, name)}(&${field}, ${by(elementText(body, stmt.value))})`;
}
